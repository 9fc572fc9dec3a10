"""Checks that a dataset still matches its card and its simulator."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import StoredDataset, map_dataset
from recipe_sweep.trainers.data.comparison import Pin, compare_data
from recipe_sweep.trainers.data.homegrown.makers import make_columns
from recipe_sweep.trainers.data.stored.card import Card, Identity, ReplayResult
from recipe_sweep.trainers.data.stored.collect import unheard
from recipe_sweep.trainers.data.stored.columns import Bytes
from recipe_sweep.trainers.data.stored.replay import replay_columns

REMADE_TRANSITIONS = 5_000
_ROWS_AT_ONCE = 65_536


class Remade(NamedTuple):
    """Comparison of the beginning of a home-made dataset with the same rows, made again here."""

    rows: int
    different_rows: int
    """Number of rows whose bytes differ."""


class Verification(NamedTuple):
    """Result of a verification whose hashes all matched the card."""

    directory: Path
    card: Card
    fingerprint: str
    """Fingerprint of the files, the one that sweeps pin."""
    replay: ReplayResult | None
    """Errors of a replay; None if the task has no simulator that can be put into an observed state."""
    remade: Remade | None
    """Rows made again; None for data that are not home-made, or of another version."""
    illegal: int | None
    """Rows in which an agent's action is not legal; None if every action of the task is legal."""

    @property
    def sound(self) -> bool:
        """Whether the simulator's observations and rewards are the stored ones, and every action is legal.

        Remade rows with other bytes are no fault, because another machine or library may round differently.
        """
        replayed = self.replay is None or self.replay.observations.deviating == self.replay.rewards.deviating == 0
        return replayed and not self.illegal


def verify(identity: Identity, root: Path, transitions: int) -> Verification:
    """Hash every byte, replay up to `transitions` transitions, and make the beginning of home-made data again.

    The errors are those of `open_dataset`.
    """
    fingerprint = compare_data(identity, root, Pin())
    stored = map_dataset(identity, root)
    origin = stored.card.origin
    clipped = origin is not None and origin.clipped_components > 0
    return Verification(
        directory=stored.directory,
        card=stored.card,
        fingerprint=fingerprint,
        replay=replay_columns(stored.spec, stored.columns, transitions, clipped),
        remade=_remake(identity, stored),
        illegal=None if stored.columns.legals is None else _illegal(stored.columns.actions, stored.columns.legals),
    )


def _illegal(numbers: Bytes, legals: Bytes) -> int:
    """Count rows in which `legals` (T, N, A) has no such action as in `numbers` (T, N), or forbids it."""
    count = 0
    for first in range(0, len(numbers), _ROWS_AT_ONCE):
        some, allowed = (values[first : first + _ROWS_AT_ONCE] for values in (numbers, legals))
        known = some < legals.shape[2]
        chosen = np.take_along_axis(allowed, np.where(known, some, 0)[..., None].astype(np.intp), axis=2)[..., 0]
        count += int((~known | (chosen == 0)).any(axis=1).sum())
    return count


def _remake(identity: Identity, stored: StoredDataset) -> Remade | None:
    """Make the beginning again. A longer home-made dataset begins with the shorter one, byte for byte."""
    if identity.source is not Source.HOMEGROWN or identity.dataset_size is None:
        return None
    if identity.dataset_version not in TASKS[identity.task].known(identity.source):
        return None
    size = min(identity.dataset_size, REMADE_TRANSITIONS)
    made = make_columns(identity.model_copy(update={"dataset_size": size}), unheard)
    different = np.zeros(size, np.bool_)
    for held, again in zip(stored.columns, made, strict=True):
        if held is not None and again is not None:
            different |= (held[:size] != again[:size]).reshape(size, -1).any(axis=1)
    return Remade(size, int(different.sum()))
