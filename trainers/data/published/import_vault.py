"""Import of a published vault into a dataset on disk, block of rows by block. Every assumption about the files is checked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import dataset_directory
from recipe_sweep.trainers.data.errors import BrokenVaultError, NoRoomError
from recipe_sweep.trainers.data.published.published_numbers import FirstAgent, compare
from recipe_sweep.trainers.data.published.tasks import Ending, PublishedTask
from recipe_sweep.trainers.data.published.vault import OBSERVATIONS, TERMINALS, TRUNCATIONS, Vault
from recipe_sweep.trainers.data.published.vault_blocks import Block, read_block, require_leaves
from recipe_sweep.trainers.data.published.vault_rows import Flags, RowPlan, plan_rows
from recipe_sweep.trainers.data.stored.card import Identity, Origin, make_card, read_card, write_card
from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.columns import Bytes, Columns, Floats, column_layout, state_is_observed
from recipe_sweep.trainers.data.stored.replay import Replay
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.data.stored.store import reserve_columns, staged
from recipe_sweep.trainers.environments.registry import task_spec

BLOCK_ROWS = 32_768
"""Rows of every batch row that are in memory at a time: 30 to 90 MB."""
REPLAYED_TRANSITIONS = 10_000
"""Approximate number of transitions, spread over the file, that are replayed on the simulator while they are read."""


class VaultPlace(NamedTuple):
    """A vault on this disk, and the published dataset that it is."""

    directory: Path
    task: PublishedTask
    uid: str
    archive_sha256: str | None = None

    @property
    def identity(self) -> Identity:
        """Declared identity of the vault's dataset."""
        return self.task.identity(self.uid)


def import_vault(place: VaultPlace, root: Path, progress: Progress = unheard) -> Path:
    """Write the vault's transitions as a dataset below `root`, unless the dataset is there. Return the dataset's directory.

    Any number of processes may call this at once. `progress` is called with (rows read, rows in all). Numbers that differ from
    the published ones are written on the card. After an error nothing is left on the disk.

    Raises:
        BrokenVaultError: the vault is damaged, has other shapes, or contradicts an assumption.
        NoRoomError: the disk is too full.
    """
    directory = dataset_directory(place.identity, root)
    if directory.is_dir():
        read_card(directory)
        return directory
    reader = _Reader(place, Vault(place.directory), progress)
    try:
        with staged(directory) as unfinished:
            with_states = not state_is_observed(reader.spec)
            columns = reserve_columns(unfinished, column_layout(reader.spec, reader.transitions, with_states))
            reader.fill(columns)
            scale = RETURN_SCALES[Source.OG_MARL, place.task.task, place.identity.dataset_version]
            write_card(unfinished, make_card(place.identity, columns, scale, place.task.licence, reader.origin()))
    except OSError as error:
        free = shutil.disk_usage(root).free / 1e9 if root.is_dir() else 0.0
        expected = "room for the dataset: free some, or choose another data directory"
        problem = Problem(file=str(directory), found=f"{error} ({free:.1f} GB free)", expected=expected)
        raise NoRoomError(problem) from error
    return directory


