"""The sweep's directory is on this machine, or on a disk that all machines share. Nothing has to travel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import AlreadyPublishedError
from recipe_sweep.sweep.files.atomic import publishing
from recipe_sweep.sweep.files.checkpoints import remove_checkpoints
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import remove_progress
from recipe_sweep.sweep.locks.claim import Claim, Claimant, claimed
from recipe_sweep.sweep.locks.lease import permission_to_publish
from recipe_sweep.sweep.locks.stop import told_to_stop
from recipe_sweep.sweep.store.datasets import DataSource, sources_here


@dataclass(frozen=True)
class SharedFolder:
    """Workers see the sweep's directory and work in it."""

    settings: LaunchSettings

    def told_to_stop(self) -> bool:
        """See `Travel`."""
        return told_to_stop(self.settings)

    @contextmanager
    def claimed(self, pack_id: str, give_up: Callable[[], bool]) -> Iterator[SharedPack]:
        """See `Travel`."""
        with claimed(self.settings.paths, pack_id, self.settings.epoch, give_up) as claim:
            yield SharedPack(self.settings, pack_id, claim)


@dataclass(frozen=True)
class SharedPack:
    """The pack's files, in the sweep's directory."""

    settings: LaunchSettings
    pack_id: str
    claim: Claim

    @property
    def paths(self) -> SweepPaths:
        return self.settings.paths

    @property
    def ours(self) -> bool:
        return self.claim.ours

    @property
    def killed(self) -> Claimant | None:
        return self.claim.killed

    @property
    def published(self) -> bool:
        return self.paths.pack_result(self.pack_id).exists()

    def data_sources(self, point: DesignPoint, content_hash: str) -> Sequence[DataSource]:
        """See `PackFiles`."""
        return sources_here(self.settings.store, point, self.settings.data_root, content_hash)

    def told_to_stop(self) -> bool:
        """See `PackFiles`."""
        return told_to_stop(self.settings)

    def send(self, path: Path) -> None:
        """See `PackFiles`. The file is where it belongs."""

    def send_soon(self, path: Path) -> None:
        """See `PackFiles`. The file is where it belongs."""

    def logging_to(self, path: Path) -> None:
        """See `PackFiles`. The file is where it belongs."""

    def send_checkpoint(self) -> None:
        """See `PackFiles`. The files are where they belong."""

    def drop_checkpoints(self) -> None:
        """See `PackFiles`."""
        remove_checkpoints(self.paths, self.pack_id)

    def publish(self, write_rows: Callable[[Path], None], weights: Path | None) -> None:
        """See `PackFiles`."""
        try:
            with (
                permission_to_publish(self.paths.lease, self.settings.epoch),
                publishing(self.paths.pack_result(self.pack_id)) as temporary,
            ):
                write_rows(temporary)
        except FileExistsError as error:
            raise AlreadyPublishedError(f"pack {self.pack_id} was published before; this attempt is dropped") from error

    def clean_up(self) -> None:
        """See `PackFiles`."""
        remove_progress(self.paths.progress, self.pack_id)
        remove_checkpoints(self.paths, self.pack_id)
