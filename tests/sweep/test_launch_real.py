"""Real training through real Ray: a sweep that was killed has the very numbers of one that was not."""

from __future__ import annotations

import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from sweep.launch import launch
from sweep.ledger import read_done
from sweep.paths import SweepPaths
from sweep.progress import read_all_progress
from sweep.result_schema import OUTCOME_COLUMNS, POINT_COLUMNS
from sweep.workload import REAL
from tests.sweep.driver import Quiet, request_of
from tests.sweep.processes import LaunchProcess, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]

GRID: dict[str, object] = {"seeds": 2, "alphas": [0.1, 1.0], "steps": 1600, "eval_every": 400, "diagnostics_every": 200}
COLUMNS = [field.name for field in (*POINT_COLUMNS, *OUTCOME_COLUMNS)]


def test_a_killed_and_resumed_sweep_is_bitwise_that_of_an_undisturbed_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    calm, killed = SweepPaths(tmp_path / "calm"), SweepPaths(tmp_path / "killed")
    launch(request_of(calm.root, data, GRID, workload=REAL, inline=True, slots=2), Quiet())

    often: dict[str, object] = {"workload": REAL, "checkpoint_minutes": 0.005}
    with LaunchProcess(killed.root, data, GRID, **often) as first:
        wait_until(lambda: any(progress.step > 400 for progress in read_all_progress(killed.progress)))
        first.kill(*first.named("ray::ImplicitFunc.train"))
        wait_until(lambda: any(progress.resumed_step > 0 for progress in read_all_progress(killed.progress)))
        first.signal(signal.SIGKILL)
        first.wait()
    with LaunchProcess(killed.root, data, GRID, **often) as second:
        assert second.wait() == 0

    packs = {file.pack_id: file for file in read_done(calm).files}
    assert packs.keys() == {file.pack_id for file in read_done(killed).files}
    for file in read_done(killed).files:
        rows, expected = (
            pq.read_table(paths.pack_result(file.pack_id), columns=COLUMNS).to_pylist() for paths in (killed, calm)
        )
        assert repr(rows) == repr(expected), "NaN equals NaN, and every bit of the rest counts"
        weights = load_file(killed.pack_weights(file.pack_id, file.epoch, file.attempt))
        undisturbed = load_file(calm.pack_weights(file.pack_id, packs[file.pack_id].epoch, packs[file.pack_id].attempt))
        assert weights.keys() == undisturbed.keys()
        assert all(weights[name].equal(undisturbed[name]) for name in weights)
