"""A Ray cluster that somebody else started, given by its address."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BeforeValidator

from recipe_sweep.cluster.backends.base import Cost, sample
from recipe_sweep.cluster.backends.given import GivenBackend, GivenFile
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import AUTO, Switch, refused

_LAST_PORT = 65_535


def _address(value: object) -> str:
    """Read where Ray is. Its port has to be one."""
    match = re.fullmatch(r"(?:ray://)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", str(value))
    if value == AUTO or (match and 0 < int(match[1]) <= _LAST_PORT):
        return str(value)
    raise refused("auto, or a host and a port such as 192.168.1.10:6379", "on a node of that cluster `auto` finds it")


class RayFile(GivenFile):
    """A Ray cluster that is already running. Only Ray knows its size."""

    backend: Literal["ray"]
    address: Annotated[str, BeforeValidator(_address)]
    spot_notice: Switch = False


class RayBackend(GivenBackend[RayFile]):
    """A Ray cluster that already runs. This package neither starts nor ends it."""

    name = "ray"
    schema = RayFile

    @classmethod
    def example(cls) -> str:
        return sample("ray")

    def resources(self) -> Resources:
        """Return the resources that the file states. What the cluster really has is known only after connecting to it."""
        return replace(super().resources(), address=self.file.address, spot_notice=self.file.spot_notice)

    def cost(self) -> Cost:
        return Cost(None, "somebody else started these machines, and their address does not tell their price")
