"""Measures what this process uses of its machine, for those who watch a launch."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from recipe_sweep.sweep.files.progress_file import PackUsage

SHORTEST_S = 0.5
"""Time over which the use of processors is measured at least; the kernel counts in hundredths of a second."""


class UsageMeter:
    """Measures since it was last asked."""

    def __init__(self) -> None:
        self._at, self._cpu_s, self._cpus = time.monotonic(), time.process_time(), 0.0

    def read(self) -> PackUsage:
        """Return the processors in use since the last call, and the memory in use now."""
        now, cpu_s = time.monotonic(), time.process_time()
        if now - self._at >= SHORTEST_S:
            self._cpus = (cpu_s - self._cpu_s) / (now - self._at)
            self._at, self._cpu_s = now, cpu_s
        return PackUsage(self._cpus, _resident_bytes(), _gpu_bytes())


def _resident_bytes() -> int | None:
    """Read the resident memory; None if the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _gpu_bytes() -> int | None:
    """Read what PyTorch has reserved on the GPU; None if this process uses none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return int(torch.cuda.memory_reserved())
