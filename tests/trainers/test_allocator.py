"""Memory of a step is kept for the next: fewer pages are asked of the operating system again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from recipe_sweep.trainers.allocator import ALLOCATOR, keep_memory

PROGRAM = """
import resource
import torch
def step():
    graph = [torch.ones(12_000_000) for _ in range(2)]  # blocks as large as those of a pack at the paper's size
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_a_step_reuses_the_pages_of_the_one_before() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    faults = [
        int(subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment).stdout)
        for environment in (plain, plain | ALLOCATOR)
    ]
    assert faults[0] > 10_000, "otherwise there is nothing to keep, and this module can go"
    assert faults[1] < 0.8 * faults[0]


def test_a_running_process_can_be_told_as_well() -> None:
    keep_memory()
    keep_memory()
