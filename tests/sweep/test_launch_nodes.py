"""A Ray cluster of several nodes, each with a raylet of its own, on this machine: a node is lost while a sweep runs on it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ray.cluster_utils import Cluster

from sweep.attempts import read_attempts
from sweep.launch import launch
from sweep.ledger import read_done
from sweep.paths import SweepPaths
from sweep.progress import read_all_progress
from sweep.result_schema import OUTCOME_COLUMNS, POINT_COLUMNS
from sweep.workload import REAL
from tests.sweep.driver import Quiet, request_of
from tests.sweep.processes import LaunchProcess, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.xdist_group("ray")]

GRID: dict[str, object] = {"seeds": 3, "alphas": [0.1, 1.0], "steps": 1600, "eval_every": 400, "diagnostics_every": 200}
COLUMNS = [field.name for field in (*POINT_COLUMNS, *OUTCOME_COLUMNS)]
STORE_BYTES = 80 * 2**20


@pytest.fixture
def three_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head that trains nothing, and two workers with a CPU each."""
    # Which Ray is `auto` on this machine is none of a test's business.
    monkeypatch.setattr("ray._private.utils.write_ray_address", lambda *_, **__: None)
    monkeypatch.setattr("ray._common.utils.reset_ray_address", lambda *_, **__: None)
    directory = tempfile.mkdtemp(prefix="rs-")  # not pytest's: the paths of Ray's sockets may not be long
    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES, "temp_dir": directory, "include_dashboard": False}
    cluster = Cluster()
    try:
        cluster.add_node(**head)
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()
        shutil.rmtree(directory, ignore_errors=True)


def test_a_lost_node_costs_no_run_and_doubles_none(three_nodes: Cluster, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    calm, lost = SweepPaths(tmp_path / "calm"), SweepPaths(tmp_path / "lost")
    packing: dict[str, object] = {"slots": 2, "max_lanes": 2, "workload": REAL}
    launch(request_of(calm.root, data, GRID, inline=True, **packing), Quiet())

    on_nodes: dict[str, object] = {"address": three_nodes.address, "checkpoint_minutes": 0.005, "reuse_workers": True}
    with LaunchProcess(lost.root, data, GRID, **packing, **on_nodes) as process:
        wait_until(lambda: sum(progress.step > 400 for progress in read_all_progress(lost.progress)) == 2)
        victim = next(iter(three_nodes.worker_nodes))
        victim.kill_raylet(check_alive=False)
        assert process.wait() == 0

    expected, found = read_done(calm), read_done(lost)
    assert len(found.file_of) == 6
    assert found.file_of.keys() == expected.file_of.keys()
    assert not found.duplicates
    assert max(len(read_attempts(lost, file.pack_id)) for file in found.files) == 2, "no pack was on the lost node"
    assert not list(lost.failures.glob("*/*.json")), "a lost node was counted as a failure"
    for file in found.files:
        rows = [pq.read_table(paths.pack_result(file.pack_id), columns=COLUMNS).to_pylist() for paths in (lost, calm)]
        assert repr(rows[0]) == repr(rows[1]), "NaN equals NaN, and every bit of the rest counts"
