"""Makes the fixtures of a release: small sweeps as it left them on disk, and what it made of them in the end.

    python tests/releases/make.py PATH/TO/RELEASE/.venv/bin/recipe-sweep tests/releases/0.1.0

Each fixture is one archive: grid, cluster file, the sweep's directory (and store), and `expected/`. That holds the rows as
CSV, the report with hashes of its files, and a hash of each pack's kept weights; of a sweep that was killed, those of a twin
that was not. The data of all are one archive of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

MARK = "RECIPE_SWEEP_FIXTURE"
"""Environment variable that marks every process of a launch, so that all of them can be killed."""

NOT_KEPT = {"ray", "mlflow.db", "index", "report", "ray_results"}
"""What a sweep can make anew."""

READABLE = {".csv", ".md", ".tex", ".txt", ".json"}
"""Files of a report that are kept to read where one differs; of all others, the larger ones too, only the hash."""

CLUSTER = {"backend": "local", "cpus": 2, "gpus": 0, "threads": 1, "max_lanes": 16, "device": "cpu"}

AXES = {
    "source": "homegrown",
    "task": "simple_spread",
    "dataset": "expert",
    "dataset_seed": 0,
    "dataset_size": 2_200,
    "decomposition": ["cen", "mix", "vdn", "dec"],
    "value_learning": ["td", "sarsa", "iql"],
    "tau": 0.9,
    "extraction": ["brac", "awr"],
    "alpha": {"brac": [0.1, 1.0], "awr": 1.0},
    "critic_norm": {"mix": ["none", "svn"]},
    "actor_norm": ["none", "absmean"],
    "seed": [0, 1],
}
SETTINGS = {
    "steps": 40,
    "batch": 16,
    "hidden": [8, 8],
    "lr": 3e-3,
    "gamma": 0.99,
    "polyak": 0.005,
    "eval_every": 20,
    "eval_episodes": 2,
    "diagnostics_every": 10,
    "mixer_embed": 4,
    "mixer_hidden": 8,
}


class Maker:
    """A directory in which a release makes one sweep."""

    def __init__(self, command: str, name: str, grid: dict[str, Any], directory: Path, out: Path) -> None:
        self.command, self.name, self.here, self.out = command, name, directory, out
        self.sweep = directory / "sweep"
        directory.mkdir(parents=True)
        axes = {axis: values for axis, values in grid["axes"].items() if values is not None}
        self._write("grid.yaml", {"schema_version": 1, "name": name} | grid | {"axes": axes})
        self._write("cluster.yaml", CLUSTER)

    def run(self, *words: str) -> str:
        done = subprocess.run([self.command, *words], cwd=self.here, env=self._environment(), capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def launch(self, directory: str = "sweep", *words: str) -> None:
        self.run("launch", "grid.yaml", "--dir", directory, "--cluster", "cluster.yaml", "--no-mlflow", *words)

    def launch_and_kill(self, when: Callable[[], bool], *words: str) -> None:
        """Launch, and kill every process of it with SIGKILL once `when` says so."""
        command = [self.command, "launch", "grid.yaml", "--dir", "sweep", "--cluster", "cluster.yaml", "--no-mlflow", *words]
        launch = subprocess.Popen(command, cwd=self.here, env=self._environment(), stdout=subprocess.DEVNULL)
        while not when():
            if launch.poll() is not None:
                raise SystemExit(f"{self.name}: it ended before it could be killed")
            time.sleep(0.01)
        for pid in self._marked():
            os.kill(pid, signal.SIGKILL)
        launch.wait()
        while self._marked():
            time.sleep(0.1)

    def finished_packs(self) -> set[str]:
        return {path.stem for path in self.sweep.glob("results/*.parquet")}

    def is_in_the_middle(self) -> bool:
        """Whether some pack is done and another has a checkpoint."""
        done = self.finished_packs()
        begun = {path.parent.name for path in self.sweep.glob("checkpoints/*/step-*.json")}
        return bool(done) and bool(begun - done)

    def expect(self, directory: str) -> None:
        """Write what the release makes of a finished sweep."""
        expected = self.here / "expected"
        expected.mkdir()
        self.run("export", directory, "-o", "expected/runs.csv")
        self.run("report", directory, "--all", "-o", "expected/report")
        hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (expected / "report").iterdir()}
        (expected / "report.json").write_text(json.dumps(hashes, indent=0, sort_keys=True))
        for path in (expected / "report").iterdir():
            if path.suffix not in READABLE or path.stat().st_size > 50_000:
                path.unlink()
        (expected / "weights.json").write_text(json.dumps(weights(self.here / directory), indent=0, sort_keys=True))

    def pack(self) -> None:
        """Make the archive."""
        self.out.mkdir(parents=True, exist_ok=True)

        def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
            return None if NOT_KEPT & set(Path(member.name).parts[1:2]) else owned_by_root(member)

        with tarfile.open(self.out / f"{self.name}.tar.xz", "w:xz", preset=9) as archive:
            for name in ("grid.yaml", "cluster.yaml", "sweep", "store", "expected"):
                if (self.here / name).exists():
                    archive.add(self.here / name, name, filter=kept if name in ("sweep", "store") else owned_by_root)
        print(self.name, (self.out / f"{self.name}.tar.xz").stat().st_size)

    def _write(self, name: str, content: dict[str, object]) -> None:
        (self.here / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def _environment(self) -> dict[str, str]:
        ours = {"RECIPE_SWEEP_DATA": str(self.here.parent / "data"), "COLUMNS": "100", MARK: str(self.here)}
        often = {"RECIPE_SWEEP_STORE_EVERY_S": "0.2"}  # so that it is killed while some of it is stored
        return os.environ | ours | often

    def _marked(self) -> list[int]:
        marked = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.here}\0".encode() in (process / "environ").read_bytes():
                    marked.append(int(process.name))
            except OSError:
                continue
        return marked


def owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def weights(sweep: Path) -> dict[str, str]:
    """A hash of the kept arrays of each file of weights, by pack: names, shapes and bytes, without the file's own metadata."""
    found = {}
    for path in sorted(sweep.glob("weights/*.safetensors")):
        raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        header, body = json.loads(raw[8 : 8 + size]), raw[8 + size :]
        digest = hashlib.sha256()
        for name in sorted(set(header) - {"__metadata__"}):
            start, stop = header[name]["data_offsets"]
            digest.update(f"{name} {header[name]['dtype']} {header[name]['shape']}".encode() + body[start:stop])
        found[path.name.partition(".")[0]] = digest.hexdigest()
    return found


