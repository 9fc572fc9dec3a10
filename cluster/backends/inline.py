"""The launching process itself: one pack at a time, no Ray."""

from __future__ import annotations

from typing import Literal

from recipe_sweep.cluster.backends.base import Backend, Cost, sample
from recipe_sweep.cluster.resources import LARGEST_PACK, Resources
from recipe_sweep.cluster.schema import ClusterFile


class InlineFile(ClusterFile):
    """The keys for training without Ray.

    Packs run one after another in the launching process, so that a debugger can step through a whole launch.
    """

    backend: Literal["inline"]


class InlineBackend(Backend[InlineFile]):
    """The launching process, which trains one pack after another."""

    name = "inline"
    schema = InlineFile
    is_here = True

    @classmethod
    def example(cls) -> str:
        return sample("inline")

    def resources(self) -> Resources:
        file = self.file
        return Resources(
            address=None,
            cpus=file.cpus_per_pack,
            gpus=0,
            cpus_per_pack=file.cpus_per_pack,
            gpu_per_pack=0.0,
            threads=file.cpus_per_pack if file.threads is None else file.threads,
            slots=1,
            max_lanes=LARGEST_PACK if file.max_lanes is None else file.max_lanes,
            bytes_per_pack=None if file.gb_per_pack is None else int(file.gb_per_pack * 1e9),
            device=file.device,
            checkpoint_minutes=file.checkpoint_minutes,
            stuck_after_minutes=None,  # A debugger may stop it, and killing the pack would end the launch.
            reuse_workers=True,
            stage_data=file.stage_data,
            inline=True,
        )

    def cost(self) -> Cost:
        return Cost(None, "this machine is yours, so its hours have no price")
