"""Cost of a pack, computed from its shapes: the least arithmetic of a gradient step, and memory. Pure Python, for plans.

Only matrix products count; a multiply and an add are two operations. Pointwise work does not count. This is the least that the
mathematics needs when everything is shared that can be (algorithms: "What follows"). One critic serves all actors of a value
lane, and only gradients that a loss needs are computed.
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
TIME_FEATURES, EULER_STEPS = 16, 10
"""Of the flow; trainers/flow.py has them too, but needs PyTorch."""


class Shapes(NamedTuple):
    """Networks of a design, and the rows that each network reads in a step."""

    critic: Net
    value: Net
    actor: Net
    mixer: tuple[Net, ...]
    """Networks of the mixer; empty if the design has none."""
    judge: Net | None
    """Network of the mixer that also reads actions"""
    pair: Net | None
    """Second network of each critic"""
    pairs: int
    """Rows that the second network reads"""
    units: int
    """Rows of critics and value networks: the batch, times the number of agents if each agent has a critic."""
    samples: int
    """Rows of actors: batch times agents."""
    batch: int
    action: int
    """Width of the actions that one critic reads."""
    noisy_actor: Net
    """Actor that reads noise too."""
    flow: Net
    """Velocity network of the extraction `flow`."""

    @property
    def whole_mixer(self) -> tuple[Net, ...]:
        """All networks of the mixer."""
        return (*self.mixer, self.judge) if self.judge else self.mixer

    @property
    def critics(self) -> tuple[tuple[Net, int], ...]:
        """Networks of one critic, and the rows that each reads."""
        own = (self.critic, self.units)
        return (own,) if self.pair is None else (own, (self.pair, self.pairs))


def shapes_of(point: DesignPoint) -> Shapes:
    """Compute networks and rows of a point."""
    spec = task_spec(point.task)
    return _shapes(point.decomposition, _sizes(point, spec), point.batch)


def _sizes(point: DesignPoint, spec: TaskSpec) -> Sizes:
    widths = (point.hidden, point.mixer_embed, point.mixer_hidden)
    return Sizes(spec.n_agents, spec.obs_dim + spec.n_agents, spec.state_dim, spec.action_dim, *widths)


def _shapes(decomposition: Decomposition, sizes: Sizes, batch: int) -> Shapes:
    networks = decomposition.cost(sizes)
    return Shapes(
        critic=networks.critic,
        value=networks.value,
        actor=Net((sizes.own, *sizes.hidden, sizes.action)),
        mixer=networks.mixer,
        judge=networks.judge,
        pair=networks.pair,
        pairs=batch * networks.pairs,
        units=batch * networks.critics,
        samples=batch * sizes.agents,
        batch=batch,
        action=networks.action,
        noisy_actor=Net((sizes.own + sizes.action, *sizes.hidden, sizes.action)),
        flow=Net((sizes.own + sizes.action + TIME_FEATURES, *sizes.hidden, sizes.action)),
    )


class Lanes(NamedTuple):
    """Number of lanes of each kind in a pack."""

    values: int
    climbing: int
    """Number of actors whose loss needs the critic's gradient (BRAC)"""
    reading: int
    """Number of actors whose loss needs only the critic's values (AWR)"""
    noisy: int = 0
    """Number of actors that read noise and climb the critic"""
    flows: int = 0
    """Number of flows"""

    @property
    def actors(self) -> int:
        """Number of runs."""
        return self.climbing + self.reading + self.noisy

    @classmethod
    def of(cls, points: Sequence[DesignPoint]) -> Lanes:
        """Count the lanes of the runs of one pack."""
        noisy = [point.flow_lane_id for point in points if point.extraction.has_flow]
        climbing = sum(point.extraction.climbs_critic for point in points) - len(noisy)
        values = len({point.value_lane_id for point in points})
        return cls(values, climbing, len(points) - climbing - len(noisy), len(noisy), len(set(noisy)))


