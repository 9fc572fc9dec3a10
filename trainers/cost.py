"""What a pack costs by its shapes alone: the least arithmetic of a gradient step, and memory. Pure Python: plans ask for it.

Arithmetic is that of the matrix products, a multiply and an add counted as two; pointwise work is not counted. It is the
least that the mathematics needs when everything that can be shared is (algorithms: "What follows"): one critic serves all
actors of a value lane, no gradient is taken that no loss asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from recipe_sweep.search_spaces.network_sizes import Net, Sizes
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.task import TaskSpec

HEADS = 2


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


def shapes_of(point: DesignPoint) -> Shapes:
    """Networks and rows of a point."""
    spec = task_spec(point.task)
    return _shapes(spec, point.decomposition, point.batch, point.hidden, point.mixer_embed, point.mixer_hidden)


def _shapes(spec: TaskSpec, decomposition: Decomposition, batch: int, hidden: tuple[int, ...], embed: int, wide: int) -> Shapes:
    own = spec.obs_dim + spec.n_agents
    sizes = Sizes(spec.n_agents, own, spec.state_dim, spec.action_dim, hidden, embed, wide)
    networks = decomposition.cost(sizes)
    return Shapes(
        critic=networks.critic,
        value=networks.value,
        actor=Net((own, *hidden, spec.action_dim)),
        mixer=networks.mixer,
        units=batch * networks.critics,
        samples=batch * spec.n_agents,
        batch=batch,
        action=networks.action,
    )


class Lanes(NamedTuple):
    """How many lanes a pack has of each kind."""

    values: int
    climbing: int
    """Actors whose loss takes the critic's gradient (BRAC)"""
    reading: int
    """Actors whose loss reads the critic's values (AWR)"""

    @property
    def actors(self) -> int:
        """All runs."""
        return self.climbing + self.reading

    @classmethod
    def of(cls, points: Sequence[DesignPoint]) -> Lanes:
        """Count the lanes of the runs of one pack."""
        climbing = sum(point.extraction.climbs_critic for point in points)
        return cls(len({point.value_lane_id for point in points}), climbing, len(points) - climbing)


class Operations(NamedTuple):
    """Floating-point operations of one gradient step, by kind of lane."""

    value: int
    """Of a value lane: critics, targets, mixer, value network"""
    climbing: int
    """Of an actor lane under BRAC: its training, the critic's gradient, and under TD the next actions"""
    reading: int
    """Of an actor lane under AWR: its training, the baseline where no value network gives one, and under TD the next actions"""


def step_flops(points: Sequence[DesignPoint]) -> float:
    """The least floating-point operations of one gradient step of a pack."""
    each, lanes = operations(points[0]), Lanes.of(points)
    return float(each.value * lanes.values + each.climbing * lanes.climbing + each.reading * lanes.reading)


def alone_flops(points: Sequence[DesignPoint]) -> float:
    """The least operations of one gradient step of each of a pack's runs, were every one trained by itself."""
    each, lanes = operations(points[0]), Lanes.of(points)
    return float(each.value * lanes.actors + each.climbing * lanes.climbing + each.reading * lanes.reading)


def operations(point: DesignPoint) -> Operations:
    """What each lane of the point's pack computes in a step."""
    spec = task_spec(point.task)
    widths = (point.hidden, point.mixer_embed, point.mixer_hidden)
    return _operations(spec, point.decomposition, point.value_learning, point.batch, *widths)


@cache
def _operations(
    spec: TaskSpec,
    decomposition: Decomposition,
    learning: ValueLearning,
    batch: int,
    hidden: tuple[int, ...],
    embed: int,
    wide: int,
) -> Operations:
    shapes = _shapes(spec, decomposition, batch, hidden, embed, wide)
    critic, net, actor, units = shapes.critic, shapes.value, shapes.actor, shapes.units
    mixing = sum(part.forward(batch) for part in shapes.mixer)
    value = HEADS * (critic.training(units) + critic.forward(units)) + mixing
    value += sum(part.training(batch) for part in shapes.mixer)
    own = actor.training(shapes.samples)
    baseline = HEADS * critic.forward(units)
    if learning.has_value_network:
        value += net.training(units) + net.forward(units) + mixing
        baseline = 0
    if learning.follows_actor:
        own += actor.forward(shapes.samples)
    return Operations(value, own + HEADS * critic.gradient_of_inputs(units, shapes.action), own + baseline)


class Memory(NamedTuple):
    """Bytes of a pack in its process, beside the libraries and what the operating system shares between processes."""

    parameters: int
    """Weights, their gradients, the optimiser's two moments, and targets"""
    activations: int
    """The most that any one loss keeps for its backward pass, and the weights and gradients which that pass works with"""
    dataset: int
    """Columns: mapped into memory once for all packs of a machine, or once per pack on a GPU"""

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.activations + self.dataset


def pack_memory(points: Sequence[DesignPoint]) -> Memory:
    """Bytes that a pack needs at its largest, with the fused kernels of the CPU; PyTorch's own keep half as much again."""
    point = points[0]
    shapes, lanes = shapes_of(point), Lanes.of(points)
    width = point.precision.bytes
    return Memory(
        width * _parameters(point, shapes, lanes),
        width * _activations(point, shapes, lanes),
        dataset_bytes(point, task_spec(point.task)),
    )


def dataset_bytes(point: DesignPoint, spec: TaskSpec) -> int:
    """Bytes of a dataset's columns in float32; 0 where its size is not declared (published files)."""
    agents = spec.n_agents
    observed = spec.state_dim in (spec.obs_dim, agents * spec.obs_dim)
    row = 4 * agents * (spec.obs_dim + spec.action_dim + 1) + 1 + (0 if observed else 4 * spec.state_dim)
    return row * (point.dataset_size or 0)


RESTING_COPIES = 4
"""Of each trained parameter: itself, its gradient, and two moments."""
PASSING_COPIES = 3
"""Of each parameter of the networks that a loss trains, while its backward pass lasts: weights with LayerNorm's scale folded
in, and gradients before and after that is undone."""
_HYPER_LAYERS = 4
"""Arrays kept of a hypernetwork's hidden layer, which PyTorch's operations compute: Linear, norm, its affine part, ReLU."""


def _parameters(point: DesignPoint, shapes: Shapes, lanes: Lanes) -> int:
    critic = HEADS * shapes.critic.parameters + sum(net.parameters for net in shapes.mixer)
    per_value = (RESTING_COPIES + 1) * critic  # one more: the target
    if point.value_learning.has_value_network:
        per_value += RESTING_COPIES * shapes.value.parameters
    return lanes.values * per_value + lanes.actors * RESTING_COPIES * shapes.actor.parameters


def _activations(point: DesignPoint, shapes: Shapes, lanes: Lanes) -> int:
    mixing = shapes.batch * sum(_HYPER_LAYERS * sum(net.widths[1:-1]) + 2 * net.widths[-1] for net in shapes.mixer)
    critic = HEADS * (shapes.units * shapes.critic.activations + PASSING_COPIES * shapes.critic.parameters) + mixing
    actor = shapes.samples * shapes.actor.activations + PASSING_COPIES * shapes.actor.parameters
    serving = lanes.climbing if point.value_learning.follows_actor else min(lanes.values, lanes.climbing)
    read = HEADS * (lanes.climbing * shapes.units * shapes.critic.activations + serving * shapes.critic.parameters)
    return max(lanes.values * critic, lanes.climbing * actor + read, lanes.reading * actor)
