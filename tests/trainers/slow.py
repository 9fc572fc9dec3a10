"""One run's losses from the page alone: loops over agents and heads, no sharing, no autograd.

Parameters are read by their names in kept weights. Every loss takes two sets of them. `live` moves; what has no gradient is
computed from `still`. So differences of a loss in `live` are its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.trainers.batch import Batch

P = Mapping[str, Tensor]
HEADS, EPS = 2, 1e-6


class Losses(NamedTuple):
    """The losses of one step."""

    critic: Tensor
    value: Tensor | None
    actor: Tensor
    flow: Tensor | None


class Slow:
    """One design at one batch, (B, ...) each."""

    def __init__(self, point: DesignPoint, batch: Batch, gamma: float) -> None:
        self.point, self.gamma = point, gamma
        parts = {name: None if part is None else part[0] for name, part in batch._asdict().items()}
        self.now = parts["obs"], parts["state"], parts["actions"], parts["legals"]
        self.next = parts["next_obs"], parts["next_state"], parts["next_actions"], parts["next_legals"]
        self.reward, self.mask = parts["rewards"].mean(-1), parts["mask"]
        self.agents = self.now[0].shape[1]
        self.discrete = self.now[3] is not None
        self.has_v = point.value_learning.value in ("iql", "gvr")
        self.flows = point.extraction == "flow"
        self.noise, self.next_noise = parts["flow_noise"], parts["flow_next_noise"]
        self.start, self.time = parts["flow_start"], parts["flow_time"]

    def losses(self, live: P, still: P) -> Losses:
        return Losses(
            critic=self.critic_loss(live, still),
            value=self.value_loss(live, still) if self.has_v else None,
            actor=self.actor_loss(live, still),
            flow=self.flow_loss(live, still) if self.flows else None,
        )

    # networks

    def mlp(self, p: P, name: str, x: Tensor) -> Tensor:
        layer = 0
        while f"{name}/layer{layer + 1}/weight" in p:
            at = f"{name}/layer{layer}"
            x = functional.gelu(x @ p[f"{at}/weight"] + p[f"{at}/bias"], approximate="tanh")
            if f"{at}/norm_scale" in p:
                x = self.normal(x) * p[f"{at}/norm_scale"] + p[f"{at}/norm_bias"]
            layer += 1
        return x @ p[f"{name}/layer{layer}/weight"] + p[f"{name}/layer{layer}/bias"]

    def hyper(self, p: P, name: str, x: Tensor) -> Tensor:
        at = f"{name}/hidden"
        x = self.normal(x @ p[f"{at}/weight"] + p[f"{at}/bias"]) * p[f"{at}/norm_scale"] + p[f"{at}/norm_bias"]
        return x.clamp(min=0.0) @ p[f"{name}/out/weight"] + p[f"{name}/out/bias"]

    def normal(self, x: Tensor) -> Tensor:
        return (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + EPS).sqrt()

    def own(self, obs: Tensor, agent: int) -> Tensor:
        number = torch.zeros(len(obs), self.agents, dtype=obs.dtype)
        number[:, agent] = 1.0
        return torch.cat([obs[:, agent], number], -1)

    def mu(self, p: P, obs: Tensor) -> Tensor:
        noise = self.noise if obs is self.now[0] else self.next_noise
        read = [torch.cat([self.own(obs, a), *([noise[:, a]] if self.flows else [])], -1) for a in range(self.agents)]
        return torch.stack([self.mlp(p, "actor", x) for x in read], 1)

    def v(self, p: P, obs: Tensor, bar: str = "") -> Tensor:
        return torch.stack([self.mlp(p, f"{bar}value", self.own(obs, a)).squeeze(-1) for a in range(self.agents)], 1)

    def velocity(self, p: P, at: Tensor, time: Tensor) -> Tensor:
        """v (B, N, A) at points (B, N, A) and times (B, N)."""
        angles = [2.0**k * math.pi * time for k in range(8)]
        features = torch.stack([*(angle.sin() for angle in angles), *(angle.cos() for angle in angles)], -1)
        read = [torch.cat([self.own(self.now[0], a), at[:, a], features[:, a]], -1) for a in range(self.agents)]
        return torch.stack([self.mlp(p, "flow", x) for x in read], 1)

    def q(self, p: P, bar: str, k: int, obs: Tensor, u: Tensor) -> Tensor:
        at = f"{bar}critic/{k}"
        values = [self.mlp(p, at, torch.cat([self.own(obs, a), u[:, a]], -1)).squeeze(-1) for a in range(self.agents)]
        return torch.stack(values, 1)

    # policies

    @property
    def kind(self) -> str:
        return "straight_through" if self.flows else self.point.discretisation.value

    def probabilities(self, mu: Tensor, legal: Tensor) -> Tensor:
        return torch.where(legal > 0, mu.exp(), torch.zeros_like(mu)) / (mu.exp() * (legal > 0)).sum(-1, keepdim=True)

    def greedy(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        if legal is None:
            return mu
        best = torch.where(legal > 0, mu, torch.full_like(mu, -math.inf)).argmax(-1)
        return functional.one_hot(best, mu.shape[-1]).to(mu.dtype)

    def read(self, live: Tensor, still: Tensor, legal: Tensor | None) -> Tensor:
        """What critics read of the policy's outputs."""
        kind = self.kind
        if kind == "raw" or legal is None:
            return live
        p = self.probabilities(live, legal)
        return p if kind == "softmax" else self.greedy(still, legal) + p - self.probabilities(still, legal)

    def nll(self, mu: Tensor, u: Tensor, legal: Tensor | None) -> Tensor:
        if legal is None or self.kind == "raw":
            return 0.5 * (mu - u).square().sum(-1)
        return -(self.probabilities(mu, legal) * u).sum(-1).log()

    # totals

    def compared(self, p: P, bar: str, k: int, obs: Tensor, legal: Tensor | None) -> Tensor:
        if self.has_v:
            return self.v(p, obs)
        mu = self.mu(p, obs)
        return self.q(p, bar, k, obs, self.read(mu, mu, legal))

    def total(
        self, live: P, still: P, bar: str, k: int, view: tuple[Tensor, ...], u: Tensor, u_still: Tensor | None = None
    ) -> Tensor:
        """T(Q_k(o, u); s). `live` moves critics and mixer. `u_still` are the actions without gradient."""
        obs, state, _, legal = view
        u_still = u if u_still is None else u_still
        q, agents = self.q(live, bar, k, obs, u), range(self.agents)
        match self.point.decomposition.value:
            case "vdn":
                return q.sum(-1)
            case "dcg":
                total = q.mean(-1)
                for a in agents:
                    for b in set(agents) - {a}:
                        x = torch.cat([self.own(obs, a), u[:, a], self.own(obs, b), u[:, b]], -1)
                        total = total + self.mlp(live, f"{bar}pair/{k}", x).squeeze(-1) / (self.agents * (self.agents - 1))
                return total
            case "qplex":
                v = self.compared(still, bar, k, obs, legal)
                w_still = self.hyper(still, f"{bar}mixer/w", state).abs() + 1e-10
                advantage = w_still * (self.q(still, bar, k, obs, u_still) - v)
                importance = self.importance(live, bar, state, u_still)
                return self.total_of(live, bar, q, view) + ((importance - 1.0) * advantage).sum(-1)
            case _:
                return self.total_of(live, bar, q, view)

    def importance(self, p: P, bar: str, state: Tensor, u: Tensor) -> Tensor:
        """QPLEX's lambda (B, N)."""
        kappa = self.hyper(p, f"{bar}mixer/kappa", state).abs() + 1e-10
        alpha = self.hyper(p, f"{bar}mixer/alpha", state).sigmoid()
        beta = self.hyper(p, f"{bar}mixer/beta", torch.cat([state, u.flatten(1)], -1)).sigmoid()
        n = self.agents
        each = [sum(kappa[:, i] * alpha[:, i * n + a] * beta[:, i * n + a] for i in range(4)) for a in range(n)]
        return torch.stack([torch.as_tensor(one) for one in each], 1)

    def total_of(self, p: P, bar: str, q: Tensor, view: tuple[Tensor, ...]) -> Tensor:
        """T of values (B, N) that are compared with nothing, such as V."""
        obs, state, _, _ = view
        at, agents = f"{bar}mixer", range(self.agents)
        match self.point.decomposition.value:
            case "vdn":
                return q.sum(-1)
            case "dcg":
                return q.mean(-1)
            case "wvdn":
                return (self.hyper(p, f"{at}/w", state).abs() * q).sum(-1) + self.hyper(p, f"{at}/b", state).squeeze(-1)
            case "qplex":
                return ((self.hyper(p, f"{at}/w", state).abs() + 1e-10) * q + self.hyper(p, f"{at}/c", state)).sum(-1)
        query, omega = self.hyper(p, f"{at}/query", state), self.hyper(p, f"{at}/omega", state).abs()
        width = query.shape[-1] // 4
        total = self.hyper(p, f"{at}/b", state).squeeze(-1)
        for h in range(4):
            own = slice(h * width, (h + 1) * width)
            keys = [(self.own(obs, a) @ p[f"{at}/key/weight"])[:, own] for a in agents]
            scores = torch.stack([(key * query[:, own]).sum(-1) / math.sqrt(width) for key in keys], 1).exp()
            total = total + omega[:, h] * (scores / scores.sum(-1, keepdim=True) * q).sum(-1)
        return total

    # losses

    def target(self, p: P) -> Tensor:
        obs, _, taken, legal = self.next
        if self.has_v:
            v = self.v(p, obs, "target_" if self.point.value_learning == "gvr" else "")
            return self.reward + self.gamma * self.mask * self.total_of(p, "target_", v, self.next)
        u = self.greedy(self.mu(p, obs), legal) if self.point.value_learning == "td" else taken
        totals = [self.total(p, p, "target_", k, self.next, u) for k in range(HEADS)]
        return self.reward + self.gamma * self.mask * torch.stack(totals).amin(0)

    def critic_loss(self, live: P, still: P) -> Tensor:
        q = torch.stack([self.total(live, still, "", k, self.now, self.now[2]) for k in range(HEADS)])
        y = self.target(still)
        if self.point.critic_norm == "none":
            return (q - y).square().mean()
        plain = torch.stack([self.total(still, still, "", k, self.now, self.now[2]) for k in range(HEADS)]).amin(0)
        sigma = (plain - plain.mean()).abs().mean() + EPS
        return ((q.amin(0) - y) / sigma).square().mean()

    def value_loss(self, live: P, still: P) -> Tensor:
        if self.point.value_learning == "gvr":
            z, scale = self.exponents(live, still)
            largest = self.exponents(still, still)[0].max().clamp(min=-1.0)
            return ((z - largest).exp() + (-largest).exp() * scale * self.credited(self.v(live, self.now[0]))).mean()
        q = torch.stack([self.total(still, still, "target_", k, self.now, self.now[2]) for k in range(HEADS)]).amin(0)
        d = q - self.total_of(still, "", self.v(live, self.now[0]), self.now)
        sigma = 1.0 if self.point.critic_norm == "none" else (q - q.mean()).abs().mean() + EPS
        assert self.point.tau is not None
        return ((self.point.tau - (d < 0).to(d.dtype)).abs() * (d / sigma).square()).mean()

    def credited(self, v: Tensor) -> Tensor:
        return v.mean(-1, keepdim=True) if self.point.decomposition == "dcg" else v

    def exponents(self, live: P, still: P) -> tuple[Tensor, Tensor]:
        """GVR's clipped z, and w / a, (B, N); under DCG (B, 1)."""
        obs, state, u, _ = self.now
        assert self.point.regularisation is not None
        if self.point.decomposition == "dcg":
            totals = torch.stack([self.total(still, still, "target_", k, self.now, u) for k in range(HEADS)])
            q, weight = totals.amin(0).unsqueeze(-1), torch.ones(len(obs), 1, dtype=obs.dtype)
        else:
            q = torch.stack([self.q(still, "target_", k, obs, u) for k in range(HEADS)]).amin(0)
            # These totals are linear in the values, so that a value of 1 tells its weight.
            zero = self.total_of(still, "target_", torch.zeros_like(q), self.now)
            ones = torch.eye(self.agents, dtype=q.dtype)
            units = [self.total_of(still, "target_", one.expand_as(q), self.now) for one in ones]
            weight = torch.stack([unit - zero for unit in units], 1)
            if self.point.decomposition == "qplex":
                weight = weight * self.importance(still, "target_", state, u)
        scale = weight / self.point.regularisation
        return (scale * (q - self.credited(self.v(live, obs)))).clamp(-10.0, 10.0), scale

    def flow_loss(self, live: P, still: P) -> Tensor:
        u, time = self.now[2], self.time.unsqueeze(-1)
        between = (1.0 - time) * self.start + time * u
        return (self.velocity(live, between, self.time) - (u - self.start)).square().mean()

    def drawn(self, p: P) -> Tensor:
        """The actions (B, N, A) to which the flow carries the policy's noise. Bounds are those of the tests' tasks."""
        at = self.noise
        for i in range(10):
            at = at + self.velocity(p, at, torch.full_like(self.time, i / 10)) / 10
        legal = self.now[3]
        return at.clamp(-1.0, 1.0) if legal is None else self.greedy(at, legal)

    def actor_loss(self, live: P, still: P) -> Tensor:
        obs, _, u, legal = self.now
        mu, fixed = self.mu(live, obs), self.mu(still, obs)
        nll = self.nll(mu, self.drawn(still) if self.flows else u, legal)
        if self.point.extraction == "gvr":
            return (self.exponents(still, still)[0].exp() * nll).mean()
        if self.point.extraction.value in ("brac", "flow"):
            acted = self.read(mu, fixed, legal), self.read(fixed, fixed, legal)
            q = torch.stack([self.total(still, still, "", k, self.now, *acted) for k in range(HEADS)]).amin(0)
            plain = torch.stack([self.total(still, still, "", k, self.now, acted[1]) for k in range(HEADS)]).amin(0)
            normal = (q - plain.mean()) / (plain.abs().mean() + EPS) if self.point.actor_norm == "absmean" else q
            return -normal.mean() + self.point.alpha * nll.sum(-1).mean()
        advantage = self.advantage(still)
        if self.point.actor_norm == "absmean":
            advantage = (advantage - advantage.mean()) / (advantage.var(unbiased=False).sqrt() + EPS)
        return ((self.point.alpha * advantage).clamp(-50.0, 10.0).exp().clamp(max=100.0) * nll).mean()

    def advantage(self, p: P) -> Tensor:
        obs, _, u, legal = self.now
        mu = self.mu(p, obs)
        acted = self.read(mu, mu, legal)
        if self.point.decomposition == "dcg":
            q, other = (
                torch.stack([self.total(p, p, "", k, self.now, each) for k in range(HEADS)]).amin(0) for each in (u, acted)
            )
            return (q - (self.v(p, obs).mean(-1) if self.has_v else other)).unsqueeze(-1)
        q, other = (torch.stack([self.q(p, "", k, obs, each) for k in range(HEADS)]).amin(0) for each in (u, acted))
        return q - (self.v(p, obs) if self.has_v else other)
