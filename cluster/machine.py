"""What this machine has: the processors this process may use, and the GPUs, without importing torch."""

from __future__ import annotations

import os
import platform
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
    try:
        return min(int(line) for line in _ask_gpus("memory.total")) * 2**20
    except ValueError:
        return None


def gpu_name() -> str | None:
    """Model of the first GPU, as NVIDIA's own tool names it; None where it cannot be asked."""
    return next(iter(_ask_gpus("name")), None)


def processor_name() -> str:
    """Model of the processor, as Linux names it; elsewhere the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _ask_gpus(what: str) -> list[str]:
    """One answer per GPU; none where NVIDIA's tool is not there or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    question = [tool, f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.splitlines() if line.strip()]


def _quota() -> int | None:
    """Whole processors that the control group allows; None where it sets no limit."""
    try:
        quota, period = CGROUP_CPU_LIMIT.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
