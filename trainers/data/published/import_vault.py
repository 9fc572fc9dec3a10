"""Import of a published vault into a dataset on disk, block of rows by block. Every assumption about the files is checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import dataset_directory
from recipe_sweep.trainers.data.errors import BrokenVaultError, NoRoomError
from recipe_sweep.trainers.data.published.tasks import LICENCE, Ending, Facts, PublishedTask
from recipe_sweep.trainers.data.published.vault import Vault
from recipe_sweep.trainers.data.published.vault_rows import RowPlan, plan_rows
from recipe_sweep.trainers.data.stored.card import Comparison, Identity, Origin, make_card, read_card, write_card
from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.columns import Columns, Floats, column_layout, state_is_observed
from recipe_sweep.trainers.data.stored.replay import Replay
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.data.stored.store import reserve_columns, staged
from recipe_sweep.trainers.environments.registry import task_spec

OBSERVATIONS, ACTIONS, REWARDS, STATES = "observations", "actions", "rewards", "infos.state"
TERMINALS, TRUNCATIONS = "terminals", "truncations"

BLOCK_ROWS = 32_768
"""Rows of every batch row that are in memory at a time: 30 to 90 MB."""
REPLAYED_TRANSITIONS = 10_000
"""Approximate number of transitions, spread over the file, that are replayed on the simulator while they are read."""
FLOAT32_SUMS = 1e-4
"""Relative error of the authors' numbers, because the authors summed returns in float32, one row after the other."""


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
            columns = reserve_columns(unfinished, column_layout(reader.spec, reader.transitions, with_states=False))
            reader.fill(columns)
            scale = RETURN_SCALES[Source.OG_MARL, place.task.task, place.identity.dataset_version]
            write_card(unfinished, make_card(place.identity, columns, scale, LICENCE, reader.origin()))
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
        self._require_shapes()
        vault.require_written(OBSERVATIONS)  # possible because no chunk of observations is all zeros
        self._plan = self._decide_rows()
        self.transitions = int(self._plan.kept.sum())
        self._replay = Replay.on(self.spec)
        self._first_agent = np.zeros(vault.rows)
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
            block = self._read(first, last)
            self._first_agent[first:last] = block.rewards[0, :, 0]
            for batch_row, chosen in enumerate(kept[:, first:last]):
                start = begins[batch_row] + before[batch_row, first]
                rows = slice(start, start + int(chosen.sum()))
                columns.observations[rows] = block.observations[batch_row, chosen]
                columns.actions[rows] = self._clip(block.actions[batch_row, chosen])
                columns.rewards[rows] = block.rewards[batch_row, chosen]
                columns.terminals[rows] = self._plan.ends[batch_row, first:last][chosen]
            self._replay_some(block, first, last, -(-REPLAYED_TRANSITIONS // len(blocks)))
            self._progress(last, vault.rows)

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
            published=tuple(_compare(task, task.datasets[uid], self._terminals, self._first_agent)),
        )

    def _require_shapes(self) -> None:
        """Raise BrokenVaultError with every leaf that does not have the task's shape."""
        spec, vault = self.spec, self._vault
        agents = (spec.n_agents,)
        expected: dict[str, tuple[int, ...]] = {
            OBSERVATIONS: (*agents, spec.obs_dim),
            ACTIONS: (*agents, spec.action_dim),
            REWARDS: agents,
            TERMINALS: agents,
            TRUNCATIONS: agents,
            STATES: (spec.state_dim,),
        }
        listed = ", ".join(vault.names)
        problems = [
            vault.problem(name, f"no such key, only {listed}", "this key") for name in expected if name not in vault.names
        ]
        batch_rows = vault.shape(OBSERVATIONS)[0] if OBSERVATIONS in vault.names else 0
        for name, rest in expected.items():
            if name in vault.names and vault.shape(name) != (wished := (batch_rows, vault.rows, *rest)):
                problems.append(vault.problem(name, f"shape {vault.shape(name)}", f"shape {wished} for {spec.name}"))
        if problems:
            raise BrokenVaultError(*problems)

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
        if ending is Ending.TERMINAL_ROW and plan.longest == horizon and plan.as_long > 1:
            self._refuse(TERMINALS, f"{found} and none longer", f"{whole:,}, the last being a {ending}")
        return plan

    def _flags(self, name: str) -> NDArray[np.bool_]:
        """Read a leaf of flags (B, T, N) as (B, T). Raises BrokenVaultError if agents differ."""
        values = self._vault.read(name, 0, self._vault.rows)
        flags: NDArray[np.bool_] = values != 0
        if undecided := int((flags.any(axis=2) != flags.all(axis=2)).sum()):
            self._refuse(name, f"{counted(undecided, 'row')} in which the agents differ", "one value for all agents")
        return flags[..., 0]

    def _read(self, first: int, last: int) -> _Block:
        """Read rows [first, last) and check them."""
        kept = self._plan.kept[:, first:last]
        values = {name: self._vault.read(name, first, last) for name in (OBSERVATIONS, ACTIONS, REWARDS, STATES)}
        problems = []
        for name, read in values.items():
            finite = np.isfinite(read).reshape(*kept.shape, -1).all(axis=2) | ~kept
            if not finite.all():
                batch_row, row = map(int, np.argwhere(~finite)[0])
                count = int((~finite).sum())
                found = f"NaN or infinity in {counted(count, 'row')}, the first being {first + row:,} of batch row {batch_row}"
                problems.append(self._vault.problem(name, found, "finite numbers"))
        if problems:
            raise BrokenVaultError(*problems)
        self._require_states(values[OBSERVATIONS], values[STATES], kept, first)
        return _Block(*(values[name].astype(np.float32, copy=False) for name in (OBSERVATIONS, ACTIONS, REWARDS)))

    def _require_states(self, observations: Floats, states: Floats, kept: NDArray[np.bool_], first: int) -> None:
        """Raise BrokenVaultError if states differ from what the observations contain. So states need no column."""
        assert state_is_observed(self.spec)
        joint = self.spec.state_dim != self.spec.obs_dim
        told = observations.reshape(*kept.shape, -1) if joint else observations[:, :, 0]
        different = (told != states).any(axis=2) & kept
        if different.any():
            batch_row, row = map(int, np.argwhere(different)[0])
            error = float(np.abs(told[different] - states[different]).max())
            found = (
                f"{int(different.sum()):,} of {int(kept.sum()):,} rows differ by up to {error:.3g}, the first being "
                f"{first + row:,} of batch row {batch_row}"
            )
            self._refuse(STATES, found, "the agents' observations side by side" if joint else "the first agent's observation")

    def _clip(self, actions: Floats) -> Floats:
        """Clip actions to the task's bounds and count those outside."""
        low, high = self.spec.action_low, self.spec.action_high
        self._clipped += int(((actions < low) | (actions > high)).sum())
        self._largest = max(self._largest, float(np.abs(actions).max(initial=0.0)))
        clipped: Floats = np.clip(actions, low, high)
        return clipped

    def _replay_some(self, block: _Block, first: int, last: int, wanted: int) -> None:
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


class _Block(NamedTuple):
    """Some rows of all batch rows, as float32."""

    observations: Floats
    """(B, T, N, O)"""
    actions: Floats
    """(B, T, N, A): not clipped"""
    rewards: Floats
    """(B, T, N)"""


def _compare(
    task: PublishedTask, facts: Facts, terminals: NDArray[np.bool_], rewards: NDArray[np.float64]
) -> Iterator[Comparison]:
    """Compare the data card's numbers with the file's, computed as the authors did: batch row 0, agent 0, all rows."""
    ends = np.flatnonzero(terminals[0])
    totals = np.concatenate(([0.0], np.cumsum(rewards)))
    returns = np.diff(totals[ends + 1], prepend=0.0)
    pairs: tuple[tuple[str, float, float], ...] = (
        ("batch rows", task.batch_rows, terminals.shape[0]),
        ("rows per batch row", facts.rows, terminals.shape[1]),
        ("episodes", facts.episodes, len(returns)),
        ("mean return", facts.mean, returns.mean()),
        ("std of returns", facts.std, returns.std()),
        ("least return", facts.minimum, returns.min()),
        ("greatest return", facts.maximum, returns.max()),
    )
    rounded = 0.01
    for quantity, published, found in pairs:
        tolerance = 0.0 if isinstance(found, int) else rounded + FLOAT32_SUMS * abs(facts.maximum)
        agrees = abs(found - published) <= tolerance
        yield Comparison(quantity=quantity, published=published, found=float(found), agrees=bool(agrees))
