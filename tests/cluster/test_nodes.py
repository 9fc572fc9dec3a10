from __future__ import annotations

import pytest

from recipe_sweep.cluster.backends.slurm import SlurmBackend, SlurmFile
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.schema import ClusterFile

CPUS = Node(cpus=16, gpus=0, memory_gb=64)
GPUS = Node(cpus=16, gpus=2, memory_gb=64, gpu_memory_gb=24)


def test_a_node_without_gpus_holds_as_many_packs_as_it_has_cpus() -> None:
    resources = resources_of(ClusterFile(cpus_per_pack=3), [CPUS, CPUS])
    assert (resources.slots, resources.cpus, resources.gpu_per_pack, resources.threads) == (10, 32, 0.0, 3)


def test_packs_never_span_two_nodes() -> None:
    assert resources_of(ClusterFile(cpus_per_pack=9), [CPUS] * 4).slots == 4
    with pytest.raises(ClusterError, match="cpus_per_pack"):
        resources_of(ClusterFile(cpus_per_pack=17), [CPUS] * 4)


def test_a_gpu_is_shared_by_four_packs_unless_the_file_says_otherwise() -> None:
    assert resources_of(ClusterFile(), [GPUS]).slots == 8
    assert resources_of(ClusterFile(gpu_per_pack=1.0), [GPUS]).slots == 2


def test_asking_for_the_cpu_leaves_gpus_alone() -> None:
    resources = resources_of(ClusterFile(device="cpu"), [GPUS])
    assert (resources.gpu_per_pack, resources.slots) == (0.0, 16)


def test_packs_fit_the_smallest_memory() -> None:
    small = Node(cpus=16, gpus=0, memory_gb=32)
    room = resources_of(ClusterFile(), [small]).bytes_per_pack
    assert room is not None
    assert resources_of(ClusterFile(), [CPUS, small]).bytes_per_pack == room
    assert 16 * room < 32e9


def test_on_gpus_it_is_the_memory_of_the_gpu_that_counts() -> None:
    room = resources_of(ClusterFile(), [GPUS]).bytes_per_pack
    assert room is not None
    assert 2.4e9 < room < 6e9  # a quarter of 24 GB, less what PyTorch takes for itself


def test_a_file_that_states_the_memory_of_its_gpus_has_packs_that_fit_them() -> None:
    stated = {
        "backend": "slurm",
        "directory": "/x",
        "nodes": 1,
        "cpus_per_node": 8,
        "gpus_per_node": 1,
        "memory_gb_per_node": 64,
    }
    file = SlurmFile.model_validate(stated | {"hours": 1, "gpu_memory_gb": 24})
    assert SlurmBackend(file).resources().bytes_per_pack == resources_of(ClusterFile(), [GPUS]).bytes_per_pack


def test_memory_that_nobody_stated_sets_no_bound() -> None:
    assert resources_of(ClusterFile(), [Node(16, 1, 64)]).bytes_per_pack is None
    assert resources_of(ClusterFile(max_lanes=8), [CPUS]).bytes_per_pack is None
    assert resources_of(ClusterFile(gb_per_pack=2), [CPUS]).bytes_per_pack == 2_000_000_000
