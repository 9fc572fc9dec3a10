"""One gradient step of every lane of a pack (algorithms: "One step").

All losses are computed at the same parameters. Then every network takes one Adam step, and then the targets follow. Lanes do
not affect each other: a loss is summed over lanes only so that one backward pass serves all of them. If a lane's numbers are
not finite, or its |Q| exceeds the bound, a mask freezes it before its update. So its last finite parameters remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recipe_sweep.trainers import diagnostics
from recipe_sweep.trainers.batch import Batch, agent_inputs
from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.cuda_graph import GraphedStep
from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.decomposition.team_reward import TEAM_REWARDS
from recipe_sweep.trainers.extraction.base import ExtractionData
from recipe_sweep.trainers.extraction.registry import extraction
from recipe_sweep.trainers.flow_step import FlowStep, carried, drawn_action, flow_loss
from recipe_sweep.trainers.lanes import Grouping, LaneGroup, LaneMap, Select
from recipe_sweep.trainers.mixers.base import Extra
from recipe_sweep.trainers.models import Initial, Models, _draw
from recipe_sweep.trainers.normalisation import CRITIC_NORMS, CriticLoss
from recipe_sweep.trainers.parameters import Copies, Trained
from recipe_sweep.trainers.policies.base import Policy
from recipe_sweep.trainers.report import StepReport
from recipe_sweep.trainers.task import TaskSpec
from recipe_sweep.trainers.value_learning.base import StepData


class _Group(NamedTuple):
    lanes: LaneGroup
    actor: Trained
    batch_of: Select
    """Selection of each actor lane's batch"""
    serving: slice
    """Value lanes from the first to the last one that serves the group"""
    critic: Copies
    """Critics of these value lanes, without gradients"""
    value_of: Select
    """Selection of each actor lane's value lane among these"""
    grouping: Grouping
    alpha: Tensor
    policy: Policy
    flow_of: Select | None
    """Selection of each actor lane's flow lane, if the extraction has a flow"""


class _Acted(NamedTuple):
    """What a group's policies do at the batch."""

    mu: Tensor
    """(n, B, N, A), with its graph"""
    legal: Tensor | None
    actions: Tensor
    """(n, B, N, A): the actions as critics read them, with their graph"""
    q: Tensor | None = None
    """(V, K, G, units): Q_k of these actions, if the critic's loss reads it"""


