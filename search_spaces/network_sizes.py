"""Sizes of networks, by which plans know what a design costs; no array is made here."""

from __future__ import annotations

import itertools
from typing import NamedTuple


class Net(NamedTuple):
    """A multi-layer perceptron by its widths, input first; `norm` where LayerNorm follows each hidden layer."""

    widths: tuple[int, ...]
    norm: bool = False

    @property
    def weights(self) -> int:
        """Entries of its matrices."""
        return sum(fan_in * fan_out for fan_in, fan_out in itertools.pairwise(self.widths))

    @property
    def parameters(self) -> int:
        """Matrices, biases, and LayerNorm's scales and shifts."""
        hidden = sum(self.widths[1:-1])
        return self.weights + hidden + self.widths[-1] + (2 * hidden if self.norm else 0)

    @property
    def activations(self) -> int:
        """Numbers that a row keeps for the backward pass: what it reads; of each hidden unit GELU's slope and the output."""
        return self.widths[0] + 2 * sum(self.widths[1:-1])

    def forward(self, rows: int) -> int:
        """Operations of evaluating so many rows."""
        return 2 * self.weights * rows

    def training(self, rows: int) -> int:
        """Forward, and gradients of every matrix; none of the inputs."""
        first = self.widths[0] * self.widths[1]
        return 2 * rows * (2 * self.weights + self.weights - first)

    def gradient_of_inputs(self, rows: int, inputs: int) -> int:
        """Forward, and the gradient of the last `inputs` inputs alone."""
        first = self.widths[0] * self.widths[1]
        return 2 * rows * (2 * self.weights - first + inputs * self.widths[1])


class Sizes(NamedTuple):
    """What the networks of a design are sized by."""

    agents: int
    own: int
    """Width of one agent's input: its observation and which agent it is."""
    state: int
    action: int
    """Width of one agent's action."""
    hidden: tuple[int, ...]
    mixer_embed: int
    mixer_hidden: int


class ValueNetworks(NamedTuple):
    """The networks that make the values of a design."""

    critic: Net
    value: Net
    """Reads what the critic reads, but the actions."""
    critics: int
    """Rows that a critic reads of each transition: 1, or one for each agent."""
    action: int
    """Width of the actions that one critic reads."""
    mixer: tuple[Net, ...] = ()
    """Read the state, once for each transition."""


def joint_critic(sizes: Sizes) -> ValueNetworks:
    """One critic of the state and all actions."""
    return _networks(sizes, sizes.state, sizes.agents * sizes.action, 1)


def agent_critics(sizes: Sizes) -> ValueNetworks:
    """One critic that every agent asks of its own input and action."""
    return _networks(sizes, sizes.own, sizes.action, sizes.agents)


def mixed_critics(sizes: Sizes) -> ValueNetworks:
    """The agents' critics, and the four networks that make QMIX's weights of the state (Appendix D)."""
    state, wide, embed = sizes.state, sizes.mixer_hidden, sizes.mixer_embed
    mixer = (
        Net((state, wide, sizes.agents * embed), norm=True),
        Net((state, wide, embed), norm=True),
        Net((state, embed, 1), norm=True),
        Net((state, embed)),
    )
    return agent_critics(sizes)._replace(mixer=mixer)


def _networks(sizes: Sizes, context: int, action: int, critics: int) -> ValueNetworks:
    critic = Net((context + action, *sizes.hidden, 1), norm=True)
    return ValueNetworks(critic, Net((context, *sizes.hidden, 1), norm=True), critics, action)