class Operations(NamedTuple):
    """Floating-point operations of one gradient step, by kind of lane."""

    value: int
    """Operations of a value lane: critics, targets, mixer, value network"""
    climbing: int
    """Operations of an actor lane under BRAC: its training, the critic's gradient, and under TD the next actions"""
    reading: int
    """Operations of an actor lane under AWR: its training; the baseline without a value network; under TD the next actions"""
    noisy: int
    """Operations of an actor lane that reads noise: as the climbing ones, with a wider input"""
    flow: int
    """Operations of a flow: its training, and what carries noise to actions"""


def step_flops(points: Sequence[DesignPoint]) -> float:
    """Count the least floating-point operations of one gradient step of a pack."""
    each, lanes = operations(points[0]), Lanes.of(points)
    return float(each.value * lanes.values + each.flow * lanes.flows + _of_actors(each, lanes))


def _of_actors(each: Operations, lanes: Lanes) -> int:
    return each.climbing * lanes.climbing + each.reading * lanes.reading + each.noisy * lanes.noisy


def alone_flops(points: Sequence[DesignPoint]) -> float:
    """Count the least operations of one gradient step of all of a pack's runs, if each run were trained alone."""
    each, lanes = operations(points[0]), Lanes.of(points)
    return float(each.value * lanes.actors + each.flow * lanes.noisy + _of_actors(each, lanes))


def operations(point: DesignPoint) -> Operations:
    """Count the operations that each kind of lane in the point's pack computes in a step."""
    spec = task_spec(point.task)
    return _operations(point.decomposition, point.value_learning, _sizes(point, spec), point.batch)


@cache
def _operations(decomposition: Decomposition, learning: ValueLearning, sizes: Sizes, batch: int) -> Operations:
    shapes = _shapes(decomposition, sizes, batch)
    net, actor, units = shapes.value, shapes.actor, shapes.units
    evaluated = HEADS * sum(each.forward(rows) for each, rows in shapes.critics)
    mixing = sum(part.forward(part.rows * batch) for part in shapes.mixer)
    value = HEADS * sum(each.training(rows) for each, rows in shapes.critics) + evaluated + mixing
    value += sum(part.training(part.rows * batch) for part in shapes.mixer)
    value += shapes.judge.training(batch) if shapes.judge else 0
    own, noisy = actor.training(shapes.samples), shapes.noisy_actor.training(shapes.samples)
    baseline = evaluated
    if learning.has_value_network:
        value += net.training(units) + net.forward(units) + mixing
        baseline = 0
    if learning.follows_actor:
        own += actor.forward(shapes.samples)
        noisy += shapes.noisy_actor.forward(shapes.samples)
    elif decomposition.reads_policy(learning):  # Targets compare with the policy's next actions.
        own += actor.forward(shapes.samples)
        noisy += shapes.noisy_actor.forward(shapes.samples)
        value += evaluated
    climbed = HEADS * sum(
        each.gradient_of_inputs(rows, shapes.action * width)
        for (each, rows), width in zip(shapes.critics, (1, 2), strict=False)
    )
    flow = shapes.flow.training(shapes.samples) + EULER_STEPS * shapes.flow.forward(shapes.samples)
    return Operations(value, own + climbed, own + baseline, noisy + climbed, flow)


class Memory(NamedTuple):
    """Bytes that a pack adds to its process. Libraries, and memory that processes share, are not counted."""

    parameters: int
    """Weights, their gradients, the optimiser's two moments, and targets"""
    activations: int
    """What the largest loss keeps for its backward pass, with the weights and gradients that this pass uses"""
    dataset: int
    """Columns of the dataset: in memory once for all packs of a machine, or once per pack on a GPU"""

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return self.parameters + self.activations + self.dataset


def pack_memory(points: Sequence[DesignPoint]) -> Memory:
    """Estimate the largest memory of a pack with compiled functions. PyTorch's own operations keep half as much again."""
    point = points[0]
    shapes, lanes = shapes_of(point), Lanes.of(points)
    width = point.precision.bytes
    return Memory(
        width * _parameters(point, shapes, lanes, RESTING_COPIES),
        width * _activations(point, shapes, lanes) + WORKSPACE_PAGE,
        dataset_bytes(point, task_spec(point.task)),
    )


