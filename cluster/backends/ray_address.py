"""A Ray cluster that somebody else started, given by its address."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator

from recipe_sweep.cluster.backends.base import Backend, Cost, sample
from recipe_sweep.cluster.notice import Notice
from recipe_sweep.cluster.resources import LARGEST_PACK, Resources
from recipe_sweep.cluster.schema import AUTO, ClusterFile, HoursOrNever, Moment, Packs, Switch, refused

_LAST_PORT = 65_535


def _address(value: object) -> str:
    """Read where Ray is. Its port has to be one."""
    match = re.fullmatch(r"(?:ray://)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", str(value))
    if value == AUTO or (match and 0 < int(match[1]) <= _LAST_PORT):
        return str(value)
    raise refused("auto, or a host and a port such as 192.168.1.10:6379", "on a node of that cluster `auto` finds it")


class RayFile(ClusterFile):
    """A Ray cluster that is already running. Only Ray knows its size; `slots` says how many packs run at once."""

    backend: Literal["ray"]
    address: Annotated[str, BeforeValidator(_address)]
    slots: Packs
    spot_notice: Switch = False
    budget_hours: HoursOrNever = None
    up_since: Moment = None


class RayBackend(Backend[RayFile]):
    """A Ray cluster that already runs. This package neither starts nor ends it."""

    name = "ray"
    schema = RayFile

    @classmethod
    def example(cls) -> str:
        return sample("ray")

    def resources(self) -> Resources:
        """Return the resources that the file states. What the cluster really has is known only after connecting to it."""
        file = self.file
        share = 0.0 if file.gpu_per_pack is None else file.gpu_per_pack
        return Resources(
            address=file.address,
            cpus=file.slots * file.cpus_per_pack,
            gpus=0,
            cpus_per_pack=file.cpus_per_pack,
            gpu_per_pack=share,
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
            spot_notice=file.spot_notice,
        )

    def budget_hours(self) -> float | None:
        return self.file.budget_hours

    def notice(self, up_since: datetime | None = None) -> Notice:
        return super().notice(up_since or self.file.up_since)

    def cost(self) -> Cost:
        return Cost(None, "somebody else started these machines, and their address does not tell their price")
