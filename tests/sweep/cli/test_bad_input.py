"""Every mistake a user can make on the command line: one clear text, exit code 2, no traceback, and nothing written."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.search_spaces.point import NUMERICS_VERSION
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from tests.sweep import stand_in

GRID = """
schema_version: 1
name: little
axes:
  source: homegrown
  task: simple_spread
  dataset: [expert]
  dataset_seed: 0
  dataset_size: 1000
  decomposition: [vdn]
  value_learning: [sarsa]
  extraction: [brac]
  alpha: {brac: [0.1, 1.0]}
  actor_norm: absmean
  seed: [0, 1]
settings: {steps: 40, eval_every: 10, diagnostics_every: 20, batch: 16, hidden: [8, 8]}
"""
INLINE = "backend: inline\n"
PUBLISHED = GRID.replace("homegrown", "og_marl").replace("  dataset_seed: 0\n  dataset_size: 1000\n", "")

Prepare = Callable[[Path], object]


class Mistake(NamedTuple):
    """A command, what is there before it, and what its complaint must say."""

    command: str
    says: tuple[str, ...]
    prepare: Prepare = lambda here: None


def file(name: str, content: str | bytes) -> Prepare:
    def write(here: Path) -> None:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def sweep_file(**changes: object) -> Prepare:
    content = {
        "schema_version": 1,
        "name": "little",
        "grid": {},
        "keep": "none",
        "data_root": "/nowhere",
        "created_at": "2026-01-01T00:00:00+00:00",
        "data_hashes": {},
        "numerics": NUMERICS_VERSION,
    }
    return file("sweeps/little/sweep.json", json.dumps(content | changes))


def both(*steps: Prepare) -> Prepare:
    return lambda here: [step(here) for step in steps]


MISTAKES = {
    "a grid that is not there": Mistake("plan nowhere.yaml", ("nowhere.yaml", "no such file or preset", "figure7")),
    "a preset misspelt": Mistake("plan figur7", ("figur7", "did you mean figure7?")),
    "a directory that is no sweep": Mistake("status .", ("without a sweep.json", "launched")),
    "a grid that is no text": Mistake("plan bad.yaml", ("bad.yaml", "UTF-8"), file("bad.yaml", b"\xff\xfe\x00")),
    "a grid that is no YAML": Mistake("plan bad.yaml", ("bad.yaml:4", "YAML"), file("bad.yaml", "a: 1\nb: 2\nc: [\n")),
    "an empty grid": Mistake("plan bad.yaml", ("bad.yaml", "empty"), file("bad.yaml", "")),
    "a grid with an unknown key": Mistake(
        "plan bad.yaml", ("bad.yaml:4", "axis", "axes"), file("bad.yaml", GRID.replace("axes:", "axis:"))
    ),
    "an override without a value": Mistake("plan little.yaml --set steps", ("--set steps", "KEY=VALUE")),
    "an override of an unknown key": Mistake("plan little.yaml --set stepz=1", ("stepz", "did you mean")),
    "an override with a value that cannot be": Mistake("plan little.yaml --set steps=-1", ("--set steps=-1", "-1")),
    "two bad overrides": Mistake("plan little.yaml --set nope=1 --set steps=x", ("nope", "steps=x", "2 problems")),
    "a filter without a value": Mistake("plan little.yaml --only seed", ("--only seed", "AXIS=VALUE")),
    "a filter on an unknown axis": Mistake("plan little.yaml --only sead=1", ("sead", "seed")),
    "a filter on a value nobody has": Mistake("launch little.yaml --only seed=7", ("seed", "7")),
    "filters that leave nothing": Mistake(
        "plan two.yaml --only decomposition=mix --only critic_norm=none",
        ("no point meets together",),
        file("two.yaml", GRID.replace("[vdn]", "[vdn, mix]").replace("actor_norm", "critic_norm: {mix: svn}\n  actor_norm")),
    ),
    "a cluster file that is not there": Mistake("plan little.yaml --cluster c.yaml", ("c.yaml", "no such file")),
    "a cluster file that is a directory": Mistake("plan little.yaml --cluster .", ("a directory",)),
    "a cluster of an unknown backend": Mistake(
        "plan little.yaml --cluster c.yaml",
        ("c.yaml:1", "backend", "locl", "did you mean local?"),
        file("c.yaml", "backend: locl\n"),
    ),
    "a cluster with an unknown key": Mistake(
        "plan little.yaml --cluster c.yaml",
        ("c.yaml:2", "gpu_per_pak", "did you mean gpu_per_pack?"),
        file("c.yaml", "cpus: 1\ngpu_per_pak: 1\n"),
    ),
    "several mistakes in a cluster file": Mistake(
        "plan little.yaml --cluster c.yaml",
        ("3 problems", "c.yaml:1", "c.yaml:2", "c.yaml:3", "at least 1", "auto"),
        file("c.yaml", "cpus: -1\nthreads: many\nmax_lanes: 0\n"),
    ),
    "a pack that is stuck before it begins": Mistake(
        "plan little.yaml --cluster c.yaml",
        ("c.yaml:1", "stuck_after_minutes", "none, or minutes, above 0", "2 problems", "c.yaml:2", "checkpoint_minutes"),
        file("c.yaml", "stuck_after_minutes: 0\ncheckpoint_minutes: none\n"),
    ),
    "a pack larger than the machine": Mistake(
        "plan little.yaml --cluster c.yaml",
        ("c.yaml:2", "cpus_per_pack", "4", "2 CPUs"),
        file("c.yaml", "cpus: 2\ncpus_per_pack: 4\n"),
    ),
    "a share of GPUs that are not there": Mistake(
        "plan little.yaml --cluster c.yaml",
        ("c.yaml:2", "gpu_per_pack", "0.5", "0 GPUs", "0 trains on CPUs"),
        file("c.yaml", "gpus: 0\ngpu_per_pack: 0.5\n"),
    ),
    "one and a half GPUs": Mistake(
        "plan little.yaml --cluster c.yaml", ("gpu_per_pack", "1.5", "whole number"), file("c.yaml", "gpu_per_pack: 1.5\n")
    ),
    "a Ray cluster without an address": Mistake(
        "plan little.yaml --cluster c.yaml", ("address", "slots", "2 problems"), file("c.yaml", "backend: ray\n")
    ),
    "a sweep directory that is a file": Mistake("launch little.yaml --dir here", ("here is a file",), file("here", "")),
    "a sweep directory inside a file": Mistake("launch little.yaml --dir here/sweep", ("here is a file",), file("here", "")),
    "a sweep directory full of other things": Mistake(
        "launch little.yaml --dir photos", ("photos", "other things"), file("photos/cat.jpg", "")
    ),
    "--dir beside a sweep directory": Mistake("status sweeps/little --dir x", ("--dir", "sweeps/little"), sweep_file()),
    "--set beside a sweep directory": Mistake(
        "launch sweeps/little --set seed=1", ("--set seed=1", "sweeps/little"), sweep_file()
    ),
    "a torn sweep.json": Mistake(
        "status sweeps/little", ("sweep.json", "restore"), file("sweeps/little/sweep.json", '{"name"')
    ),
    "a sweep of a newer version": Mistake("launch little.yaml", ("schema version 99",), sweep_file(schema_version=99)),
    "other weights to keep than before": Mistake("launch little.yaml --keep all", ("keep", "none", "all"), sweep_file()),
    "weights to keep that do not exist": Mistake("launch little.yaml --keep some", ("some", "actor")),
    "a torn results file": Mistake(
        "plan little.yaml",
        ("00ff00ff00ff00ff.parquet", "trains its runs again"),
        both(sweep_file(), file("sweeps/little/results/00ff00ff00ff00ff.parquet", "PAR1")),
    ),
    "published data that nobody has": Mistake("launch og.yaml", ("og_marl", "homegrown"), file("og.yaml", PUBLISHED)),
    "a data directory that is a file": Mistake("launch little.yaml --data here", ("here",), file("here", "")),
    "init onto a file that is there": Mistake("init little.yaml", ("little.yaml", "there already")),
    "init into a directory that is not": Mistake("init no/where.yaml", ("no/where.yaml",)),
    "init from an unknown preset": Mistake("init g.yaml --preset stater", ("stater", "did you mean starter?")),
    "export to a format nobody knows": Mistake("export little.yaml -o r.xlsx", (".xlsx", ".csv", ".parquet"), sweep_file()),
    "export of nothing": Mistake("export little.yaml -o r.csv", ("no finished run",), sweep_file()),
    "export of a sweep that never was": Mistake("export little.yaml -o r.csv", ("sweeps/little", "launch it first")),
    "the policy of an unknown run": Mistake("export little.yaml -o p.safetensors --policy zzz", ("zzz",), sweep_file()),
    "the policy of a run that is not done": Mistake(
        "export little.yaml -o p.safetensors --only seed=0 --only alpha=0.1 --policy e", ("not done",), sweep_file()
    ),
    "a policy in a format nobody knows": Mistake(
        "export little.yaml -o p.pt --policy {run}", (".pt", ".safetensors"), sweep_file()
    ),
    "an unknown run": Mistake("run little.yaml --run zzz", ("zzz", "4")),
    "a beginning of several ids": Mistake("run little.yaml --run ''", ("run ''",)),
    "no threads": Mistake("run little.yaml --threads 0", ("threads",)),
    "a report of nothing": Mistake("report little.yaml", ("sweeps/little",)),
    "MLflow for a sweep that never was": Mistake("mlflow little.yaml", ("sweeps/little", "launch it first")),
    "a doctor without a patient": Mistake("doctor little.yaml", ("sweeps/little", "launch it first")),
    "an unknown command": Mistake("lunch little.yaml", ("lunch",)),
    "an unknown option": Mistake("launch little.yaml --fast", ("--fast",)),
    "no grid": Mistake("launch", ("GRID",)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_clearly_and_nothing_is_written(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("RECIPE_SWEEP_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    mistake = MISTAKES[name]
    (tmp_path / "little.yaml").write_text(GRID)
    mistake.prepare(tmp_path)
    before = contents(tmp_path)

    result = CliRunner().invoke(app, arguments(mistake.command))

    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert "Traceback" not in result.output
    assert all(text in result.stderr for text in mistake.says), result.stderr
    assert contents(tmp_path) == before


def test_the_grid_of_these_tests_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    (tmp_path / "little.yaml").write_text(GRID)
    (tmp_path / "c.yaml").write_text(INLINE)
    (tmp_path / "data").mkdir()
    result = CliRunner().invoke(app, ["launch", "little.yaml", "--cluster", "c.yaml", "--no-mlflow", "--data", "data"])
    assert result.exit_code == ExitCode.OK, result.output


def arguments(command: str) -> list[str]:
    if "{run}" in command:
        command = command.replace("{run}", expand(read_grid("little.yaml")).points[0].run_id)
    if command.endswith("--policy e"):
        [point] = [point for point in expand(read_grid("little.yaml")).points if (point.seed, point.alpha) == (0, 0.1)]
        command = command[:-1] + point.run_id
    return shlex.split(command)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}
