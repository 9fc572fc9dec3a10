"""What a pack costs by its shapes alone: the least arithmetic of a gradient step, and memory. Pure Python: plans ask for it.

Arithmetic is that of the matrix products, a multiply and an add counted as two; pointwise work is not counted. It is the
least that the mathematics needs when everything that can be shared is (algorithms: "What follows"): one critic serves all
actors of a value lane, no gradient is taken that no loss asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from search_spaces.point import DesignPoint
from search_spaces.vocabulary import Decomposition, Extraction, Precision, ValueLearning
from trainers.environments import task_spec
from trainers.task import TaskSpec

HEADS = 2


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
        """Numbers that a row keeps for the backward pass: before and after each hidden layer's activation."""
        return 2 * sum(self.widths[1:-1])

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


class Shapes(NamedTuple):
    """The networks of a design, and the rows that each of them reads in a step."""

    critic: Net
    value: Net
    actor: Net
    mixer: tuple[Net, ...]
    """Empty where nothing is mixed."""
    units: int
    """Rows of critics and values: the batch, times the agents where each agent has a critic."""
    samples: int
    """Rows of actors: batch times agents."""
    batch: int
    action: int
    """Actions that one critic reads."""
    width: int
    """Bytes of a number."""


def shapes_of(point: DesignPoint, spec: TaskSpec) -> Shapes:
    """Networks and rows of a point on a task."""
    agents, own = spec.n_agents, spec.obs_dim + spec.n_agents
    cen = point.decomposition is Decomposition.CEN
    context, action = (spec.state_dim, agents * spec.action_dim) if cen else (own, spec.action_dim)
    embed, wide, state = point.mixer_embed, point.mixer_hidden, spec.state_dim
    mixer = (
        Net((state, wide, agents * embed), norm=True),
        Net((state, wide, embed), norm=True),
        Net((state, embed, 1), norm=True),
        Net((state, embed)),
    )
    return Shapes(
        critic=Net((context + action, *point.hidden, 1), norm=True),
        value=Net((context, *point.hidden, 1), norm=True),
        actor=Net((own, *point.hidden, spec.action_dim)),
        mixer=mixer if point.decomposition is Decomposition.MIX else (),
        units=point.batch * (1 if cen else agents),
        samples=point.batch * agents,
        batch=point.batch,
        action=action,
        width=8 if point.precision is Precision.FLOAT64 else 4,
    )


class Lanes(NamedTuple):
    """How many lanes a pack has of each kind."""

    values: int
    brac: int
    awr: int

    @property
    def actors(self) -> int:
        """All runs."""
        return self.brac + self.awr

    @classmethod
    def of(cls, points: Sequence[DesignPoint]) -> Lanes:
        """Count the lanes of the runs of one pack."""
        brac = sum(point.extraction is Extraction.BRAC for point in points)
        return cls(len({point.value_lane_id for point in points}), brac, len(points) - brac)


def step_flops(points: Sequence[DesignPoint]) -> float:
    """The least floating-point operations of one gradient step of a pack."""
    point = points[0]
    shapes, lanes = shapes_of(point, task_spec(point.task)), Lanes.of(points)
    return float(_values(point, shapes) * lanes.values + _actors(point, shapes, lanes))


def alone_flops(points: Sequence[DesignPoint]) -> float:
    """The least operations of one gradient step of each of a pack's runs, were every one trained by itself."""
    point, lanes = points[0], Lanes.of(points)
    shapes = shapes_of(point, task_spec(point.task))
    actors = _actors(point, shapes, lanes)
    return float(_values(point, shapes) * lanes.actors + actors)


def _values(point: DesignPoint, shapes: Shapes) -> int:
    """Of one value lane: critics, targets, mixer, value network."""
    critic, value, units = shapes.critic, shapes.value, shapes.units
    mixing = sum(net.forward(shapes.batch) for net in shapes.mixer)
    total = HEADS * (critic.training(units) + critic.forward(units)) + mixing
    total += sum(net.training(shapes.batch) for net in shapes.mixer)
    if point.value_learning is ValueLearning.IQL:
        total += value.training(units) + value.forward(units) + mixing
    return total


def _actors(point: DesignPoint, shapes: Shapes, lanes: Lanes) -> int:
    """Of all actor lanes: their training, what their losses ask the critics for, and the next actions of TD."""
    actor, critic = shapes.actor, shapes.critic
    total = lanes.actors * actor.training(shapes.samples)
    if point.value_learning is ValueLearning.TD:
        total += lanes.actors * actor.forward(shapes.samples)
    total += lanes.brac * HEADS * critic.gradient_of_inputs(shapes.units, shapes.action)
    if point.value_learning is not ValueLearning.IQL:
        total += lanes.awr * HEADS * critic.forward(shapes.units)
    return total


class Memory(NamedTuple):
    """Bytes of a pack in its process, beside the libraries and what the operating system shares between processes."""

    parameters: int
    """Weights, their gradients, the optimiser's two moments, targets, and one scratch copy"""
    activations: int
    """The most that any one loss keeps for its backward pass, and what that pass works on"""
    dataset: int
    """Columns: mapped into memory once for all packs of a machine, or once per pack on a GPU"""

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.activations + self.dataset


def pack_memory(points: Sequence[DesignPoint]) -> Memory:
    """Bytes that a pack needs at its largest."""
    point = points[0]
    spec = task_spec(point.task)
    shapes, lanes = shapes_of(point, spec), Lanes.of(points)
    return Memory(_parameter_bytes(point, shapes, lanes), _activation_bytes(point, shapes, lanes), dataset_bytes(point, spec))


def dataset_bytes(point: DesignPoint, spec: TaskSpec) -> int:
    """Bytes of a dataset's columns in float32; 0 where its size is not declared (published files)."""
    agents = spec.n_agents
    observed = spec.state_dim in (spec.obs_dim, agents * spec.obs_dim)
    row = 4 * agents * (spec.obs_dim + spec.action_dim + 1) + 1 + (0 if observed else 4 * spec.state_dim)
    return row * (point.dataset_size or 0)


TRAINED_COPIES = 6
"""Of each trained parameter: itself, gradient, two moments, scratch, and the piece that the backward pass hands over."""


def _parameter_bytes(point: DesignPoint, shapes: Shapes, lanes: Lanes) -> int:
    critic = HEADS * shapes.critic.parameters + sum(net.parameters for net in shapes.mixer)
    per_value = (TRAINED_COPIES + 1) * critic  # one more: the target
    if point.value_learning is ValueLearning.IQL:
        per_value += TRAINED_COPIES * shapes.value.parameters
    return shapes.width * (lanes.values * per_value + lanes.actors * TRAINED_COPIES * shapes.actor.parameters)


def _activation_bytes(point: DesignPoint, shapes: Shapes, lanes: Lanes) -> int:
    widest = 3 * max(point.hidden)  # what the backward pass holds of one layer while it works
    critic = lanes.values * HEADS * shapes.units * (shapes.critic.activations + widest)
    actors = lanes.actors * shapes.samples * (shapes.actor.activations + widest)
    read = lanes.brac * HEADS * shapes.units * (shapes.critic.activations + widest)
    baseline = 0 if point.value_learning is ValueLearning.IQL else lanes.awr * HEADS * shapes.units * widest
    return shapes.width * max(critic, actors + max(read, baseline))
