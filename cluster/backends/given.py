"""What the backends share whose machines somebody else has started: they state their size, and nobody tells their price."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from recipe_sweep.cluster.backends.base import Backend
from recipe_sweep.cluster.notice import Notice
from recipe_sweep.cluster.resources import LARGEST_PACK, Resources
from recipe_sweep.cluster.schema import ClusterFile, HoursOrNever, Moment, Packs


class GivenFile(ClusterFile):
    """Machines that are already up. `slots` says how many packs run at once."""

    slots: Packs
    budget_hours: HoursOrNever = None
    up_since: Moment = None


AnyGivenFile = TypeVar("AnyGivenFile", bound=GivenFile)


class GivenBackend(Backend[AnyGivenFile]):
    """Machines that this package neither starts nor ends."""

    def resources(self) -> Resources:
        """Return the resources that the file states. What there really is is known only after a launch has begun."""
        file = self.file
        return Resources(
            address=None,
            cpus=file.slots * file.cpus_per_pack,
            gpus=0,
            cpus_per_pack=file.cpus_per_pack,
            gpu_per_pack=0.0 if file.gpu_per_pack is None else file.gpu_per_pack,
            threads=file.cpus_per_pack if file.threads is None else file.threads,
            slots=file.slots,
            max_lanes=LARGEST_PACK if file.max_lanes is None else file.max_lanes,
            bytes_per_pack=None if file.gb_per_pack is None else int(file.gb_per_pack * 1e9),
            device=file.device,
            checkpoint_minutes=file.checkpoint_minutes,
            stuck_after_minutes=file.stuck_after_minutes,
            reuse_workers=file.reuse_workers,
            stage_data=file.stage_data,
            travel=file.way,
        )

    def budget_hours(self) -> float | None:
        return self.file.budget_hours

    def notice(self, up_since: datetime | None = None) -> Notice:
        return super().notice(up_since or self.file.up_since)
