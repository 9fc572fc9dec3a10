"""After a launch was killed, `status` says which, since when it is silent, what it was at, and how to go on."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recipe_sweep.sweep.files.paths import SweepPaths
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

PATHS = SweepPaths(Path("sweeps/little"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def killed(machine: str | None = None) -> None:
    """Leave behind what a launch leaves that was killed before it published anything."""
    call(*LAUNCH)
    shutil.rmtree(PATHS.results)
    [record] = PATHS.lease.glob("0*.json")
    content = json.loads(record.read_text())
    content["process"] |= {"pid": 2**22 + 7, "started": 1} | ({"machine": machine} if machine else {})
    record.write_text(json.dumps(content))
    for path in PATHS.lease.iterdir():
        if path.suffix not in (".json", ".heartbeat"):
            path.unlink()


def progress_of(pack_id: str, epoch: int) -> None:
    now = datetime.now(UTC)
    at = {"started_at": (now - timedelta(minutes=5)).isoformat(), "updated_at": now.isoformat()}
    curve = {"curve_step": [], "curve_return": [], "curve_return_std": []}
    runs = [{"run_id": "a", "config_id": "b", "point": "{}", "diverged_step": None} | curve]
    content = {"schema_version": 1, "pack_id": pack_id, "runs": runs, "step": 7, "steps": 40, "epoch": epoch, "resumed_step": 0}
    PATHS.progress.mkdir(exist_ok=True)
    (PATHS.progress / f"{pack_id}.json").write_text(json.dumps(content | {"scale_min": 0.0, "scale_max": 1.0} | at))


def test_a_launch_that_was_killed_is_named_with_the_way_on() -> None:
    killed()
    told = call("status", "little.yaml")
    assert "launch 1 of 20" in told
    assert "died without ending (pid 4194311 on " in told
    assert "last heard of at" in told
    assert "launch again" in told


def test_machines_are_told_the_same() -> None:
    killed()
    died = json.loads(call("status", "little.yaml", "--json"))["died"]
    assert died["epoch"] == 1
    assert died["pid"] == 4194311
    assert died["packs"] == 0
    assert "died without ending" in died["text"]


def test_a_launch_on_another_machine_whose_heart_stopped_is_named_too() -> None:
    killed(machine="another-machine")
    for path in PATHS.lease.glob("*.heartbeat"):
        path.unlink()
    told = call("status", "little.yaml")
    assert "died without ending" in told
    assert "last heard of" not in told


def test_a_launch_that_ended_or_has_nothing_left_to_do_is_no_dead_one() -> None:
    assert "died" not in call("status", "little.yaml")
    call(*LAUNCH)
    assert "died" not in call("status", "little.yaml")
    shutil.rmtree(PATHS.results)
    assert "died" not in call("status", "little.yaml"), "it gave its lease back"


def test_where_all_is_done_a_killed_launch_is_not_brought_up() -> None:
    call(*LAUNCH)
    for path in PATHS.lease.iterdir():
        if path.suffix not in (".json", ".heartbeat"):
            path.unlink()
    assert "died" not in call("status", "little.yaml")


@pytest.mark.parametrize(("epoch", "says"), [(1, "1 pack was being trained"), (9, "no pack was being trained")])
def test_the_packs_that_it_had_at_work_are_counted(epoch: int, says: str) -> None:
    killed()
    progress_of("0123456789abcdef", epoch)
    assert says in call("status", "little.yaml")


def test_the_next_launch_goes_on_and_is_not_taken_for_dead() -> None:
    killed()
    assert "trained 4 runs" in call(*LAUNCH)
    assert "died" not in call("status", "little.yaml")