def machine() -> dict[str, object]:
    """What decides how sums are rounded here: the processor's vector instructions."""
    flags = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), "")
    return {"vector_instructions": sorted(flag for flag in flags.split() if flag.startswith(("avx", "fma", "amx")))}


def main(command: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "machine.json").write_text(json.dumps(machine(), indent=1) + "\n")
    with tempfile.TemporaryDirectory() as root:
        make_all(command, Path(root), out)


def make_all(command: str, root: Path, out: Path) -> None:
    def maker(name: str, grid: dict[str, Any]) -> Maker:
        return Maker(command, name, grid, root / name, out)

    finished = maker("finished", {"axes": AXES, "settings": SETTINGS})
    finished.launch()
    finished.expect("sweep")
    finished.pack()

    values = maker(
        "values",
        {"keep": "all", "axes": AXES | {"decomposition": "mix", "critic_norm": {"mix": "svn"}, "extraction": "awr",
         "alpha": {"awr": 1.0}, "actor_norm": "absmean", "seed": 0}, "settings": SETTINGS},
    )  # fmt: skip
    values.launch()
    values.expect("sweep")
    values.pack()

    game = maker(
        "game",
        {"keep": "all", "axes": AXES | {"task": "two_step", "dataset": "uniform", "decomposition": ["vdn", "mix"],
         "value_learning": "td", "tau": None, "extraction": "brac", "alpha": {"brac": 1.0}, "critic_norm": {"mix": "svn"},
         "actor_norm": "absmean"}, "settings": SETTINGS | {"eval_episodes": 1}},
    )  # fmt: skip
    game.launch()
    game.expect("sweep")
    game.pack()

    longer = SETTINGS | {"steps": 240, "eval_every": 40, "diagnostics_every": 40}
    fewer = AXES | {"critic_norm": {"mix": "svn"}, "actor_norm": "absmean"}
    killed = maker("killed", {"axes": fewer | {"decomposition": ["cen", "mix", "dec"]}, "settings": longer})
    killed.launch("twin")
    killed.launch_and_kill(killed.is_in_the_middle)
    killed.expect("twin")
    killed.pack()

    stored = maker(
        "stored", {"axes": fewer | {"decomposition": ["mix", "vdn"], "value_learning": ["td", "iql"]}, "settings": longer}
    )
    stored.launch("twin")
    address = f"file://{stored.here / 'store'}"

    def in_the_store() -> bool:
        done = {path.stem for path in (stored.here / "store").rglob("results/*.parquet")}
        return len(done) >= 1 and stored.is_in_the_middle()

    stored.launch_and_kill(in_the_store, "--store", address)
    stored.expect("twin")
    stored.pack()

    search = {
        "sampler": "tpe", "trials": 4, "batch": 2, "seed": 0, "alpha": {"brac": {"low": 0.01, "high": 100.0, "log": True}},
        "tau": {"low": 0.5, "high": 0.95}, "prune": {"below": 50.0, "after": 0.25, "trials": 2},
    }  # fmt: skip
    axes = {name: value for name, value in fewer.items() if name not in ("alpha", "tau")}
    searched = maker(
        "search",
        {"axes": axes | {"decomposition": "mix", "value_learning": ["sarsa", "iql"], "extraction": "brac"}, "search": search,
         "settings": longer},
    )  # fmt: skip
    searched.launch("twin")
    searched.launch_and_kill(lambda: (searched.sweep / "search" / "000002.json").exists() and searched.is_in_the_middle())
    searched.expect("twin")
    searched.pack()

    rehearsed = maker("rehearsal", {"axes": fewer, "settings": SETTINGS})
    rehearsed.run("rehearse", "grid.yaml", "--dir", "sweep", "--cluster", "cluster.yaml", "--no-mlflow")
    rehearsed.expect("sweep")
    rehearsed.pack()

    with tarfile.open(out / "data.tar.xz", "w:xz", preset=9) as archive:
        archive.add(root / "data", "data", filter=owned_by_root)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