class Learner:
    """The lanes of one pack and their state. `steps_taken` counts gradient steps."""

    def __init__(
        self,
        spec: TaskSpec,
        config: LearnerConfig,
        lanes: LaneMap,
        device: torch.device | None = None,
        initial: Initial = _draw,
    ) -> None:
        device = device or torch.device("cpu")
        self.spec, self.config, self.lanes = spec, config, lanes
        config.set_products()
        self.models = Models(spec, config, lanes, device, initial)
        self.steps_taken = 0
        values, actors, dtype = lanes.values, lanes.actors, config.dtype
        value_of = [lane.value for lane in actors]
        self._batch_of_value = Select([lanes.seeds.index(lane.seed) for lane in values], len(lanes.seeds), device)
        self.value_of_actor = Select(value_of, len(values), device)
        self._value_lr = torch.tensor([[lane.lr] for lane in values], dtype=dtype, device=device)
        self._critic_lr = self._value_lr.repeat_interleave(config.heads, 0)
        self._actor_lr = torch.tensor([[lane.lr] for lane in actors], dtype=dtype, device=device)
        self._tau = torch.tensor([[torch.nan if lane.tau is None else lane.tau] for lane in values], dtype=dtype, device=device)
        own = [torch.nan if lane.regularisation is None else lane.regularisation for lane in values]
        self._regularisation = torch.tensor([[each] for each in own], dtype=dtype, device=device)
        self._batch_of_flow = Select([lanes.seeds.index(lane.seed) for lane in lanes.flows], len(lanes.seeds), device)
        self._flow_lr = torch.tensor([[lane.lr] for lane in lanes.flows], dtype=dtype, device=device)
        self.flow_alive = torch.ones(len(lanes.flows), dtype=torch.bool, device=device)
        # One place behind the flows stands for the lanes without a flow.
        places = [len(lanes.flows) if lane.flow is None else lane.flow for lane in actors]
        self._flow_of_actor = torch.tensor(places, device=device)
        self.value_alive = torch.ones(len(values), dtype=torch.bool, device=device)
        self.actor_alive = torch.ones(len(actors), dtype=torch.bool, device=device)
        self.diverged_step = torch.full((len(actors),), -1, dtype=torch.int64, device=device)
        self._graphed = GraphedStep(self._take, device) if config.kernels.graph and device.type == "cuda" else None
        self._groups = [self._group(group, value_of[group.lanes], dtype, device) for group in lanes.groups]

    def step(self, batch: Batch, *, record: bool = False) -> StepReport:
        """Take one step on `batch` (one batch per distinct seed, in the order of `lanes.seeds`)."""
        if self._graphed is not None and not record:
            report = self._graphed(batch, self.steps_taken)
        else:
            report = self._take(batch, self.steps_taken, record=record)
        self.steps_taken += 1
        return report

    def _take(self, batch: Batch, step: int | Tensor, *, record: bool = False) -> StepReport:
        """Compute step number `step` (from 0) on the device. `step` is a number, or a tensor in the device's memory."""
        models, decomposition = self.models, self.models.decomposition
        inputs = agent_inputs(batch.obs)
        data = self._value_data(batch, inputs)
        context = decomposition.context(data.now)
        mixing = models.online_mixing(data.now)
        plain_mixing = mixing.detach() if mixing else None

        value = models.learning.value_loss(models, data, plain_mixing, self._tau)
        value_norms = self._backward(value.loss, value=models.value.whole) if value and models.value else {}
        early = [self._acted(group, batch, inputs, context) for group in self._groups] if models.compares_policy else None
        extra = Extra(data.actions, _compared(value.values if value else None, early))
        with torch.no_grad():
            target = data.reward + data.discount * models.learning.next_total(models, data)
        q = models.q(models.critic.whole.copies, context, data.actions).squeeze(2)
        total = decomposition.total(q, mixing, extra)
        critic = CRITIC_NORMS[self.config.critic_norm].loss(total, target)
        mixer = models.mixer.whole if models.mixer is not None and models.trains_mixer else None
        norms = self._backward(critic.loss, critic=models.critic.whole, mixer=mixer) | value_norms

        flow = self._learn_flow(batch, inputs, norms)
        plain_q = models.credited(q.detach()).amin(1)
        exponents = value.exponents if value else None
        means, losses, actor_norms, records = [], [], [], []
        for i, group in enumerate(self._groups):
            mu, legal, actions, policy_q = early[i] if early else self._acted(group, batch, inputs, context)
            cloned = group.batch_of(batch.actions)
            if group.flow_of is not None and flow is not None:
                cloned = drawn_action(models, group.flow_of(flow.carried), legal)
            loss = extraction(group.lanes.extraction).loss(
                models,
                ExtractionData(
                    actions=actions,
                    nll=group.policy.nll(mu, cloned, legal),
                    alpha=group.alpha,
                    norm=group.lanes.norm,
                    critic=group.critic,
                    context=context[group.serving],
                    q=plain_q[group.serving],
                    values=value.values[group.serving] if value else None,
                    exponents=None if exponents is None else exponents[group.serving],
                    mixing=plain_mixing.lanes(group.serving) if plain_mixing else None,
                    grouping=group.grouping,
                    value_of=group.value_of,
                    policy_q=policy_q,
                ),
            )
            actor_norms.append(self._backward(loss.loss, actor=group.actor)["actor"])
            means.append(mu.detach())
            losses.append(loss.loss.detach())
            if record:
                shown = loss.record() | diagnostics.illegal_choices(mu.detach(), legal)
                clipped = diagnostics.clipped_exponents(None if exponents is None else exponents[group.serving])
                shown |= flow.record(group.flow_of, norms["flow"]) if flow and group.flow_of else {}
                records.append((group.lanes.lanes, shown | {name: group.value_of(each) for name, each in clipped.items()}))

        actor = torch.cat(losses)
        norms["actor"] = torch.cat(actor_norms)
        self._freeze(step, critic, total, value.loss if value else None, actor, norms)
        measured = None
        if record:
            mu = torch.cat(means)
            mixed = diagnostics.of_mixing(plain_mixing, q.detach(), extra, self.config.gamma) if plain_mixing else {}
            measured = diagnostics.measure(self, total, target, critic, mixed, mu, actor, norms, records)
        self._update(step)
        return StepReport(
            critic.loss.detach(), value.loss.detach() if value else None, actor, measured, flow.loss if flow else None
        )

    def _learn_flow(self, batch: Batch, inputs: Tensor, norms: dict[str, Tensor]) -> FlowStep | None:
        """Compute the flows' gradients, and where the step's noise is carried before the flows learn. None without a flow."""
        models, pick = self.models, self._batch_of_flow
        if models.flow is None:
            return None
        assert batch.flow_start is not None
        assert batch.flow_time is not None
        assert batch.flow_noise is not None
        x = pick(inputs)
        loss = flow_loss(models, x, pick(batch.actions), pick(batch.flow_start), pick(batch.flow_time))
        norms |= self._backward(loss, flow=models.flow.whole)
        self.flow_alive &= torch.stack((loss.detach(), norms["flow"])).isfinite().all(0)
        return FlowStep(loss.detach(), carried(models, x, pick(batch.flow_noise)))

    def _acted(self, group: _Group, batch: Batch, inputs: Tensor, context: Tensor) -> _Acted:
        """Compute the actions of a group's policies, and their values if the critic's loss compares with them."""
        models = self.models
        x = group.batch_of(inputs)
        if group.flow_of is None or batch.flow_noise is None:
            mu = models.means(group.actor.copies, x)
        else:
            mu = models.means_with_noise(group.actor.copies, x, group.batch_of(batch.flow_noise))
        legal = group.batch_of(batch.legals) if batch.legals is not None else None
        actions = group.policy.critic_action(mu, legal)
        if not models.compares_policy:
            return _Acted(mu, legal, actions)
        with torch.set_grad_enabled(group.lanes.extraction.climbs_critic):
            q = models.q(group.critic, context[group.serving], group.grouping.group(actions))
        return _Acted(mu, legal, actions, q)

    def _group(self, group: LaneGroup, value_of: Sequence[int], dtype: torch.dtype, device: torch.device) -> _Group:
        """Collect what a group of actor lanes needs. All value lanes from the first to the last that serves it count."""
        first, last = min(value_of), max(value_of) + 1
        heads, local = self.config.heads, [value - first for value in value_of]
        actors = self.lanes.actors[group.lanes]
        return _Group(
            lanes=group,
            actor=self.models.actors.part(group.lanes),
            batch_of=Select([self.lanes.seeds.index(lane.seed) for lane in actors], len(self.lanes.seeds), device),
            serving=slice(first, last),
            critic=self.models.critic.frozen.rows(slice(first * heads, last * heads)),
            value_of=Select(local, last - first, device),
            grouping=Grouping(local, last - first, device),
            alpha=torch.tensor(
                [[torch.nan if lane.alpha is None else lane.alpha] for lane in actors], dtype=dtype, device=device
            ),
            policy=self.models.flow_policy if group.extraction.has_flow else self.models.policy,
            flow_of=Select([lane.flow for lane in actors if lane.flow is not None], len(self.lanes.flows), device)
            if group.extraction.has_flow
            else None,
        )

    def act(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """Compute policy means (L, *, A), without a graph, of agents' inputs x (L, *, X).

        `noise` (L, *, A) is for policies of the extraction `flow`. Without noise they read zeros.
        """
        return self.models.all_means(x, noise)

    def _value_data(self, batch: Batch, inputs: Tensor) -> StepData:
        decomposition, pick = self.models.decomposition, self._batch_of_value
        states = decomposition.uses_state
        team = TEAM_REWARDS[self.config.team_reward](batch.rewards)
        return StepData(
            now=Views(pick(inputs), pick(batch.state) if states and batch.state is not None else None),
            next=Views(
                pick(agent_inputs(batch.next_obs)),
                pick(batch.next_state) if states and batch.next_state is not None else None,
                pick(batch.next_legals) if batch.next_legals is not None else None,
                pick(batch.flow_next_noise) if batch.flow_next_noise is not None else None,
            ),
            actions=pick(batch.actions).unsqueeze(1),
            next_actions=pick(batch.next_actions).unsqueeze(1) if batch.next_actions is not None else None,
            reward=decomposition.reward(pick(batch.rewards), pick(team)),
            discount=decomposition.spread(pick(batch.mask) * self.config.gamma),
            regularisation=self._regularisation,
        )

    def _backward(self, loss: Tensor, **rows: Trained | None) -> dict[str, Tensor]:
        """Write the gradients of a loss (lanes,) into the buffers of the rows that it trains. Return their norms, per lane.

        Each loss has its own backward pass. So its activations are freed, and the cache with them, before the next loss.
        """
        trained = {name: each for name, each in rows.items() if each is not None}
        gradients = torch.autograd.grad(loss.sum(), [each.copies.flat for each in trained.values()])
        norms = {name: each.collect(gradient) for (name, each), gradient in zip(trained.items(), gradients, strict=True)}
        if "critic" in norms:
            norms["critic"] = torch.linalg.vector_norm(norms["critic"].view(-1, self.config.heads), dim=1)
        return norms

    def _freeze(
        self,
        step: int | Tensor,
        critic: CriticLoss,
        total: Tensor,
        value: Tensor | None,
        actor: Tensor,
        norms: dict[str, Tensor],
    ) -> None:
        """Mark the lanes that must not take the step. A frozen value lane also freezes the runs that it serves."""
        numbers = [critic.loss, value, *(norms.get(name) for name in ("critic", "mixer", "value"))]
        sound = torch.stack([each for each in numbers if each is not None]).isfinite().all(0)
        if self.config.divergence_bound is not None:
            sound &= total.detach().abs().flatten(1).amax(1) <= self.config.divergence_bound
        alive = self.actor_alive & torch.stack((actor, norms["actor"])).isfinite().all(0) & self.value_of_actor(sound)
        if self.lanes.flows:
            served = torch.cat([self.flow_alive, self.flow_alive.new_ones(1)])
            alive &= served.index_select(0, self._flow_of_actor)
        # The copies are in place, because a CUDA graph needs its state at the same addresses.
        self.diverged_step.copy_(torch.where(self.actor_alive & ~alive, step, self.diverged_step))
        self.actor_alive.copy_(alive)
        # A critic that learns from its run's own actor stops together with it.
        self.value_alive &= (sound & alive) if self.models.critic_follows_actor else sound

    def _update(self, step: int | Tensor) -> None:
        models, adam = self.models, self.config.adam
        per_value = self.value_alive.unsqueeze(1)
        models.critic.descend(adam, self._critic_lr, per_value.repeat_interleave(self.config.heads, 0), step + 1)
        if models.mixer is not None and models.trains_mixer:
            models.mixer.descend(adam, self._value_lr, per_value, step + 1)
        if models.value is not None:
            models.value.descend(adam, self._value_lr, per_value, step + 1)
        models.actors.descend(adam, self._actor_lr, self.actor_alive.unsqueeze(1), step + 1)
        if models.flow is not None:
            models.flow.descend(adam, self._flow_lr, self.flow_alive.unsqueeze(1), step + 1)
        models.target_critic.follow(models.critic, self.config.polyak)
        if models.target_mixer is not None and models.mixer is not None:
            models.target_mixer.follow(models.mixer, self.config.polyak)
        if models.target_value is not None and models.value is not None:
            models.target_value.follow(models.value, self.config.polyak)


def _compared(values: Tensor | None, early: Sequence[_Acted] | None) -> Tensor | None:
    """Return the values that Q of the data may be compared with, (V, 1 or K, B, N): V, or those of the policies' actions.

    In the latter case every run has a value lane of its own, in the order of the groups.
    """
    if values is not None:
        return values.unsqueeze(1)
    return None if early is None else torch.cat([acted.q.detach().squeeze(2) for acted in early if acted.q is not None])
