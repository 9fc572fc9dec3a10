"""A full disk is a refusal of the system, whichever library writes."""

from __future__ import annotations

import errno
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError, numpy
from safetensors import torch as torch_arrays

from recipe_sweep.trainers.arrays_file import refused_by_the_system


def test_a_refusal_of_the_system_looks_like_a_mistake_of_a_pack(tmp_path: Path) -> None:
    """A bound on the size of files stands for a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as found, refused_by_the_system():
            torch_arrays.save_file({"a": torch.zeros(8192)}, tmp_path / "a")
        with pytest.raises(OSError, match="File too large"), refused_by_the_system():
            numpy.save_file({"a": np.zeros(8192)}, tmp_path / "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert found.value.errno == errno.EFBIG


def test_a_full_disk_looks_like_a_mistake_of_a_pack() -> None:
    with pytest.raises(OSError, match="No space left") as found, refused_by_the_system():
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert found.value.errno == errno.ENOSPC


def test_a_mistake_in_arrays_looks_like_a_full_disk() -> None:
    with pytest.raises(SafetensorError), refused_by_the_system():
        raise SafetensorError("Error while serializing: invalid shape")
