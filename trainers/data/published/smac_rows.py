"""What is true of every row of SMAC's data, checked number by number.

A dead agent observes zeros, and its only legal action is the no-op. For a living agent the no-op is illegal. All agents get the
same reward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.published.vault import ACTIONS, LEGALS, REWARDS
from recipe_sweep.trainers.data.published.vault_rows import Flags, listed_rows
from recipe_sweep.trainers.environments.smac import NO_OP


class SmacRows(NamedTuple):
    """Rows of a block as they are in the file, all finite."""

    kept: Flags
    """(B, T): whether the row counts"""
    first: int
    """Number of the block's first row"""
    observations: NDArray[Any]
    """(B, T, N, O)"""
    actions: NDArray[Any]
    """(B, T, N)"""
    rewards: NDArray[Any]
    """(B, T, N)"""
    legals: NDArray[Any]
    """(B, T, N, A)"""


class Contradiction(NamedTuple):
    """A leaf with what was found in it and what was expected."""

    leaf: str
    found: str
    expected: str


def contradictions(rows: SmacRows) -> Iterator[Contradiction]:
    """Yield what contradicts SMAC's rules. Whether actions are legal is asked only if their numbers and the masks are sound."""
    yield from _each(REWARDS, rows, rows.rewards != rows.rewards[..., :1], rows.rewards, "one reward for all agents")
    unsound = [*_action_numbers(rows), *(list(_mask_bits(rows)) or _masks(rows))]
    yield from unsound or _chosen(rows)


def _action_numbers(rows: SmacRows) -> Iterator[Contradiction]:
    actions, last = rows.actions, rows.legals.shape[-1] - 1
    whole = actions == np.floor(actions)
    yield from _each(ACTIONS, rows, ~whole, actions, "whole numbers of actions")
    yield from _each(ACTIONS, rows, whole & ((actions < 0) | (actions > last)), actions, f"numbers from 0 to {last}")


def _mask_bits(rows: SmacRows) -> Iterator[Contradiction]:
    wrong = (rows.legals != 0) & (rows.legals != 1)

    def value(where: tuple[int, ...]) -> str:
        return f"{rows.legals[where][wrong[where]][0]:g}"

    yield from _found(LEGALS, rows, wrong.any(axis=-1), value, "1 for a legal action and 0 for another")


def _masks(rows: SmacRows) -> Iterator[Contradiction]:
    legal = rows.legals != 0
    dead = (rows.observations == 0).all(axis=-1)
    only_no_op = legal[..., NO_OP] & (legal.sum(axis=-1) == 1)

    def listed(where: tuple[int, ...]) -> str:
        return f"the legal actions {', '.join(map(str, np.flatnonzero(legal[where]))) or 'none'}"

    none, expected = ~legal.any(axis=-1), "at least one legal action"
    yield from _found(LEGALS, rows, none, listed, expected)
    expected = f"the no-op {NO_OP} alone, because the agent observes zeros, as the dead do"
    yield from _found(LEGALS, rows, dead & ~only_no_op & ~none, listed, expected)
    expected = f"no no-op {NO_OP}, because the agent observes something, so it lives"
    yield from _found(LEGALS, rows, ~dead & legal[..., NO_OP], listed, expected)


def _chosen(rows: SmacRows) -> Iterator[Contradiction]:
    numbers = rows.actions.astype(np.intp)
    illegal = np.take_along_axis(rows.legals, numbers[..., None], axis=-1)[..., 0] == 0

    def told(where: tuple[int, ...]) -> str:
        return f"the action {numbers[where]}, which infos.legals forbids,"

    yield from _found(ACTIONS, rows, illegal, told, "a legal action of every agent")


def _each(leaf: str, rows: SmacRows, wrong: Flags, values: NDArray[Any], expected: str) -> Iterator[Contradiction]:
    """Show the first of the values (B, T, N) that are wrong."""
    yield from _found(leaf, rows, wrong, lambda where: f"{values[where]:g}", expected)


def _found(
    leaf: str, rows: SmacRows, wrong: Flags, told: Callable[[tuple[int, ...]], str], expected: str
) -> Iterator[Contradiction]:
    """Yield a contradiction if anything is `wrong` (B, T, N) in a row that counts. `told` describes the first one."""
    counts: Flags = wrong & rows.kept[..., None]
    if counts.any():
        where = tuple(map(int, np.argwhere(counts)[0]))
        found = f"{told(where)} of agent {where[-1]} in {listed_rows(np.any(counts, axis=-1), rows.first)}"
        yield Contradiction(leaf, found, expected)
