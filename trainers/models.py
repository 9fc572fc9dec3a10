"""The networks of a pack: their shapes, their stacked parameters, and how they are evaluated."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS
from recipe_sweep.trainers.lanes import LaneMap
from recipe_sweep.trainers.mixers.base import Extra, Mixer, MixerSizes, Mixing
from recipe_sweep.trainers.mixers.registry import TRAINED_BY_CRITIC
from recipe_sweep.trainers.mixers.stacked import stacked
from recipe_sweep.trainers.networks import ACTOR_LAST_VARIANCE, Arrays, Mlp, Network, stack_arrays
from recipe_sweep.trainers.parameters import Copies, Stack, Target
from recipe_sweep.trainers.policies.registry import ACTOR_BOUNDS, policy_of
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.sampler import Reads
from recipe_sweep.trainers.task import TaskSpec
from recipe_sweep.trainers.value_learning.registry import VALUE_LEARNING

Initial = Callable[[int, str], Arrays | None]
"""(lane, network) -> the network's parameters in this lane, or None to draw them. `network` is the name in checkpoints."""


def _draw(lane: int, network: str) -> Arrays | None:
    return None


def actor_network(spec: TaskSpec, config: LearnerConfig) -> Mlp:
    """Make the actor's network, which all agents share: an observation and the agent's number -> mu."""
    inputs = spec.obs_dim + spec.n_agents
    return Mlp(inputs, config.hidden, spec.action_dim, norm=False, last_variance=ACTOR_LAST_VARIANCE, kernels=config.kernels)


class Models:
    """Stacked networks: critics (V * K rows, head by head within a lane), mixer and value (V rows), actors (L rows)."""

    def __init__(
        self, spec: TaskSpec, config: LearnerConfig, lanes: LaneMap, device: torch.device, initial: Initial = _draw
    ) -> None:
        self.spec, self.config, self.lanes = spec, config, lanes
        self.decomposition = DECOMPOSITIONS[config.decomposition]
        self.learning = VALUE_LEARNING[config.value_learning]
        self.policy = policy_of(spec, config.discretisation)
        context, action = self.decomposition.context_size(spec), self.decomposition.action_size(spec)
        self._critic_net = Mlp(context + action, config.hidden, 1, norm=True, kernels=config.kernels)
        self._value_net = Mlp(context, config.hidden, 1, norm=True, kernels=config.kernels)
        self._actor_net = actor_network(spec, config)
        self._mixer_net = self._mixer()
        self._stacked_mixer = stacked(self._mixer_net, config.kernels) if self._mixer_net else None
        self._device = device
        value_seeds = [lane.seed for lane in lanes.values]
        heads = [f"critic/{k}" for k in range(config.heads)]
        self.critic = self._stack(self._critic_net, value_seeds, heads, initial)
        self.actor = self._stack(self._actor_net, [lane.seed for lane in lanes.actors], ["actor"], initial)
        self.value = self._stack(self._value_net, value_seeds, ["value"], initial) if self.learning.has_value_network else None
        self.mixer = self._stack(self._mixer_net, value_seeds, ["mixer"], initial) if self._mixer_net else None
        self.target_critic = Target(self.critic)
        self.target_mixer = Target(self.mixer) if self.mixer else None

    def _mixer(self) -> Mixer | None:
        make, spec, config = self.decomposition.mixer, self.spec, self.config
        if make is None:
            return None
        inputs = spec.obs_dim + spec.n_agents
        own = config.mixer_embed, config.mixer_hidden, config.mixer_gain
        return make(MixerSizes(spec.n_agents, inputs, spec.action_dim, spec.state_dim, *own))

    def _stack(self, network: Network, seeds: list[int], names: list[str], initial: Initial) -> Stack:
        layout = network.layout
        config = self.config
        stack = Stack(layout, len(seeds) * len(names), dtype=config.dtype, device=self._device, kernels=config.kernels)
        drawn: dict[tuple[int, str], Arrays] = {}
        copies = []
        for lane, seed in enumerate(seeds):
            for name in names:
                given = initial(lane, name)
                if given is None and (seed, name) not in drawn:
                    drawn[seed, name] = network.initial(generator(seed, "initial", name))
                copies.append(drawn[seed, name] if given is None else given)
        stack_arrays(layout, copies, out=stack.flat)
        return stack

    @property
    def reads(self) -> Reads:
        """Columns of the data that a step needs beside those that every step needs."""
        return Reads(
            next_actions=self.learning.reads_next_actions,
            states=self.decomposition.uses_state,
            legals=self.spec.masked and self.policy.reads_legal,
            next_legals=self.spec.masked and self.learning.follows_actor,
        )

    @property
    def trains_mixer(self) -> bool:
        """Whether the critic's loss trains the mixer (the paper) or not (its released code)."""
        return self.mixer is not None and TRAINED_BY_CRITIC[self.config.mixer_training]

    def means(self, actor: Copies, x: Tensor) -> Tensor:
        """Compute means mu (L, *, A) of agents' inputs x (L, *, X)."""
        mu = self._evaluate(self._actor_net, actor, x.flatten(1, -2)).view(*x.shape[:-1], self.spec.action_dim)
        return ACTOR_BOUNDS[self.config.actor_bound](mu)

    def q(self, critic: Copies, context: Tensor, actions: Tensor) -> Tensor:
        """Compute critic values (V, K, G, units): contexts (V, units, C), G sets of actions (V, G, B, N, A)."""
        joined = self.decomposition.join(actions)
        lanes, sets, *units, _ = joined.shape
        read, acted = context.flatten(1, -2), joined.flatten(2, -2)
        return self._evaluate(self._critic_net, critic, read, acted).view(lanes, self.config.heads, sets, *units)

    def v(self, value: Copies, context: Tensor) -> Tensor:
        """Compute the value network's values (V, units) of contexts (V, units, C)."""
        return self._evaluate(self._value_net, value, context.flatten(1, -2)).view(context.shape[:-1])

    def _evaluate(self, network: Mlp, copies: Copies, x: Tensor, actions: Tensor | None = None) -> Tensor:
        with self.config.arithmetic(self._device):
            y = network(copies, x, actions)
        return y.to(self.config.dtype)

    def mixing(self, mixer: Copies | None, views: Views) -> Mixing | None:
        """Prepare the mixer at the views; None without a mixer."""
        if mixer is None or views.state is None or self._stacked_mixer is None:
            return None
        with self.config.arithmetic(self._device):
            prepared = self._stacked_mixer.prepare(mixer, views.state, views.x)
        return Mixing(self._stacked_mixer, tuple(part.to(self.config.dtype) for part in prepared))

    def online_mixing(self, views: Views) -> Mixing | None:
        """Prepare the online mixer at the views, with a graph if the critic's loss trains it."""
        if self.mixer is None:
            return None
        return self.mixing(self.mixer.whole.copies if self.trains_mixer else self.mixer.frozen, views)

    def target_mixing(self, views: Views) -> Mixing | None:
        """Prepare the target mixer at the views."""
        return self.mixing(self.target_mixer.copies if self.target_mixer else None, views)

    def target_total(self, views: Views, actions: Tensor) -> Tensor:
        """Compute min_k T_bar(Q_bar_k(., u); s) (V, units) of one set of actions (V, 1, B, N, A)."""
        q = self.q(self.target_critic.copies, self.decomposition.context(views), actions).squeeze(2)
        return self.decomposition.total(q, self.target_mixing(views), Extra(actions)).amin(1)
