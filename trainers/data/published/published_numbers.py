"""Compares the numbers of the authors' data card with those of a file, computed as the authors did."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.published.tasks import Facts, PublishedTask
from recipe_sweep.trainers.data.published.vault_blocks import Block
from recipe_sweep.trainers.data.published.vault_rows import Flags
from recipe_sweep.trainers.data.stored.card import Comparison

FLOAT32_SUMS = 1e-4
"""Relative error of the authors' numbers, because the authors summed returns in float32, one row after the other."""
ROUNDED, ROUNDED_SHARE = 0.01, 0.001
"""Largest error of a printed return and of a printed share, because they are rounded."""


class FirstAgent:
    """What the authors' numbers are computed from: all rows of batch row 0, and the rewards of agent 0.

    It keeps a hash of each pair of state and joint action, because all pairs do not fit into memory.
    """

    def __init__(self, rows: int, pairs: bool) -> None:
        self.rewards = np.zeros(rows)
        self._pairs = np.zeros(rows, np.uint64) if pairs else None

    def add(self, block: Block, first: int) -> None:
        """Take the rows of a block that begins at row `first`."""
        last = first + block.rewards.shape[1]
        self.rewards[first:last] = block.rewards[0, :, 0]
        if self._pairs is not None:
            self._pairs[first:last] = _hashes(block)

    @property
    def coverage(self) -> float | None:
        """Different pairs of state and joint action as a share of all rows; None if pairs are not counted."""
        return None if self._pairs is None else len(np.unique(self._pairs)) / len(self._pairs)


def _hashes(block: Block) -> NDArray[np.uint64]:
    """Hash each row's state and joint action (T,)."""
    states = block.states[0] + np.float32(0.0)  # a negative zero becomes 0, because both are the same number
    actions = np.ascontiguousarray(block.actions[0])
    digests = [
        hashlib.blake2b(state.tobytes() + action.tobytes(), digest_size=8).digest()
        for state, action in zip(states, actions, strict=True)
    ]
    return np.frombuffer(b"".join(digests), np.uint64)


def compare(task: PublishedTask, facts: Facts, terminals: Flags, found: FirstAgent) -> Iterator[Comparison]:
    """Compare the data card's numbers with a file's. `terminals` are (B, T)."""
    ends = np.flatnonzero(terminals[0])
    totals = np.concatenate(([0.0], np.cumsum(found.rewards)))
    returns = np.diff(totals[ends + 1], prepend=0.0)
    sums = ROUNDED + FLOAT32_SUMS * abs(facts.maximum)
    numbers: list[tuple[str, float, float, float]] = [
        ("batch rows", task.batch_rows, terminals.shape[0], 0.0),
        ("rows per batch row", facts.rows, terminals.shape[1], 0.0),
        ("episodes", facts.episodes, len(returns), 0.0),
        ("mean return", facts.mean, returns.mean(), sums),
        ("std of returns", facts.std, returns.std(), sums),
        ("least return", facts.minimum, returns.min(), sums),
        ("greatest return", facts.maximum, returns.max(), sums),
    ]
    if facts.coverage is not None and found.coverage is not None:
        numbers.append(("joint SACo", facts.coverage, found.coverage, ROUNDED_SHARE))
    for quantity, published, value, tolerance in numbers:
        agrees = bool(abs(value - published) <= tolerance)
        yield Comparison(quantity=quantity, published=published, found=float(value), agrees=agrees)
