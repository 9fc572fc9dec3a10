"""Chooses the device, and names the PyTorch that makes a result."""

from __future__ import annotations

import functools
import gc
import re
import sys
from importlib.metadata import version

from recipe_sweep.cluster.machine import processor_name, vector_unit
from recipe_sweep.search_spaces.abridged import cut, listing
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.yaml_file import shown


def check_device(wanted: str) -> None:
    """Raise UserInputError for an unknown or missing device, before any data are made."""
    option = cut(f"--device {wanted}")
    named = re.fullmatch(r"auto|cpu|cuda(?::([0-9]{1,3}))?", wanted)
    if named is None:
        expected = "auto, cpu, cuda, or one GPU such as cuda:0"
        raise UserInputError(Problem(option, found=shown(wanted), expected=expected))
    if not wanted.startswith("cuda"):
        return
    gpus = _gpus()
    if int(named[1] or 0) >= gpus:
        expected = "cpu or auto, because PyTorch finds no GPU" if gpus == 0 else f"one of {_names(gpus)}"
        raise UserInputError(Problem(option, found="a GPU that is not here", expected=expected))


def _names(gpus: int) -> str:
    return listing(f"cuda:{number}" for number in range(gpus))


def _gpus() -> int:
    """Count the GPUs that PyTorch can use. A CPU build is not imported for this, because that takes seconds."""
    if torch_version().endswith("+cpu"):
        return 0
    import torch

    return int(torch.cuda.device_count())


def choose_device(wanted: str) -> str:
    """Choose CUDA for `auto` if PyTorch finds it, else the CPU. A CPU build is not imported for this: that takes seconds."""
    if wanted != "auto":
        return wanted
    if torch_version().endswith("+cpu"):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@functools.cache
def _settle_imports() -> None:
    """Exclude everything loaded so far from garbage collection, because going through PyTorch takes 0.2 s each time."""
    gc.freeze()


def release_memory() -> None:
    """Free the memory of a finished pack, so that the next one in the same process can use it."""
    gc.collect()
    _settle_imports()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def kind_of_machine(device: str) -> str:
    """Name what rounding depends on: the processor, its vector unit, and the GPU that is used."""
    parts = [processor_name(), vector_unit()]
    if device.startswith("cuda"):
        import torch

        parts.append(torch.cuda.get_device_name(device))
    return ", ".join(part for part in parts if part)


def torch_version() -> str:
    """Return the version of PyTorch, with its build."""
    return version("torch")
