from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

from recipe_sweep import cluster
from recipe_sweep.cluster import machine
from recipe_sweep.cluster.backends.local import LocalBackend, LocalFile
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.resources import GPU_SHARE_OF_A_PACK, slots_on
from recipe_sweep.sweep.clusters.machines import load_resources

SAMPLE = Path(cluster.__file__).parent / "local.yaml"


def test_the_sample_file_says_what_holds_without_one() -> None:
    assert load_resources(SAMPLE) == load_resources(None)


def test_the_sample_file_explains_every_key() -> None:
    lines = SAMPLE.read_text().splitlines()
    for key in LocalFile.model_fields:
        assert any(line.startswith(f"{key}:") for line in lines), f"{key} is missing in {SAMPLE.name}"


@pytest.mark.parametrize(
    ("cpus", "gpus", "cpus_per_pack", "gpu_per_pack", "slots"),
    [
        (8, 0, 1, 0.0, 8),
        (8, 0, 3, 0.0, 2),
        (8, 1, 1, 0.25, 4),
        (2, 1, 1, 0.25, 2),
        (8, 2, 1, 0.3, 6),  # three fit on each GPU; the rest of both makes no seventh
        (16, 4, 1, 1.0, 4),
        (16, 4, 1, 2.0, 2),
        (64, 1, 1, 0.1, 10),
    ],
)
def test_as_many_packs_run_at_once_as_fit(cpus: int, gpus: int, cpus_per_pack: int, gpu_per_pack: float, slots: int) -> None:
    assert slots_on(cpus, gpus, cpus_per_pack, gpu_per_pack) == slots


def test_a_pack_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(ClusterError, match="cpus_per_pack"):
        slots_on(2, 0, 4, 0.0)
    with pytest.raises(ClusterError, match="gpu_per_pack"):
        slots_on(8, 1, 1, 2.0)


def test_a_machine_with_gpus_needs_no_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    resources = LocalBackend(LocalFile(cpus=32)).resources()
    assert (resources.gpus, resources.gpu_per_pack, resources.slots) == (2, GPU_SHARE_OF_A_PACK, 8)


@pytest.mark.parametrize(("variable", "gpus"), [("", 0), ("-1", 0), ("0", 1), ("2,3", 2), ("GPU-abc", 1)])
def test_hidden_gpus_are_not_counted(monkeypatch: pytest.MonkeyPatch, variable: str, gpus: int) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert machine.visible_gpus() == gpus


@pytest.mark.parametrize(
    ("content", "limit"), [("max 100000", None), ("150000 100000", 1), ("50000 100000", 1), ("garbage", None)]
)
def test_a_containers_quota_limits_the_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, limit: int | None
) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(content)
    monkeypatch.setattr(machine, "CGROUP_CPU_LIMIT", tmp_path / "none")
    all_cpus = machine.usable_cpus()
    monkeypatch.setattr(machine, "CGROUP_CPU_LIMIT", quota)
    assert machine.usable_cpus() == (all_cpus if limit is None else min(limit, all_cpus))


def test_packs_are_as_large_as_their_share_of_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.memory_bytes", lambda: 24 * 10**9)
    file = tmp_path / "local.yaml"
    file.write_text("cpus: 2\ngpus: 0\n")
    room = load_resources(file).bytes_per_pack
    assert room is not None
    assert 2 * room < 24 * 10**9 < 4 * room
    assert load_resources(file).max_lanes == 128
    file.write_text("cpus: 2\ngpus: 0\nmax_lanes: 64\n")
    assert (load_resources(file).max_lanes, load_resources(file).bytes_per_pack) == (64, None)
    file.write_text("cpus: 2\ngpus: 0\nmax_lanes: 64\ngb_per_pack: 1.5\n")
    assert load_resources(file).bytes_per_pack == 1_500_000_000


def test_on_a_gpu_the_memory_is_that_of_the_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "local.yaml"
    file.write_text("cpus: 8\ngpus: 1\ngpu_per_pack: 0.5\n")
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.gpu_memory_bytes", lambda: 40 * 10**9)
    room = load_resources(file).bytes_per_pack
    assert room is not None
    assert 10**10 < room < 20 * 10**9
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.gpu_memory_bytes", lambda: None)
    assert load_resources(file).bytes_per_pack is None


def test_a_containers_memory_limit_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "CGROUP_MEMORY_LIMIT", limit)
    whole = machine.memory_bytes()
    for content, expected in (("max", whole), ("1000000", 1_000_000), (str(2 * whole), whole)):
        limit.write_text(content)
        assert machine.memory_bytes() == expected


def test_nvidias_tool_is_asked_for_the_memory_and_not_believed_blindly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for answer, expected in (("81559\n40960\n", 40960 * 2**20), ("no devices\n", None)):
        tool.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
        tool.chmod(0o755)
        assert machine.gpu_memory_bytes() == expected
    tool.write_text("#!/bin/sh\necho 'NVIDIA A10G'\necho 'NVIDIA L4'\n")
    assert machine.gpu_name() == "NVIDIA A10G"


def test_a_ray_cluster_is_taken_at_its_files_word(tmp_path: Path) -> None:
    file = tmp_path / "ray.yaml"
    file.write_text("backend: ray\naddress: auto\nslots: 12\ncpus_per_pack: 2\ngpu_per_pack: 0.5\n")
    resources = load_resources(file)
    assert (resources.address, resources.slots, resources.threads, resources.gpu_per_pack) == ("auto", 12, 2, 0.5)


def test_stuck_packs_are_killed_unless_the_file_says_never(tmp_path: Path) -> None:
    assert load_resources(None).stuck_after_minutes == 30
    file = tmp_path / "local.yaml"
    file.write_text("stuck_after_minutes: none\n")
    assert load_resources(file).stuck_after_minutes is None
    file.write_text("backend: inline\n")
    assert load_resources(file).stuck_after_minutes is None, "a debugger would be killed, and the launch with it"


def test_inline_runs_one_pack_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "inline.yaml"
    file.write_text("backend: inline\nmax_lanes: 4\n")
    resources = load_resources(file)
    assert (resources.inline, resources.slots, resources.max_lanes) == (True, 1, 4)


@pytest.mark.parametrize(
    ("line", "version"),
    [("cuda: Optional[str] = '12.8'", "12.8"), ("cuda = '11.8'", "11.8"), ("cuda: Optional[str] = None", ""), ("", "")],
)
def test_the_build_of_pytorch_is_taken_for_another(
    line: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "version.py").write_text(f"__version__ = '2.13.0'\n{line}\nhip: Optional[str] = '6.0'\n")
    spec = importlib.machinery.ModuleSpec("torch", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert machine.torch_cuda() == version
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert machine.torch_cuda() is None
