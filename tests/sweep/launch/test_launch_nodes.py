"""A Ray cluster of several nodes, each with a raylet of its own, on this machine: a node is lost while a sweep runs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recipe_sweep.cluster.spot_notice import ENDPOINT_VARIABLE
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.launch.launch import launch
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.schema import OUTCOME_COLUMNS, POINT_COLUMNS
from tests.cluster.metadata_server import metadata_server
from tests.sweep.driver import Quiet, request_of
from tests.sweep.nodes import Nodes, ray_nodes
from tests.sweep.processes import LaunchProcess, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.xdist_group("ray")]

GRID: dict[str, object] = {"seeds": 3, "alphas": [0.1, 1.0], "steps": 1600, "eval_every": 400, "diagnostics_every": 200}
LONGER = GRID | {"steps": 3200, "eval_every": 800}
"""Every pack trains for more than twice as long as a notice takes to be heard (`recipe_sweep.cluster.spot_notice.POLL_S`)."""
COLUMNS = [field.name for field in (*POINT_COLUMNS, *OUTCOME_COLUMNS)]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENDPOINT_VARIABLE, "http://127.0.0.1:9")  # Nothing listens there.
        with ray_nodes() as nodes:
            yield nodes


def test_a_lost_node_costs_no_run_and_doubles_none(nodes: Nodes, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    calm, lost = SweepPaths(tmp_path / "calm"), SweepPaths(tmp_path / "lost")
    packing: dict[str, object] = {"slots": 2, "max_lanes": 2, "workload": REAL}
    launch(request_of(calm.root, data, GRID, inline=True, **packing), Quiet())

    on_nodes: dict[str, object] = {"address": nodes.address, "checkpoint_minutes": 0.005, "reuse_workers": True}
    with LaunchProcess(lost.root, data, GRID, **packing, **on_nodes) as process:
        wait_until(lambda: sum(progress.step > 400 for progress in read_all_progress(lost.progress)) == 2)
        nodes.kill(nodes.any_worker_node())
        assert process.wait() == 0

    found = read_done(lost)
    assert len(found.file_of) == 6
    assert not found.duplicates
    assert max(len(read_attempts(lost, file.pack_id)) for file in found.files) == 2, "no pack was on the lost node"
    assert not list(lost.failures.glob("*/*.json")), "a lost node was counted as a failure"
    assert_same_rows(lost, calm)


def test_a_spot_node_that_has_its_notice_is_left_at_once_and_for_good(nodes: Nodes, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    calm, drained = SweepPaths(tmp_path / "calm"), SweepPaths(tmp_path / "drained")
    packing: dict[str, object] = {"slots": 2, "max_lanes": 2, "workload": REAL}
    launch(request_of(calm.root, data, LONGER, inline=True, **packing), Quiet())

    on_nodes: dict[str, object] = {"address": nodes.address, "spot_notice": True, "reuse_workers": True}
    with metadata_server() as machine:
        nodes.add(**{ENDPOINT_VARIABLE: machine.endpoint})
        with LaunchProcess(drained.root, data, LONGER, **packing, **on_nodes) as process:
            wait_until(lambda: sum(progress.step > 400 for progress in read_all_progress(drained.progress)) == 2)
            machine.give_notice()
            assert process.wait() == 0
    ends = [attempt.end for file in read_done(drained).files for attempt in read_attempts(drained, file.pack_id)]
    assert sorted(ends) == [AttemptEnd.DRAINED, *[AttemptEnd.PUBLISHED] * 3], "each further start there would be drained again"
    assert not list(drained.failures.glob("*/*.json"))
    assert_same_rows(drained, calm)


def assert_same_rows(paths: SweepPaths, calm: SweepPaths) -> None:
    assert read_done(paths).file_of.keys() == read_done(calm).file_of.keys()
    for file in read_done(paths).files:
        rows = [pq.read_table(each.pack_result(file.pack_id), columns=COLUMNS).to_pylist() for each in (paths, calm)]
        assert repr(rows[0]) == repr(rows[1]), "NaN equals NaN, and every bit of the rest counts"
