"""What this machine has: the processors this process may use, and the GPUs, without importing torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
CGROUP_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


def usable_cpus() -> int:
    """Processors this process may run on: its affinity mask, and in a container also its quota."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(affinity, _quota() or affinity))


def visible_gpus() -> int:
    """NVIDIA devices this process may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len([name for name in chosen.split(",") if name.strip() not in ("", "-1")])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def memory_bytes() -> int:
    """Main memory that this process may use."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = CGROUP_MEMORY_LIMIT.read_text().strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole


def gpu_memory_bytes() -> int | None:
    """Memory of the smallest GPU, as NVIDIA's own tool tells it; None where it cannot be asked."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    question = [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
        return min(int(line) for line in answer.split()) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _quota() -> int | None:
    """Whole processors that the control group allows; None where it sets no limit."""
    try:
        quota, period = CGROUP_CPU_LIMIT.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