def dataset_bytes(point: DesignPoint, spec: TaskSpec) -> int:
    """Compute the bytes of a dataset's columns in float32; 0 if its size is not declared (published files)."""
    agents = spec.n_agents
    observed = spec.state_dim in (spec.obs_dim, agents * spec.obs_dim)
    row = 4 * agents * (spec.obs_dim + spec.action_dim + 1) + 1 + (0 if observed else 4 * spec.state_dim)
    return row * (point.dataset_size or 0)


def checkpoint_bytes(points: Sequence[DesignPoint]) -> int:
    """Compute the bytes of one checkpoint of a pack: parameters, the optimiser's two moments, and targets."""
    point = points[0]
    shapes, lanes = shapes_of(point), Lanes.of(points)
    return point.precision.bytes * _parameters(point, shapes, lanes, RESTING_COPIES - 1)  # without the gradient


def weights_bytes(point: DesignPoint, *, critics: bool) -> int:
    """Compute the bytes of one run's kept weights: the actor's, and with `critics` those of all its networks."""
    shapes = shapes_of(point)
    has_flow = point.extraction.has_flow
    parameters = (shapes.noisy_actor if has_flow else shapes.actor).parameters
    if critics:
        parameters += shapes.flow.parameters if has_flow else 0
        parameters += _critic_parameters(shapes)
        parameters += shapes.value.parameters if point.value_learning.has_value_network else 0
    return point.precision.bytes * parameters


RESTING_COPIES = 4
"""Copies of each trained parameter: itself, its gradient, and two moments."""
WORKSPACE_PAGE = 2**21
"""Bytes of a page: what a pack keeps for its backward passes takes whole pages, if the system has large ones."""
PASSING_COPIES = 1
"""Temporary copies of each parameter that a loss trains, during its backward pass: the gradient, before it is stored."""
_HYPER_OUTPUTS = 3
"""Arrays of a hypernetwork's outputs during the critic's loss: those of the online and the target mixer, and their gradient.
A hidden layer keeps one, because ReLU needs no slope."""


def _parameters(point: DesignPoint, shapes: Shapes, lanes: Lanes, copies: int) -> int:
    """Count the numbers of a pack that has so many copies of each trained parameter, and one of each target."""
    per_value = (copies + 1) * _critic_parameters(shapes)
    if point.value_learning.has_value_network:
        per_value += (copies + point.value_learning.has_target_value) * shapes.value.parameters
    actors = (lanes.climbing + lanes.reading) * shapes.actor.parameters + lanes.noisy * shapes.noisy_actor.parameters
    return lanes.values * per_value + copies * (actors + lanes.flows * shapes.flow.parameters)


def _critic_parameters(shapes: Shapes) -> int:
    critics = HEADS * sum(net.parameters for net, _ in shapes.critics)
    return critics + sum(net.parameters for net in shapes.whole_mixer)


def _activations(point: DesignPoint, shapes: Shapes, lanes: Lanes) -> int:
    mixer = shapes.whole_mixer
    mixing = shapes.batch * sum(net.rows * (sum(net.widths[1:-1]) + _HYPER_OUTPUTS * net.widths[-1]) for net in mixer)
    mixing += PASSING_COPIES * sum(net.parameters for net in mixer)
    kept = HEADS * sum(rows * net.activations for net, rows in shapes.critics)
    critic = kept + HEADS * PASSING_COPIES * sum(net.parameters for net, _ in shapes.critics) + mixing
    actor = shapes.samples * shapes.actor.activations + PASSING_COPIES * shapes.actor.parameters
    noisy = shapes.samples * shapes.noisy_actor.activations + PASSING_COPIES * shapes.noisy_actor.parameters
    flow = lanes.flows * (shapes.samples * shapes.flow.activations + PASSING_COPIES * shapes.flow.parameters)
    acting = lanes.climbing * (actor + kept), lanes.reading * actor, lanes.noisy * (noisy + kept)
    if point.decomposition.reads_policy(point.value_learning):  # The critic's loss waits for the policies' values.
        return max(lanes.values * critic, flow) + sum(acting)
    return max(lanes.values * critic, flow, *acting)
