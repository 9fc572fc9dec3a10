"""Critics: one network for each agent or team, and under DCG a second one for pairs of agents.

Both are parts of one row of parameters. So the optimiser, targets and checkpoints treat a critic as one network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from torch import Tensor

from recipe_sweep.trainers.networks import Arrays, Mlp
from recipe_sweep.trainers.parameters import Copies, Layout

_PAIR = "pair/"


def kept_name(head: int, leaf: str) -> str:
    """Name a leaf of a critic in kept weights: `critic/{head}/...` or `pair/{head}/...`."""
    return f"pair/{head}/{leaf.removeprefix(_PAIR)}" if leaf.startswith(_PAIR) else f"critic/{head}/{leaf}"


@dataclass(frozen=True)
class Critic:
    """The networks of one critic head. Evaluates contexts (V, U, C) and actions (V, G, U, A)."""

    alone: Mlp
    pair: Mlp | None = None
    agents: int = 1

    @cached_property
    def layout(self) -> Layout:
        """Leaves of the network, and those of the network of pairs under `pair/`."""
        pairs = {} if self.pair is None else self.pair.layout.shapes
        return Layout(dict(self.alone.layout.shapes) | {f"{_PAIR}{leaf}": shape for leaf, shape in pairs.items()})

    def gather(self, head: int, of: Callable[[str], Arrays | None]) -> Arrays | None:
        """Gather the leaves of head `head`. `of` finds a network by its name in kept weights; None if it finds none."""
        found = of(f"critic/{head}")
        if found is None or self.pair is None:
            return found
        return found | {f"{_PAIR}{leaf}": array for leaf, array in (of(f"pair/{head}") or {}).items()}

    def draw(self, head: int, generator: Callable[[str], np.random.Generator]) -> Arrays:
        """Draw the leaves of head `head`. Each network has a generator of its own, by its name in kept weights."""
        drawn = self.alone.initial(generator(f"critic/{head}"))
        pairs = {} if self.pair is None else self.pair.initial(generator(f"pair/{head}"))
        return drawn | {f"{_PAIR}{leaf}": array for leaf, array in pairs.items()}

    def __call__(self, copies: Copies, x: Tensor, actions: Tensor) -> Tensor:
        """Compute values (R, G, U, 1) as `Mlp` does. With pairs, U is B * N with agents last.

        Then every agent's value has the mean of the values of its pairs (a, b) added.
        """
        if self.pair is None:
            return self.alone(copies, x, actions)
        parts = torch.split(copies.flat, [self.alone.layout.size, self.pair.layout.size], dim=1)
        own = self.alone(Copies(parts[0], self.alone.layout), x, actions)
        if self.agents == 1:
            return own
        pairs = self.pair(Copies(parts[1], self.pair.layout), self._first(x), self._further(x, actions))
        return own + pairs.view(*own.shape[:-1], self.agents - 1).mean(-1, keepdim=True)

    @cached_property
    def _ordered(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """All ordered pairs of agents, by the first of them."""
        every = range(self.agents)
        pairs = [(a, b) for a in every for b in every if a != b]
        return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)

    def _of(self, x: Tensor, agents: tuple[int, ...]) -> Tensor:
        """Select the agents of pairs: (*, B * N, X) -> (*, B * pairs, X)."""
        per_agent = x.view(*x.shape[:-2], -1, self.agents, x.shape[-1])
        return per_agent.index_select(-2, _index(agents, x.device)).flatten(-3, -2)

    def _first(self, x: Tensor) -> Tensor:
        """Take what all sets of actions share: the input of each pair's first agent, (V, B * pairs, X)."""
        return self._of(x, self._ordered[0])

    def _further(self, x: Tensor, actions: Tensor) -> Tensor:
        """Join the rest of a pair's input: the first agent's action, and the second one's input and action."""
        firsts, seconds = self._ordered
        own, other = self._of(actions, firsts), self._of(actions, seconds)
        return torch.cat([own, self._of(x, seconds).unsqueeze(1).expand(*other.shape[:-1], -1), other], dim=-1)


@cache
def _index(agents: tuple[int, ...], device: torch.device) -> Tensor:
    """Hold the numbers of agents on the device, because a CUDA graph cannot copy them there."""
    return torch.tensor(agents, device=device)
