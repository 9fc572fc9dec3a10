"""Keeping the memory of one gradient step for the next.

A step allocates and frees the same large blocks as the step before. By default glibc hands each of them back to the operating
system, and every page that is asked for again costs a fault: a tenth of the time of a pack at the paper's size, a quarter of a
small one's. Where the system offers huge pages, blocks of two megabytes need fewer translations: a fiftieth of a pack's time.
"""

from __future__ import annotations

import ctypes
import os

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""For the environment of a process that is yet to start. Read by glibc, ignored elsewhere."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MOST = 2**25
"""The largest block that a running process can still be told to keep; large enough for one run."""


def keep_memory() -> None:
    """The same for this process, as far as that is possible; does nothing where another allocator is at work."""
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None:
        tell(_M_MMAP_THRESHOLD, _MOST)
        tell(_M_TRIM_THRESHOLD, 2**30)
