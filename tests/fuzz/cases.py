"""Inputs of the command line by a seed: half with one thing wrong, a tenth valid, the others with several mistakes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.mutations import NAMES, VALUES, spoil_file, spoil_text
from tests.sweep.cli.test_bad_input import GRID

SEARCH = (
    GRID.replace("alpha: {brac: [0.1, 1.0]}\n  ", "")
    + """
search:
  sampler: random
  trials: 2
  batch: 2
  alpha: {brac: {low: 0.01, high: 10.0, log: true}}
"""
)
INLINE = "backend: inline\nthreads: 1\nmax_lanes: 4\n"
CLUSTERS = {
    "inline": INLINE,
    "local": "backend: local\ncpus: 2\ngpus: 0\nthreads: 1\nmax_lanes: 8\ncheckpoint_minutes: 5\nstuck_after_minutes: 30\n",
    "ray": "backend: ray\naddress: 127.0.0.1:6379\nslots: 4\n",
    "slurm": "backend: slurm\ndirectory: /shared/project\nnodes: 2\ncpus_per_node: 8\nmemory_gb_per_node: 16\nhours: 2\n",
}
KEYS = (
    "name", "schema_version", "axes.seed", "axes.alpha.brac", "axes.decomposition", "axes.dataset_size", "axes.task",
    "settings.steps",
    "settings.batch", "settings.lr", "settings.hidden", "settings.gamma", "settings.eval_every", "search.trials",
    "search.alpha.brac.low",
    "seed", "steps", "lr", "nothing", "axes", "settings", "description",
)  # fmt: skip
AXES = ("seed", "alpha", "decomposition", "value_learning", "task", "dataset", "tau", "nothing", "critic_norm", "run_id")


class Kind(StrEnum):
    """What is spoilt."""

    GRID = "grid"
    OVERRIDE = "override"
    FILTER = "filter"
    CLUSTER = "cluster file"
    KEY = "store key"
    DIRECTORY = "sweep directory"
    OPTION = "option"


class Degree(StrEnum):
    """How much."""

    VALID = "valid"
    ONE = "one mistake"
    SEVERAL = "several mistakes"


class Case(NamedTuple):
    """A command and what was made for it in its directory."""

    kind: Kind
    degree: Degree
    words: tuple[str, ...]
    story: str


READING = (
    ("status",), ("status", "--json"), ("explain", "{run}"), ("logs", "--run", "{run}"), ("doctor",), ("report",),
    ("recommend",), ("export", "-o", "out.csv"), ("export", "-o", "out.parquet"), ("mlflow",), ("cancel",),
    ("replay", "{run}"), ("recommend", "-o", "next.yaml"),
)  # fmt: skip
PLANNING = (("plan",), ("plan", "--json"), ("launch",), ("rehearse",), ("run",), ("retry",))
OPTIONS = (
    ("launch", "--cluster"), ("launch", "--data"), ("launch", "--store"), ("launch", "--keep"), ("launch", "--dir"),
    ("run", "--device"), ("run", "--threads"), ("run", "--run"), ("run", "--curve"), ("rehearse", "--seconds-per-run"),
    ("status", "--dir"), ("report", "-o"), ("report", "--figure"), ("export", "-o"), ("export", "--policy"), ("explain", ""),
    ("logs", "--lines"), ("logs", "--attempt"), ("logs", "--pack"), ("init", "--preset"), ("best", "--beside"),
    ("recommend", "--budget"), ("recommend", "-o"), ("replay", "--sample"), ("replay", "--device"),
)  # fmt: skip


class Maker:
    """Makes cases in directories; `model` holds a finished sweep, `sweep`, and another one's store, `store`."""

    def __init__(self, model: Path, run_id: str, seed: int) -> None:
        self._model, self._run, self._seed = model, run_id, seed

    def make(self, number: int, home: Path) -> Case:
        """The case of a number, with its files in `home`, which is new."""
        chance = random.Random(f"{self._seed} {number}")
        degree = Degree.VALID if number % 10 == 0 else Degree.ONE if number % 2 else Degree.SEVERAL
        kind = list(Kind)[number // 2 % len(Kind)] if degree is not Degree.VALID else chance.choice(list(Kind))
        home.mkdir()
        (home / "grid.yaml").write_text(GRID)
        (home / "search.yaml").write_text(SEARCH)
        (home / "inline.yaml").write_text(INLINE)
        times = {Degree.VALID: 0, Degree.ONE: 1, Degree.SEVERAL: chance.randrange(2, 5)}[degree]
        makers: dict[Kind, Callable[[Path, int, random.Random], tuple[tuple[str, ...], str]]] = {
            Kind.GRID: self._grid,
            Kind.OVERRIDE: self._override,
            Kind.FILTER: self._filter,
            Kind.CLUSTER: self._cluster,
            Kind.KEY: self._key,
            Kind.DIRECTORY: self._directory,
            Kind.OPTION: self._option,
        }
        words, story = makers[kind](home, times, chance)
        return Case(kind, degree, words, story)

    def _planned(self, grid: str, times: int, chance: random.Random) -> tuple[str, ...]:
        command, *rest = chance.choice(PLANNING)
        if not times and command == "retry":
            command = "plan"  # Nothing was launched that could be tried again.
        if grid == "search.yaml" and command in ("run", "retry"):
            command, rest = "plan", []
        where = ("--cluster", "inline.yaml") if command != "run" else ()
        quiet = ("--no-mlflow",) if command in ("launch", "rehearse", "retry") else ()
        return (command, grid, *rest, *where, *quiet)

    def _grid(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        name = chance.choice(["grid.yaml", "search.yaml"])
        content = (home / name).read_bytes()
        for _ in range(times):
            content = spoil_text(content.decode("utf-8", "replace") or "\n", chance)
        (home / name).write_bytes(content)
        return self._planned(name, times, chance), f"{name}: {content[:3000]!r}"

    def _override(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        texts = [
            f"{chance.choice(KEYS)}{chance.choice(['=', '=', '=', '', '=='])}{chance.choice(VALUES)}" for _ in range(times)
        ]
        texts = [text.replace("\x00", "") for text in texts] or ["settings.lr=1e-3"]
        return (*self._planned("grid.yaml", times, chance), *(word for text in texts for word in ("--set", text))), ""

    def _filter(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        texts = [f"{chance.choice(AXES)}{chance.choice(['=', '=', ''])}{chance.choice(VALUES)}" for _ in range(times)]
        texts = [text.replace("\x00", "") for text in texts] or ["seed=0"]
        words = self._planned("grid.yaml", times, chance)
        return (*words, *(word for text in texts for word in ("--only", text))), ""

    def _cluster(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        backend = chance.choice(list(CLUSTERS))
        content = CLUSTERS[backend].encode()
        for _ in range(times):
            content = spoil_text(content.decode("utf-8", "replace") or "\n", chance)
        (home / "cluster.yaml").write_bytes(content)
        if backend == "slurm" or chance.random() < 0.5:
            return ("cluster", "validate", "cluster.yaml"), repr(content[:3000])
        return ("plan", "grid.yaml", "--cluster", "cluster.yaml"), repr(content[:3000])

    def _key(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        shutil.copytree(self._model / "store", home / "store", symlinks=True)
        made = []
        for _ in range(times):
            folder = chance.choice(
                ["results", "weights", "packs", "lease", "search", "failures", "attempts", "", "packs/x", "datasets"]
            )
            name = chance.choice(NAMES).replace("/", "\u2215").strip(".\n ") or "..x"
            path = home / "store" / folder / name[:250]
            path.parent.mkdir(parents=True, exist_ok=True)
            if chance.random() < 0.3 and not path.exists():
                path.symlink_to(chance.choice(["/etc/passwd", "..", "/nowhere"]))
            elif not path.exists():
                path.write_bytes(chance.choice([b"", b"{}", chance.randbytes(50)]))
            made.append(str(path))
        store = f"file://{home}/store"
        launch = ("launch", "grid.yaml", "--store", store, "--cluster", "inline.yaml", "--no-mlflow")
        words = chance.choice(
            [("status", store), ("report", store), ("export", store, "-o", "out.csv"), ("doctor", store), launch]
        )
        return words, repr(made)

    def _directory(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        shutil.copytree(self._model / "sweep", home / "sweep")
        files = sorted(path for path in (home / "sweep").rglob("*") if path.is_file())
        spoilt = [(path, spoil_file(path, chance)) for path in chance.sample(files, times)]
        story = repr([(str(path.relative_to(home)), how) for path, how in spoilt])
        if chance.random() < 0.25:
            command = chance.choice(["launch", "plan", "retry"])
            quiet = ("--no-mlflow",) if command != "plan" else ()
            return (command, "sweep", "--cluster", "inline.yaml", *quiet), story
        command, *rest = chance.choice(READING)
        return (command, "sweep", *(word.format(run=self._run) for word in rest)), story

    def _option(self, home: Path, times: int, chance: random.Random) -> tuple[tuple[str, ...], str]:
        shutil.copytree(self._model / "sweep", home / "sweep")
        if not times:
            command, *rest = chance.choice(READING)
            return (command, "sweep", *(word.format(run=self._run) for word in rest)), ""
        command, option = chance.choice(OPTIONS)
        value = chance.choice((*VALUES, *NAMES)).replace("\x00", "").replace("/dev/zero", "/dev/null")
        subject = {"init": (), "run": ("grid.yaml",), "launch": ("grid.yaml",), "rehearse": ("grid.yaml",)}.get(
            command, ("sweep",)
        )
        quiet = ("--no-mlflow", "--cluster", "inline.yaml") if command in ("launch", "rehearse") else ()
        return (command, *subject, *quiet, *([option] if option else []), value), ""
