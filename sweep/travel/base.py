"""What a worker needs of its sweep, wherever the sweep's directory is.

    claim -> files of the pack arrive -> attempt, progress, checkpoints leave -> publish -> the claim is given back

A `Travel` is a way between workers and their sweep. There are three: a directory that all machines see (`shared_folder.py`);
an actor of Ray that owns the directory, on the launch's machine (`mirror.py`); and the same with the sweep's store for
everything large. A worker always works in files: in the sweep's directory itself, or in a small copy of its node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.claim import Claimant
from recipe_sweep.sweep.store.datasets import DataSource


class PackFiles(Protocol):
    """The files of a pack, as the worker that has claimed it sees them."""

    @property
    def settings(self) -> LaunchSettings:
        """The launch's settings. `root` and `data_root` are directories of this machine."""
        ...

    @property
    def paths(self) -> SweepPaths:
        """The directory in which the worker reads and writes."""
        ...

    @property
    def ours(self) -> bool:
        """Whether this worker has the claim. Without it, nothing else may be asked."""
        ...

    @property
    def killed(self) -> Claimant | None:
        """The stopped process that was killed to get the claim."""
        ...

    @property
    def published(self) -> bool:
        """Whether the pack's results exist already."""
        ...

    def data_sources(self, point: DesignPoint, content_hash: str) -> Sequence[DataSource]:
        """List where the point's dataset can be copied from, the nearest first."""
        ...

    def told_to_stop(self) -> bool:
        """Say whether the pack is to be saved and left: the launch ends, is superseded, or has given the pack to another."""
        ...

    def send(self, path: Path) -> None:
        """Bring one small file of `paths` to the sweep, before anything else happens. Raises OSError, LeaseLostError."""
        ...

    def send_soon(self, path: Path) -> None:
        """Bring a file that is rewritten often to the sweep when there is time. The newest content counts."""
        ...

    def logging_to(self, path: Path) -> None:
        """Bring what is written to this log to the sweep, from time to time and at the end."""
        ...

    def send_checkpoint(self) -> None:
        """Bring the pack's checkpoints to the sweep, and remove there what is no longer here.

        An OSError is told and not raised, because a pack can go on without. Raises LeaseLostError.
        """
        ...

    def drop_checkpoints(self) -> None:
        """Remove the pack's checkpoints everywhere."""
        ...

    def publish(self, write_rows: Callable[[Path], None], weights: Path | None) -> None:
        """Publish the rows and the weights, which are a file of `paths`, in one step that happens at most once.

        Raises LeaseLostError, AlreadyPublishedError, OSError. After an error the sweep has neither.
        """
        ...

    def clean_up(self) -> None:
        """Remove progress and checkpoints of a published pack."""
        ...


class Travel(Protocol):
    """A way between a launch's workers and its sweep."""

    @property
    def settings(self) -> LaunchSettings:
        """The launch's settings, as its file has them."""
        ...

    def told_to_stop(self) -> bool:
        """Say whether the launch was asked to stop, is dead, or was superseded."""
        ...

    def claimed(self, pack_id: str, give_up: Callable[[], bool]) -> AbstractContextManager[PackFiles]:
        """Claim a pack, so that only this process works on it, and bring what it needs.

        It waits for a process that still has the pack, until `give_up` returns True.
        """
        ...
