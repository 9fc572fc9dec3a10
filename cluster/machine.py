"""What this machine has: the processors that this process may use, and the GPUs. It does not import torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (Ray uses it)
CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
CGROUP_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


def usable_cpus() -> int:
    """Count the processors that this process may run on.

    Its affinity mask limits them; in a container the quota does so, too.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(affinity, _quota() or affinity))


def visible_gpus() -> int:
    """Count the NVIDIA devices that this process may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len([name for name in chosen.split(",") if name.strip() not in ("", "-1")])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def memory_bytes() -> int:
    """Return the main memory that this process may use, in bytes."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = CGROUP_MEMORY_LIMIT.read_text().strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole


def available_memory_bytes() -> int:
    """Return the main memory that is free for this process, in bytes: what Linux calls available, within its limit."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return memory_bytes()
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), memory_bytes())
    return min(free, memory_bytes())


def torch_cuda() -> str | None:
    """Return the version of CUDA that the installed PyTorch is built for: empty for none, None without PyTorch.

    It reads a small file of PyTorch, because importing it takes seconds.
    """
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    try:
        text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    version = re.search(r"^cuda\b[^=\n]*= *'([\d.]+)'", text, flags=re.MULTILINE)
    return version[1] if version else ""


def gpu_memory_bytes() -> int | None:
    """Ask NVIDIA's tool for the memory of the smallest GPU, in bytes; None if the tool does not answer."""
    try:
        return min(int(line) for line in _ask_gpus("memory.total")) * 2**20
    except ValueError:
        return None


def gpu_name() -> str | None:
    """Ask NVIDIA's tool for the model of the first GPU; None if the tool does not answer."""
    return next(iter(_ask_gpus("name")), None)


def processor_name() -> str:
    """Return the model of the processor, as Linux names it. Other systems give the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def vector_unit() -> str:
    """Name the widest vectors of numbers that the processor computes with; empty if they are none of those we know."""
    if platform.machine() in ("aarch64", "arm64"):
        return "NEON"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    flags = next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
    return next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "")


def _ask_gpus(what: str) -> list[str]:
    """Ask NVIDIA's tool for one answer per GPU. There is no answer if the tool is missing or fails."""
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
    """Read how many whole processors the control group allows; None if it sets no limit."""
    try:
        quota, period = CGROUP_CPU_LIMIT.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
