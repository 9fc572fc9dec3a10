"""The memory in which forward passes keep what their backward passes read: one block for all losses of a step.

A loss gives its part back when its gradients are computed, and the next loss takes the same memory. So a process needs the
memory of its largest loss. The general allocator would need more, because small tensors settle between large ones.

The block's size is not known before the first step. So it has addresses for as much memory as the machine has. Pages that
nobody has written to take none.
"""

from __future__ import annotations

import mmap
import os
import threading

import torch
from torch import Tensor

_ALIGNED = 16
"""Parts begin at a multiple of so many numbers, which is a line of cache."""
_LEAST = 2**26
"""Bytes of the smallest block that is tried."""


class Workspace:
    """A block of numbers of one type, of which parts are lent, each behind the one before."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._block = _reserved(dtype)
        self._start, self._size = self._block.data_ptr(), self._block.element_size()
        self._parts = self._used = 0

    def take(self, count: int) -> Part:
        """Lend a part of `count` numbers. Its content is arbitrary."""
        begin = self._used
        self._parts += 1
        if begin + count > len(self._block):
            own = self._block.new_empty(count)
            return Part(self, own.data_ptr(), own)
        self._used += -(-count // _ALIGNED) * _ALIGNED
        return Part(self, self._start + begin * self._size)

    def returned(self) -> None:
        """Take note of a part that came back. When all are back, the block is free."""
        self._parts -= 1
        if self._parts == 0:
            self._used = 0


class Part:
    """A part of a workspace. It goes back when it is told to, or when nobody holds it any more."""

    def __init__(self, workspace: Workspace, address: int, own: Tensor | None = None) -> None:
        self._workspace: Workspace | None = workspace
        self._address, self._own = address, own

    @property
    def address(self) -> int:
        """Where its numbers lie. Raises RuntimeError after it went back, because gradients are computed once."""
        if self._workspace is None:
            raise RuntimeError("gradients of a compiled network are computed once, and these were")
        return self._address

    def give_back(self) -> None:
        """Give the memory back."""
        if self._workspace is not None:
            self._workspace.returned()
            self._workspace = self._own = None

    def __del__(self) -> None:
        """Give the memory back."""
        self.give_back()


_LOCAL = threading.local()


def workspace(dtype: torch.dtype) -> Workspace:
    """Return this thread's workspace of a type."""
    mine: dict[torch.dtype, Workspace] = _LOCAL.__dict__.setdefault("workspaces", {})
    if dtype not in mine:
        mine[dtype] = Workspace(dtype)
    return mine[dtype]


def _reserved(dtype: torch.dtype) -> Tensor:
    """Reserve addresses: as many as the machine has memory, or as the system lets a process have. Empty if it lets none."""
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    while size >= _LEAST:
        try:
            pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except (OSError, ValueError):
            size //= 2
            continue
        if hasattr(mmap, "MADV_HUGEPAGE"):
            pages.madvise(mmap.MADV_HUGEPAGE)
        return torch.frombuffer(pages, dtype=dtype)
    return torch.empty(0, dtype=dtype)
