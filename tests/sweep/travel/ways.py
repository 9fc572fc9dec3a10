"""The three ways between a worker and its sweep, without Ray: what holds for one holds for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.travel.base import Travel
from recipe_sweep.sweep.travel.gate import Gate
from recipe_sweep.sweep.travel.gateway import Gateway
from recipe_sweep.sweep.travel.mirror import Mirror
from recipe_sweep.sweep.travel.shared_folder import SharedFolder

Travelling = Callable[[LaunchSettings], Travel]
"""Makes the way of a launch with these settings."""


@dataclass(frozen=True)
class Direct:
    """A connection without a network: the gate is in this process."""

    gateway: Gateway
    node: str | None = None

    def leftover_log(self, node: str, pack_id: str, name: str, offset: int) -> bytes:
        return b""


def folder(settings: LaunchSettings) -> Travel:
    return SharedFolder(settings)


def gate(settings: LaunchSettings) -> Travel:
    settings = identified(settings)
    return Mirror(settings, Direct(Gate(settings)))


def by_store(settings: LaunchSettings) -> Travel:
    """Checkpoints and weights by a store in a folder, beside the sweep."""
    settings = stored(identified(settings))
    return Mirror(settings, Direct(Gate(settings, by_store=True)), by_store=True)


def stored(settings: LaunchSettings) -> LaunchSettings:
    """The same with a store in a folder beside the sweep."""
    return replace(settings, store=f"file://{settings.root.parent / 'store'}")


def identified(settings: LaunchSettings) -> LaunchSettings:
    """The same with a launch's id, as every real launch has one."""
    return replace(settings, launch_id=settings.launch_id or f"{settings.epoch:032x}")


WAYS: dict[str, Travelling] = {"folder": folder, "gate": gate, "store": by_store}
