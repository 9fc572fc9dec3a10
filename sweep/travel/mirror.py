"""A worker whose machine does not see the sweep's directory works in a small copy of it.

The copy has the same names as the sweep. What the pack needs arrives with the claim. Everything that counts leaves at once: an
attempt, a failure, a checkpoint, the results. Progress and the log leave about every second.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import LeaseLostError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX
from recipe_sweep.sweep.files.launch_file import REHEARSED, LaunchSettings
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.locks.claim import Claimant
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.datasets import DataSource, stored_source
from recipe_sweep.sweep.travel import node
from recipe_sweep.sweep.travel.counted import CountedGateway, CountedStore, Traffic
from recipe_sweep.sweep.travel.freight import ByGate, ByStore, Freight
from recipe_sweep.sweep.travel.gate import Answer, Beat
from recipe_sweep.sweep.travel.gateway import Connection, Gateway, download_data, upload
from recipe_sweep.sweep.travel.names import name_of
from recipe_sweep.sweep.travel.needs import Needs
from recipe_sweep.sweep.travel.pulse import LOG_PART, Heart

ASK_AGAIN_S = 0.5


@dataclass(frozen=True)
class Mirror:
    """Workers reach the sweep through its gate. With `by_store`, large files go to the sweep's store and back."""

    settings: LaunchSettings
    connection: Connection
    by_store: bool = False

    def told_to_stop(self) -> bool:
        """See `Travel`. A gate that is gone for good belongs to a launch that is over."""
        try:
            return self.connection.gateway.told_to_stop()
        except LeaseLostError:
            return True

    @contextmanager
    def claimed(self, pack_id: str, give_up: Callable[[], bool]) -> Iterator[MirroredPack]:
        """See `Travel`."""
        token, traffic = secrets.token_hex(16), Traffic()
        gateway = CountedGateway(self.connection.gateway, traffic)
        claimant = Claimant(self.settings.epoch, ProcessIdentity.of_this_process(), token, self.connection.node)
        answer = gateway.claim(pack_id, claimant)
        while answer.needs is None and not answer.stop and not give_up():
            time.sleep(ASK_AGAIN_S)
            answer = gateway.claim(pack_id, claimant)
        try:
            with (
                node.directory_of(self.settings.launch_id, pack_id) as root,
                Heart(gateway, pack_id, token, root) as heart,
            ):
                way = _Way(gateway, token, self._freight(gateway, pack_id, token), heart)
                pack = MirroredPack(self._settings_at(root), pack_id, answer, way)
                if answer.needs is not None:
                    self._bring(pack, answer.needs)
                yield pack
                heart.say(traffic.sentence)
                heart.flush()
        finally:
            with suppress(OSError, RecipeSweepError):  # The next worker gets the claim in any case.
                gateway.release(pack_id, token)

    def _settings_at(self, root: Path) -> LaunchSettings:
        """Return the launch's settings for this machine. A rehearsal reads the sweep's file where its data would be."""
        resources = replace(self.settings.resources, stage_data=node.data_directory(self.settings.resources.stage_data))
        if self.settings.workload == REHEARSED:
            return replace(self.settings, root=root, data_root=root, resources=replace(resources, stage_data=None))
        return replace(self.settings, root=root, resources=resources)

    def _freight(self, gateway: CountedGateway, pack_id: str, token: str) -> Freight:
        by_gate = ByGate(gateway, pack_id, token)
        if not self.by_store or self.settings.store is None:
            return by_gate
        return ByStore(CountedStore(open_store(self.settings.store), gateway.traffic), by_gate)

    def _bring(self, pack: MirroredPack, needs: Needs) -> None:
        root, freight = pack.paths.root, pack.way.freight
        for name, content in needs.small:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        if needs.log is not None and pack.before is not None:
            text = self._last_words(pack.pack_id, pack.before, needs.log, needs.log_size)
            with (root / needs.log).open("ab") as log:
                log.write(text)
            beat = Beat(log=needs.log, offset=needs.log_size, text=text)
            pack.way.gateway.pulse(pack.pack_id, pack.way.token, beat)
        node.tidy(self.settings.launch_id, pack.pack_id)
        for name in needs.large:
            freight.bring(name, root / name)
        for record in sorted(pack.paths.checkpoints.glob("*/step-*.json")):
            arrays = record.with_suffix(".safetensors")
            if not arrays.exists():  # It went to the store, past the gate.
                freight.bring(name_of(root, arrays), arrays)
        pack.nothing_new()

    def _last_words(self, pack_id: str, before: Claimant, name: str, offset: int) -> bytes:
        """Read what a dead worker's log has that did not reach the sweep."""
        text = node.leftover_log(self.settings.launch_id, pack_id, name, offset, LOG_PART)
        if text or before.node in (None, self.connection.node):
            return text
        return self.connection.leftover_log(str(before.node), pack_id, name, offset)


