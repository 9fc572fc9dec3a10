"""Memory of a step is kept for the next: no page is asked of the operating system twice."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from trainers.allocator import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
def step():
    graph = [torch.ones(1_000_000) for _ in range(30)]  # as large as what a loss keeps, freed at once
    del graph
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_a_step_reuses_the_pages_of_the_one_before() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    faults = {
        how: int(
            subprocess.run(
                [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, env=environment
            ).stdout
        )
        for how in ("default", "kept")
    }
    assert faults["default"] > 10_000, "otherwise there is nothing to keep, and this module can go"
    assert faults["kept"] < faults["default"] / 10, faults