class _Reader:
    """Reads one vault, block after block, into columns."""

    def __init__(self, place: VaultPlace, vault: Vault, progress: Progress) -> None:
        self._place, self._vault, self._progress = place, vault, progress
        self.spec = task_spec(place.task.task)
        require_leaves(vault, self.spec)
        vault.require_written(OBSERVATIONS)  # possible because no chunk of observations is all zeros
        self._plan = self._decide_rows()
        self.transitions = int(self._plan.kept.sum())
        self._replay = Replay.on(self.spec)
        self._first_agent = FirstAgent(vault.rows, place.task.datasets[place.uid].coverage is not None)
        self._clipped = 0
        self._largest = 0.0

    def fill(self, columns: Columns) -> None:
        """Fill columns that have room for all transitions, batch row after batch row."""
        vault, kept = self._vault, self._plan.kept
        # Where the transitions of each batch row begin, and how many of them precede each of its rows.
        counts = kept.sum(axis=1)
        begins = np.concatenate(([0], np.cumsum(counts)[:-1]))
        before: NDArray[np.int64] = np.cumsum(kept, axis=1) - kept
        blocks = range(0, vault.rows, BLOCK_ROWS)
        for first in blocks:
            last = min(first + BLOCK_ROWS, vault.rows)
            block = read_block(vault, self.spec, kept[:, first:last], first)
            self._first_agent.add(block, first)
            for batch_row, chosen in enumerate(kept[:, first:last]):
                start = begins[batch_row] + before[batch_row, first]
                rows = slice(start, start + int(chosen.sum()))
                self._store(columns, rows, block, batch_row, chosen)
                columns.terminals[rows] = self._plan.ends[batch_row, first:last][chosen]
            self._replay_some(block, first, last, -(-REPLAYED_TRANSITIONS // len(blocks)))
            self._progress(last, vault.rows)

    def _store(self, columns: Columns, rows: slice, block: Block, batch_row: int, chosen: Flags) -> None:
        """Copy the chosen rows of a block into columns."""
        actions = block.actions[batch_row, chosen]
        columns.observations[rows] = block.observations[batch_row, chosen]
        columns.actions[rows] = self._number(actions) if self.spec.masked else self._clip(actions)
        columns.rewards[rows] = block.rewards[batch_row, chosen]
        if columns.states is not None:
            columns.states[rows] = block.states[batch_row, chosen]
        if columns.legals is not None and block.legals is not None:
            columns.legals[rows] = block.legals[batch_row, chosen]

    def origin(self) -> Origin:
        """Describe for the card where the rows came from."""
        task, uid = self._place.task, self._place.uid
        batch_rows, rows = self._plan.kept.shape
        return Origin(
            vault=f"{task.scenario}.vlt/{uid}",
            archive_sha256=self._place.archive_sha256,
            batch_rows=batch_rows,
            rows_per_batch_row=rows,
            terminal_rows_dropped=self._plan.terminal_rows,
            unfinished_rows_dropped=self._plan.unfinished,
            clipped_components=self._clipped,
            largest_action=self._largest,
            replay=self._replay.result() if self._replay else None,
            published=tuple(compare(task, task.datasets[uid], self._terminals, self._first_agent)),
        )

    def _decide_rows(self) -> RowPlan:
        """Decide what each row is, and check that the file's episodes have the task's length."""
        terminals, truncations = (self._flags(name) for name in (TERMINALS, TRUNCATIONS))
        self._terminals = terminals
        if silent := int((truncations & ~terminals).sum()):
            found = f"{counted(silent, 'row')} that {agreeing(silent, 'is', 'are')} truncated and not terminal"
            self._refuse(TRUNCATIONS, found, "every time limit to be terminal too")
        ending, horizon = self._place.task.ending, self.spec.horizon
        plan = plan_rows(terminals, ending)
        if not plan.kept.any():
            self._refuse(
                TERMINALS, f"{int(terminals.sum())} terminals in {terminals.size:,} rows", "at least one whole episode"
            )
        whole = horizon + 1 if ending is Ending.TERMINAL_ROW else horizon
        found = f"{plan.as_long:,} episodes of {plan.longest:,} rows"
        if plan.longest > whole:
            self._refuse(TERMINALS, found, f"at most {whole:,}, ending with their {ending} after {horizon:,} steps")
        if plan.tail > whole:
            self._refuse(TERMINALS, f"{plan.tail:,} rows after the last end", f"an end after at most {whole:,} rows")
        if ending is Ending.TERMINAL_ROW and plan.longest == horizon and plan.as_long > 1:
            self._refuse(TERMINALS, f"{found} and none longer", f"{whole:,}, the last being a {ending}")
        return plan

    def _flags(self, name: str) -> NDArray[np.bool_]:
        """Read a leaf of flags (B, T, N) as (B, T). Raises BrokenVaultError if agents differ."""
        values = self._vault.read(name, 0, self._vault.rows)
        if strange := int(((values != 0) & (values != 1)).any(axis=2).sum()):
            self._refuse(name, f"{counted(strange, 'row')} with another number", "flags: 0 or 1")
        flags: NDArray[np.bool_] = values != 0
        if undecided := int((flags.any(axis=2) != flags.all(axis=2)).sum()):
            self._refuse(name, f"{counted(undecided, 'row')} in which the agents differ", "one value for all agents")
        return flags[..., 0]

    def _number(self, numbers: Bytes) -> Bytes:
        """Return numbers of actions as they are, and remember the largest."""
        self._largest = max(self._largest, float(numbers.max(initial=0)))
        return numbers

    def _clip(self, actions: Floats) -> Floats:
        """Clip actions to the task's bounds and count those outside."""
        low, high = self.spec.action_low, self.spec.action_high
        self._clipped += int(((actions < low) | (actions > high)).sum())
        self._largest = max(self._largest, float(np.abs(actions).max(initial=0.0)))
        clipped: Floats = np.clip(actions, low, high)
        return clipped

    def _replay_some(self, block: Block, first: int, last: int, wanted: int) -> None:
        """Play transitions from the beginning of a block again, with the file's unclipped actions."""
        if self._replay is None:
            return
        plan = self._plan
        rows = np.flatnonzero(plan.kept[0, first:last])[:wanted]
        rows = rows[rows + 1 < last - first]  # the next row must be in the block.
        # Only a terminal-observation row has the observation after an episode's last transition.
        known = ~plan.ends[0, first:last][rows] | (self._place.task.ending is Ending.TERMINAL_ROW)
        self._replay.play(
            block.observations[0, rows], block.actions[0, rows], block.rewards[0, rows], block.observations[0, rows + 1], known
        )

    def _refuse(self, name: str, found: str, expected: str) -> None:
        raise BrokenVaultError(self._vault.problem(name, found, expected))