class _Way(NamedTuple):
    """The way of one claimed pack's files."""

    gateway: Gateway
    token: str
    freight: Freight
    heart: Heart


@dataclass(frozen=True)
class MirroredPack:
    """The pack's files, in a directory of this machine."""

    settings: LaunchSettings
    pack_id: str
    answer: Answer
    way: _Way
    sent: set[tuple[str, int, int]] = field(default_factory=set)
    """Names, sizes and times of checkpoint files that the sweep has"""

    @property
    def paths(self) -> SweepPaths:
        return self.settings.paths

    @property
    def ours(self) -> bool:
        return self.answer.needs is not None

    @property
    def killed(self) -> Claimant | None:
        return self.answer.killed

    @property
    def before(self) -> Claimant | None:
        """The worker that had the pack before."""
        return self.answer.before

    @property
    def published(self) -> bool:
        return self.answer.published

    def data_sources(self, point: DesignPoint, content_hash: str) -> Sequence[DataSource]:
        """See `PackFiles`. Where files go by the store, it comes first, because many machines may read from it at once.

        Where they go through Ray, this machine may have no right to the store, so the launch's machine comes first.
        """

        def fetch(name: str, path: Path) -> bool:
            return download_data(self.way.gateway, self.pack_id, self.way.token, name, path)

        stored, by_gate = stored_source(self.settings.store, content_hash), DataSource("the launch's machine", fetch)
        return (*stored, by_gate) if isinstance(self.way.freight, ByStore) else (by_gate, *stored)

    def told_to_stop(self) -> bool:
        """See `PackFiles`."""
        return self.way.heart.told_to_stop

    def send(self, path: Path) -> None:
        """See `PackFiles`."""
        self.way.gateway.put(self.pack_id, self.way.token, name_of(self.paths.root, path), path.read_bytes())

    def send_soon(self, path: Path) -> None:
        """See `PackFiles`."""
        self.way.heart.progressed(path)

    def logging_to(self, path: Path) -> None:
        """See `PackFiles`."""
        self.way.heart.logging_to(name_of(self.paths.root, path))

    def send_checkpoint(self) -> None:
        """See `PackFiles`."""
        here = self._checkpoint_files()
        try:
            for path in here:
                if _mark(path) not in self.sent:
                    self.way.freight.send(name_of(self.paths.root, path), path)
                    self.sent.add(_mark(path))
            kept = [path.name for path in here]
            self.way.gateway.keep_checkpoints(self.pack_id, self.way.token, kept)
        except LeaseLostError:
            raise
        except (OSError, RecipeSweepError) as error:
            print(f"the checkpoint stays on this machine, because it cannot be sent: {error}", flush=True)

    def nothing_new(self) -> None:
        """Note that the checkpoints here came from the sweep."""
        self.sent.update(map(_mark, self._checkpoint_files()))

    def _checkpoint_files(self) -> list[Path]:
        """List complete files. Arrays come before the JSON that makes them a checkpoint."""
        found = [path for path in self.paths.pack_checkpoint(self.pack_id).glob("[!.]*") if path.suffix != TEMPORARY_SUFFIX]
        return sorted(found, key=lambda path: (path.suffix == ".json", path.name))

    def drop_checkpoints(self) -> None:
        """See `PackFiles`."""
        self.way.gateway.keep_checkpoints(self.pack_id, self.way.token, ())

    def publish(self, write_rows: Callable[[Path], None], weights: Path | None) -> None:
        """See `PackFiles`."""
        gateway, rows = self.way.gateway, self.paths.pack_result(self.pack_id)
        rows.parent.mkdir(exist_ok=True)
        write_rows(rows)
        name = None if weights is None else name_of(self.paths.root, weights)
        if weights is not None and name is not None:
            self.way.freight.send(name, weights)
        landed = upload(gateway, self.pack_id, self.way.token, name_of(self.paths.root, rows), rows)
        gateway.publish(self.pack_id, self.way.token, landed, name)

    def clean_up(self) -> None:
        """See `PackFiles`. The gate did it when it published the pack, so nothing may follow."""
        self.way.heart.progressed(None)


def _mark(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return path.name, found.st_size, found.st_mtime_ns
