"""The networks of a pack: their shapes, their stacked parameters, and how they are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import Discretisation
from recipe_sweep.trainers.actors import Actors
from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.critic import Critic
from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS
from recipe_sweep.trainers.flow import flow_network
from recipe_sweep.trainers.lanes import LaneMap
from recipe_sweep.trainers.mixers.base import Extra, Mixer, MixerSizes, Mixing
from recipe_sweep.trainers.mixers.registry import TRAINED_BY_CRITIC
from recipe_sweep.trainers.mixers.stacked import stacked
from recipe_sweep.trainers.networks import ACTOR_LAST_VARIANCE, Arrays, Mlp, Network, stack_arrays
from recipe_sweep.trainers.parameters import Copies, Layout, Stack, Target
from recipe_sweep.trainers.policies.registry import ACTOR_BOUNDS, policy_of
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.sampler import Reads
from recipe_sweep.trainers.task import TaskSpec
from recipe_sweep.trainers.value_learning.base import AdvantageTerms
from recipe_sweep.trainers.value_learning.registry import VALUE_LEARNING

Initial = Callable[[int, str], Arrays | None]
"""(lane, network) -> the network's parameters in this lane, or None to draw them. `network` is the name in checkpoints.

`lane` is a value lane of critics, mixers and value networks, and an actor lane of actors. For a flow it is the first actor lane
that it serves.
"""


def _draw(lane: int, network: str) -> Arrays | None:
    return None


def actor_network(spec: TaskSpec, config: LearnerConfig, reads_noise: bool = False) -> Mlp:
    """Make the actor's network, which all agents share: an observation and the agent's number, perhaps noise -> mu."""
    inputs = spec.obs_dim + spec.n_agents + (spec.action_dim if reads_noise else 0)
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
        self.flow_policy = policy_of(spec, Discretisation.STRAIGHT_THROUGH)
        context, action = self.decomposition.context_size(spec), self.decomposition.action_size(spec)
        word = config.decomposition
        pair = self._valuing(2 * (context + action)) if word.pairs else None
        self._critic_net = Critic(self._valuing(context + action), pair, spec.n_agents)
        self.compares_policy = word.reads_policy(config.value_learning)
        self.critic_follows_actor = self.learning.follows_actor or self.compares_policy
        self._value_net = self._valuing(context)
        self._actor_net, self._noisy_net = actor_network(spec, config), actor_network(spec, config, reads_noise=True)
        self._flow_net = flow_network(spec, config)
        self._mixer_net = self._mixer()
        self._stacked_mixer = stacked(self._mixer_net, config.kernels) if self._mixer_net else None
        self._device = device
        value_seeds = [lane.seed for lane in lanes.values]
        self.critic = self._critics(value_seeds, initial)
        reads_noise = [lane.flow is not None for lane in lanes.actors]
        self.actor = self._actor_stack(self._actor_net, [i for i, noisy in enumerate(reads_noise) if not noisy], initial)
        noisy = self._actor_stack(self._noisy_net, [i for i, each in enumerate(reads_noise) if each], initial)
        self.actors = Actors(self.actor, noisy if any(reads_noise) else None, reads_noise, device)
        self.flow = self._flow_stack(initial) if lanes.flows else None
        self.value = self._stack(self._value_net, value_seeds, "value", initial) if self.learning.has_value_network else None
        self.mixer = self._stack(self._mixer_net, value_seeds, "mixer", initial) if self._mixer_net else None
        self.target_critic = Target(self.critic)
        self.target_mixer = Target(self.mixer) if self.mixer else None
        copied = config.value_learning.has_target_value
        self.target_value = Target(self.value) if self.value is not None and copied else None

    def _mixer(self) -> Mixer | None:
        make, spec, config = self.decomposition.mixer, self.spec, self.config
        if make is None:
            return None
        inputs = spec.obs_dim + spec.n_agents
        own = config.mixer_embed, config.mixer_hidden, config.mixer_gain
        return make(MixerSizes(spec.n_agents, inputs, spec.action_dim, spec.state_dim, *own))

    def _valuing(self, inputs: int) -> Mlp:
        return Mlp(inputs, self.config.hidden, 1, norm=True, kernels=self.config.kernels)

    def _critics(self, seeds: list[int], initial: Initial) -> Stack:
        heads, network = range(self.config.heads), self._critic_net
        given = [network.gather(k, partial(initial, lane)) for lane in range(len(seeds)) for k in heads]
        draws = [(seed, k) for seed in seeds for k in heads]
        drawn = {
            (seed, k): network.draw(k, partial(generator, seed, "initial"))
            for (seed, k), found in zip(draws, given, strict=True)
            if found is None
        }
        return self._filled(network.layout, [drawn[key] if own is None else own for key, own in zip(draws, given, strict=True)])

    def _actor_stack(self, network: Mlp, lanes: list[int], initial: Initial) -> Stack:
        """Stack the actors of some lanes."""
        seeds = [self.lanes.actors[lane].seed for lane in lanes]
        return self._stack(network, seeds, "actor", lambda row, name: initial(lanes[row], name))

    def _flow_stack(self, initial: Initial) -> Stack:
        """Stack the flows. Each has the initial parameters of its first run."""
        served = [lane.flow for lane in self.lanes.actors]
        first = [served.index(flow) for flow in range(len(self.lanes.flows))]
        seeds = [lane.seed for lane in self.lanes.flows]
        return self._stack(self._flow_net, seeds, "flow", lambda row, name: initial(first[row], name))

    def _stack(self, network: Network, seeds: list[int], name: str, initial: Initial) -> Stack:
        drawn: dict[int, Arrays] = {}
        copies = []
        for lane, seed in enumerate(seeds):
            given = initial(lane, name)
            if given is None and seed not in drawn:
                drawn[seed] = network.initial(generator(seed, "initial", name))
            copies.append(drawn[seed] if given is None else given)
        return self._filled(network.layout, copies)

    def _filled(self, layout: Layout, copies: Sequence[Arrays]) -> Stack:
        stack = Stack(layout, len(copies), dtype=self.config.dtype, device=self._device, kernels=self.config.kernels)
        stack_arrays(layout, copies, out=stack.flat)
        return stack

    @property
    def reads(self) -> Reads:
        """Columns of the data that a step needs beside those that every step needs."""
        return Reads(
            next_actions=self.learning.reads_next_actions,
            states=self.decomposition.uses_state,
            legals=self.spec.masked and (self.policy.reads_legal or self.flow is not None),
            next_legals=self.spec.masked and self.critic_follows_actor,
            flow_noise=self.flow is not None,
        )

    @property
    def trains_mixer(self) -> bool:
        """Whether the critic's loss trains the mixer (the paper) or not (its released code)."""
        return self.mixer is not None and TRAINED_BY_CRITIC[self.config.mixer_training]

    def means(self, actor: Copies, x: Tensor) -> Tensor:
        """Compute means mu (L, *, A) of agents' inputs x (L, *, X)."""
        mu = self._evaluate(self._actor_net, actor, x.flatten(1, -2)).view(*x.shape[:-1], self.spec.action_dim)
        return ACTOR_BOUNDS[self.config.actor_bound](mu)

    def means_with_noise(self, actor: Copies, x: Tensor, noise: Tensor) -> Tensor:
        """Compute means (L, *, A) of policies that read inputs x (L, *, X) and noise (L, *, A)."""
        joined = torch.cat([x, noise], dim=-1)
        mu = self._evaluate(self._noisy_net, actor, joined.flatten(1, -2)).view(*x.shape[:-1], self.spec.action_dim)
        return ACTOR_BOUNDS[self.config.actor_bound](mu)

    def all_means(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """Compute means (L, *, A) of all lanes' policies, without a graph.

        Without noise, policies that read some read zeros.
        """
        with torch.no_grad():
            if self.actors.all_plain:
                return self.means(self.actor.frozen, x)
            assert self.actors.noisy is not None
            plain, noisy = self.actors.split(x)
            drawn = x.new_zeros(*x.shape[:-1], self.spec.action_dim) if noise is None else noise
            ends = self.means_with_noise(self.actors.noisy.frozen, noisy, self.actors.split(drawn)[1])
            return self.actors.joined(self.means(self.actor.frozen, plain), ends) if len(plain) else ends

    def policy_means(self, views: Views) -> Tensor:
        """Compute means (V, B, N, A) of the policies that learn with the value lanes, without a graph.

        It is for designs whose critic follows the actor.
        """
        return self.all_means(views.x, views.noise)

    def read_actions(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return all lanes' actions (L, *, A) as critics read them. Those of the extraction `flow` may be read otherwise."""
        if self.actors.all_plain or not self.spec.discrete:
            return self.policy.critic_action(mu, legal)
        plain, noisy = self.actors.split(mu)
        allowed = (None, None) if legal is None else self.actors.split(legal)
        ends = self.flow_policy.critic_action(noisy, allowed[1])
        return self.actors.joined(self.policy.critic_action(plain, allowed[0]), ends)

    def velocity(self, flow: Copies, x: Tensor) -> Tensor:
        """Compute velocities (F, B, N, A) of inputs (F, B, N, X + A + 16): see trainers/flow.py."""
        return self._evaluate(self._flow_net, flow, x.flatten(1, -2)).view(*x.shape[:-1], self.spec.action_dim)

    def q(self, critic: Copies, context: Tensor, actions: Tensor) -> Tensor:
        """Compute critic values (V, K, G, units): contexts (V, units, C), G sets of actions (V, G, B, N, A)."""
        joined = self.decomposition.join(actions)
        lanes, sets, *units, _ = joined.shape
        read, acted = context.flatten(1, -2), joined.flatten(2, -2)
        return self._evaluate(self._critic_net, critic, read, acted).view(lanes, self.config.heads, sets, *units)

    def v(self, value: Copies, context: Tensor) -> Tensor:
        """Compute the value network's values (V, units) of contexts (V, units, C)."""
        return self._evaluate(self._value_net, value, context.flatten(1, -2)).view(context.shape[:-1])

    def _evaluate(self, network: Callable[..., Tensor], copies: Copies, *inputs: Tensor) -> Tensor:
        with self.config.arithmetic(self._device):
            y = network(copies, *inputs)
        return y.to(self.config.dtype)

    def credited(self, q: Tensor) -> Tensor:
        """Return the values (V, *, units) whose advantages AWR reads: the critic's, or the total where all agents share one."""
        return self.decomposition.total(q, None, Extra()) if self.config.decomposition.shares_advantage else q

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

    def target_total(self, views: Views, actions: Tensor, compared: Tensor | None = None) -> Tensor:
        """Compute min_k T_bar(Q_bar_k(., u); s) (V, units) of one set of actions (V, 1, B, N, A).

        `compared` (V, 1 or K, B, N) are the values that a mixer may compare with (`Extra`).
        """
        q = self._target_q(views, actions)
        return self.decomposition.total(q, self.target_mixing(views), Extra(actions, compared)).amin(1)

    def target_advantage_terms(self, views: Views, actions: Tensor) -> AdvantageTerms:
        """Compute min_k Q_bar_k(., u) (V, units) and the target mixer's local weights.

        Where all agents share an advantage, it is min_k T_bar_k (V, B). There is one set of actions (V, 1, B, N, A). Without
        a mixer every weight is 1.
        """
        q = self.credited(self._target_q(views, actions)).amin(1)
        mixing = self.target_mixing(views)
        if mixing is None:
            return AdvantageTerms(q, torch.ones_like(q))
        weight = mixing.local_weight(q.unsqueeze(1), Extra(actions)).squeeze(1)
        return AdvantageTerms(q, weight)

    def target_compared(self, views: Views, mu: Tensor | None = None, taken: Tensor | None = None) -> Tensor | None:
        """Compute Q_bar_k (V, K, B, N) of the present policy's actions; None if no mixer compares with them.

        `mu` are the policy's means, if they are there already. It is also None if critics read the actions `taken`, because
        every value would then be compared with itself.
        """
        if not self.compares_policy:
            return None
        read = self.read_actions(self.policy_means(views) if mu is None else mu, views.legal)
        return None if read is taken else self._target_q(views, read.unsqueeze(1))

    def _target_q(self, views: Views, actions: Tensor) -> Tensor:
        return self.q(self.target_critic.copies, self.decomposition.context(views), actions).squeeze(2)
