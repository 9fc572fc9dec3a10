"""Processes that take packs from the sweep's folder, without Ray. Somebody else starts them, such as Slurm."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from recipe_sweep.cluster.backends.base import Cost, sample
from recipe_sweep.cluster.backends.given import GivenBackend, GivenFile
from recipe_sweep.cluster.resources import Resources


class FolderFile(GivenFile):
    """Processes that see the sweep's folder. `slots` says to how many of them packs are offered at once."""

    backend: Literal["folder"]


class FolderBackend(GivenBackend[FolderFile]):
    """Processes that take packs. This package's launch neither starts nor ends them."""

    name = "folder"
    schema = FolderFile

    @classmethod
    def example(cls) -> str:
        return sample("folder")

    def resources(self) -> Resources:
        """Return the resources that the file states."""
        return replace(super().resources(), taken=True)

    def cost(self) -> Cost:
        return Cost(None, "somebody else starts these processes, and nothing tells their price")
