"""Sizes of networks. A plan derives from them what a design costs, without making an array."""

from __future__ import annotations

import itertools
from typing import NamedTuple


class Net(NamedTuple):
    """A multi-layer perceptron: its widths, input first, and whether LayerNorm follows each hidden layer (`norm`)."""

    widths: tuple[int, ...]
    norm: bool = False
    bias: bool = True
    """Whether the last layer has a bias"""
    rows: int = 1
    """Rows that it reads for each transition, if it is a network of a mixer"""

    @property
    def weights(self) -> int:
        """Entries of its weight matrices."""
        return sum(fan_in * fan_out for fan_in, fan_out in itertools.pairwise(self.widths))

    @property
    def parameters(self) -> int:
        """Entries of its matrices and biases, and of LayerNorm's scales and shifts."""
        hidden = sum(self.widths[1:-1])
        return self.weights + hidden + self.bias * self.widths[-1] + (2 * hidden if self.norm else 0)

    @property
    def activations(self) -> int:
        """Numbers that a row keeps for the backward pass.

        They are its input, and for each hidden unit GELU's slope and the output.
        """
        return self.widths[0] + 2 * sum(self.widths[1:-1])

    def forward(self, rows: int) -> int:
        """Count the operations of evaluating `rows` rows."""
        return 2 * self.weights * rows

    def training(self, rows: int) -> int:
        """Count the operations of the forward pass and of every matrix's gradient, without gradients of the inputs."""
        first = self.widths[0] * self.widths[1]
        return 2 * rows * (2 * self.weights + self.weights - first)

    def gradient_of_inputs(self, rows: int, inputs: int) -> int:
        """Count the operations of the forward pass and of the gradient of the last `inputs` inputs alone."""
        first = self.widths[0] * self.widths[1]
        return 2 * rows * (2 * self.weights - first + inputs * self.widths[1])


class Sizes(NamedTuple):
    """The numbers that determine the sizes of a design's networks."""

    agents: int
    own: int
    """Width of one agent's input: its observation and its index as one-hot."""
    state: int
    action: int
    """Width of one agent's action."""
    hidden: tuple[int, ...]
    mixer_embed: int
    mixer_hidden: int


class ValueNetworks(NamedTuple):
    """The networks that compute the values of a design."""

    critic: Net
    value: Net
    """Network of V. It reads what the critic reads, without the actions."""
    critics: int
    """Rows that a critic reads for each transition: 1, or one for each agent."""
    action: int
    """Width of the actions that one critic reads."""
    mixer: tuple[Net, ...] = ()
    """Networks of the mixer that read the state or the agents' inputs."""
    judge: Net | None = None
    """Network of the mixer that also reads the actions; None if it has none. It is needed only where values are compared."""
    pair: Net | None = None
    """Second network of each critic, which reads pairs of agents"""
    pairs: int = 0
    """Rows that the network of pairs reads for each transition"""


def joint_critic(sizes: Sizes) -> ValueNetworks:
    """Size one critic that reads the state and all actions."""
    return _networks(sizes, sizes.state, sizes.agents * sizes.action, 1)


def agent_critics(sizes: Sizes) -> ValueNetworks:
    """Size one critic that each agent evaluates on its own input and action."""
    return _networks(sizes, sizes.own, sizes.action, sizes.agents)


def mixed_critics(sizes: Sizes) -> ValueNetworks:
    """Size the agents' critics and the four networks that compute QMIX's weights from the state (Appendix D)."""
    state, wide, embed = sizes.state, sizes.mixer_hidden, sizes.mixer_embed
    mixer = (
        Net((state, wide, sizes.agents * embed), norm=True),
        Net((state, wide, embed), norm=True),
        Net((state, embed, 1), norm=True),
        Net((state, embed)),
    )
    return agent_critics(sizes)._replace(mixer=mixer)


def weighted_critics(sizes: Sizes) -> ValueNetworks:
    """Size the agents' critics, and the two networks that compute the weights and the bias of their sum."""
    state, embed = sizes.state, sizes.mixer_embed
    mixer = Net((state, sizes.mixer_hidden, sizes.agents), norm=True), Net((state, embed, 1), norm=True)
    return agent_critics(sizes)._replace(mixer=mixer)


HEADS_OF_ATTENTION = 4
"""Heads of Qatten's attention"""
KERNELS = 4
"""Kernels of QPLEX's weights"""


def attended_critics(sizes: Sizes) -> ValueNetworks:
    """Size the agents' critics, and the networks of Qatten's keys, queries, weights of heads, and bias."""
    state, wide, embed = sizes.state, sizes.mixer_hidden, sizes.mixer_embed
    mixer = (
        Net((sizes.own, HEADS_OF_ATTENTION * embed), bias=False, rows=sizes.agents),
        Net((state, wide, HEADS_OF_ATTENTION * embed), norm=True),
        Net((state, wide, HEADS_OF_ATTENTION), norm=True),
        Net((state, embed, 1), norm=True),
    )
    return agent_critics(sizes)._replace(mixer=mixer)


def duelling_critics(sizes: Sizes) -> ValueNetworks:
    """Size the agents' critics, and QPLEX's five networks. One of them also reads all actions."""
    state, wide, agents = sizes.state, sizes.mixer_hidden, sizes.agents
    outputs = agents, agents, KERNELS, KERNELS * agents
    judge = Net((state + agents * sizes.action, wide, KERNELS * agents), norm=True)
    mixer = tuple(Net((state, wide, each), norm=True) for each in outputs)
    return agent_critics(sizes)._replace(mixer=mixer, judge=judge)


def paired_critics(sizes: Sizes) -> ValueNetworks:
    """Size the agents' critics, and the network that each critic evaluates on all ordered pairs of agents."""
    pair = Net((2 * (sizes.own + sizes.action), *sizes.hidden, 1), norm=True)
    return agent_critics(sizes)._replace(pair=pair, pairs=sizes.agents * (sizes.agents - 1))


def _networks(sizes: Sizes, context: int, action: int, critics: int) -> ValueNetworks:
    critic = Net((context + action, *sizes.hidden, 1), norm=True)
    return ValueNetworks(critic, Net((context, *sizes.hidden, 1), norm=True), critics, action)
