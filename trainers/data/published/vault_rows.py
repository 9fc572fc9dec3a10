"""From the rows of a vault to transitions: which rows are transitions, and which of them end an episode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.trainers.data.published.tasks import Ending

Flags = NDArray[np.bool_]


class RowPlan(NamedTuple):
    """What the rows of B batch rows are."""

    kept: Flags
    """(B, T): whether the row is a transition"""
    ends: Flags
    """(B, T): whether the row is the last transition of its episode"""
    terminal_rows: int
    """Number of rows that hold only the observation after an episode's last transition"""
    unfinished: int
    """Number of rows in episodes that the file cuts off; they are left out, because their ends are unknown"""
    tail: int
    """Most rows after the last end of a batch row"""
    longest: int
    """Number of rows of the longest episode"""
    as_long: int
    """Number of episodes with `longest` rows"""


def plan_rows(terminals: Flags, ending: Ending) -> RowPlan:
    """Decide what each row is, from the terminals (B, T) of all agents."""
    batch_rows, rows = terminals.shape
    # Whether an end follows. Rows after the last end are unfinished.
    finished = np.flip(np.logical_or.accumulate(np.flip(terminals, axis=1), axis=1), axis=1)
    if ending is Ending.TERMINAL_ROW:
        kept = finished & ~terminals
        ends = np.zeros_like(terminals)
        ends[:, :-1] = terminals[:, 1:] & kept[:, :-1]
    else:
        kept, ends = finished, terminals.copy()
    lengths = episode_rows(terminals)
    longest = int(lengths.max(initial=0))
    return RowPlan(
        kept=kept,
        ends=ends,
        terminal_rows=int((finished & ~kept).sum()),
        unfinished=batch_rows * rows - int(finished.sum()),
        tail=int((~finished).sum(axis=1).max(initial=0)),
        longest=longest,
        as_long=int((lengths == longest).sum()),
    )


def episode_rows(terminals: Flags) -> NDArray[np.int64]:
    """Count the rows of every finished episode from terminals (B, T), terminal-observation rows included."""
    parts = [np.diff(np.flatnonzero(row), prepend=-1) for row in terminals]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def listed_rows(rows: Flags, first: int) -> str:
    """Say how many rows of a block are set in `rows` (B, T), and which is the first. The block begins at row `first`."""
    batch_row, row = map(int, np.argwhere(rows)[0])
    return f"{counted(int(rows.sum()), 'row')}, the first being {first + row:,} of batch row {batch_row}"
