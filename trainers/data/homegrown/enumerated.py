"""The two-step game's dataset: it lists every joint action of every state equally often and samples nothing."""

from __future__ import annotations

import itertools

import numpy as np

from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.environments.two_step import FIRST, PAYOFFS, RISKY, SAFE, SPEC, observe

_JOINT_ACTIONS = tuple(itertools.product(range(SPEC.action_dim), repeat=SPEC.n_agents))
_Row = tuple[int, tuple[int, ...]]
"""A state and a joint action."""

ROUND = len(PAYOFFS) * len(_JOINT_ACTIONS)
"""Number of rows of one round: each of the 3 states with each of its 4 joint actions, once."""


def uniform_columns(transitions: int) -> Columns:
    """List at least `transitions` rows, in whole rounds of 12.

    A round holds four whole games, one per first joint action. The game passes through its first state twice as often as
    through either second state. So a round also holds four games that begin in a second state. Over four rounds every second
    joint action follows every first one once, so `sarsa` sees all pairs too. A size that is no multiple of 12 uses some rows
    once more than others.
    """
    rounds = -(-transitions // ROUND)
    rows = [row for index in range(rounds) for row in _round(index)]
    states = np.array([state for state, _ in rows])
    joint = np.array([actions for _, actions in rows])
    payoff = PAYOFFS[states, joint[:, 0], joint[:, 1]]
    return Columns(
        observations=observe(states).astype(np.float32),
        actions=np.eye(SPEC.action_dim, dtype=np.float32)[joint],
        rewards=np.repeat(payoff[:, None], SPEC.n_agents, axis=1).astype(np.float32),
        terminals=states != FIRST,
        states=np.eye(SPEC.state_dim, dtype=np.float32)[states],
    )


def _round(index: int) -> list[_Row]:
    """List the rows of one round, game after game."""
    games: list[_Row] = []
    left = {SAFE: list(_JOINT_ACTIONS), RISKY: list(_JOINT_ACTIONS)}
    for number, first in enumerate(_JOINT_ACTIONS):
        state = SAFE if first[0] == 0 else RISKY
        second = _JOINT_ACTIONS[(number + index) % len(_JOINT_ACTIONS)]
        left[state].remove(second)
        games += [(FIRST, first), (state, second)]
    return games + [(state, actions) for state, unused in left.items() for actions in unused]
