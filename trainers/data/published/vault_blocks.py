"""Rows of a vault, block by block, each checked before anything is stored."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import BrokenVaultError
from recipe_sweep.trainers.data.published.smac_rows import SmacRows, contradictions
from recipe_sweep.trainers.data.published.vault import (
    ACTIONS,
    LEGALS,
    OBSERVATIONS,
    REWARDS,
    STATES,
    TERMINALS,
    TRUNCATIONS,
    Vault,
)
from recipe_sweep.trainers.data.published.vault_rows import Flags, listed_rows
from recipe_sweep.trainers.data.stored.columns import Bytes, Floats, state_is_observed
from recipe_sweep.trainers.task import TaskSpec

_NUMBERS = "biuf"
"""Kinds of numpy types that are real numbers."""


class Block(NamedTuple):
    """Some rows of all batch rows, with the types that are stored."""

    observations: Floats
    """(B, T, N, O)"""
    actions: NDArray[Any]
    """(B, T, N, A), not clipped; of a masked task the numbers of the actions, (B, T, N)"""
    rewards: Floats
    """(B, T, N)"""
    states: Floats
    """(B, T, S)"""
    legals: Bytes | None
    """(B, T, N, A) of a masked task"""


def require_leaves(vault: Vault, spec: TaskSpec) -> None:
    """Raise BrokenVaultError with every leaf that is missing, does not have the task's shape, or holds no numbers."""
    expected = _shapes(spec)
    listed = ", ".join(vault.names)
    problems = [vault.problem(name, f"no such key, only {listed}", "this key") for name in expected if name not in vault.names]
    batch_rows = vault.shape(OBSERVATIONS)[0] if OBSERVATIONS in vault.names else 0
    for name, rest in expected.items():
        if name not in vault.names:
            continue
        if vault.shape(name) != (wished := (batch_rows, vault.rows, *rest)):
            problems.append(vault.problem(name, f"shape {vault.shape(name)}", f"shape {wished} for {spec.name}"))
        elif vault.dtype(name).kind not in _NUMBERS:
            problems.append(vault.problem(name, f"values of type {vault.dtype(name)}", "real numbers"))
    if problems:
        raise BrokenVaultError(*problems)


def _shapes(spec: TaskSpec) -> dict[str, tuple[int, ...]]:
    """List the shapes of a task's leaves, without batch rows and rows."""
    agents, actions = (spec.n_agents,), (spec.n_agents, spec.action_dim)
    shapes: dict[str, tuple[int, ...]] = {
        OBSERVATIONS: (*agents, spec.obs_dim),
        ACTIONS: agents if spec.masked else actions,
        REWARDS: agents,
        TERMINALS: agents,
        TRUNCATIONS: agents,
        STATES: (spec.state_dim,),
    }
    return shapes | {LEGALS: actions} if spec.masked else shapes


def read_block(vault: Vault, spec: TaskSpec, kept: Flags, first: int) -> Block:
    """Read as many rows from `first` on as `kept` (B, T) has, and check those for which it is set.

    Raises BrokenVaultError with every leaf that contradicts what is known of the task's data.
    """
    last = first + kept.shape[1]
    names = (OBSERVATIONS, ACTIONS, REWARDS, STATES, *((LEGALS,) if spec.masked else ()))
    read = {name: vault.read(name, first, last) for name in names}
    _require_finite(vault, read, kept, first)
    floats = {name: read[name].astype(np.float32, copy=False) for name in (OBSERVATIONS, REWARDS, STATES)}
    if state_is_observed(spec):
        _require_states(vault, spec, read, kept, first)
    if not spec.masked:
        actions, legals = read[ACTIONS].astype(np.float32, copy=False), None
    else:
        rows = SmacRows(kept, first, read[OBSERVATIONS], read[ACTIONS], read[REWARDS], read[LEGALS])
        if problems := [vault.problem(*one) for one in contradictions(rows)]:
            raise BrokenVaultError(*problems)
        # Rows that do not count may hold anything, so they become zeros before the cast.
        actions = np.where(kept[..., None], read[ACTIONS], 0).astype(np.uint8)
        legals = np.where(kept[..., None, None], read[LEGALS], 0).astype(np.uint8)
    return Block(floats[OBSERVATIONS], actions, floats[REWARDS], floats[STATES], legals)


def _require_finite(vault: Vault, read: dict[str, NDArray[Any]], kept: Flags, first: int) -> None:
    problems: list[Problem] = []
    for name, values in read.items():
        infinite = ~np.isfinite(values).reshape(*kept.shape, -1).all(axis=2) & kept
        if infinite.any():
            found = f"NaN or infinity in {listed_rows(infinite, first)}"
            problems.append(vault.problem(name, found, "finite numbers"))
    if problems:
        raise BrokenVaultError(*problems)


def _require_states(vault: Vault, spec: TaskSpec, read: dict[str, NDArray[Any]], kept: Flags, first: int) -> None:
    """Raise BrokenVaultError if states differ from what the observations contain. So states need no column."""
    observations, states = read[OBSERVATIONS], read[STATES]
    joint = spec.state_dim != spec.obs_dim
    told = observations.reshape(*kept.shape, -1) if joint else observations[:, :, 0]
    different = (told != states).any(axis=2) & kept
    if different.any():
        batch_row, row = map(int, np.argwhere(different)[0])
        error = float(np.abs(told[different] - states[different]).max())
        found = (
            f"{int(different.sum()):,} of {int(kept.sum()):,} rows differ by up to {error:.3g}, the first being "
            f"{first + row:,} of batch row {batch_row}"
        )
        expected = "the agents' observations side by side" if joint else "the first agent's observation"
        raise BrokenVaultError(vault.problem(STATES, found, expected))
