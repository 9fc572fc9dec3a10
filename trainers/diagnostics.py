"""Metrics of a step for figures 3 to 6, for every run (algorithms: "Figures that need more than final scores").

A metric that does not apply to a run is NaN: AWR's metrics under BRAC, the mixer's metrics without a mixer. Under SVN the loss
is divided by sigma squared. So multiply gradient norms by sigma squared before you compare them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.lanes import LaneMap, Select
from recipe_sweep.trainers.metrics import NORM_METRICS, names
from recipe_sweep.trainers.mixers.base import Extra, Mixing
from recipe_sweep.trainers.normalisation import CriticLoss, lane_mean
from recipe_sweep.trainers.task import TaskSpec
from recipe_sweep.trainers.value_learning.gvr import CLIP


class Measured(Protocol):
    """The part of the learner that measuring needs (trainers/learner.py)."""

    spec: TaskSpec
    config: LearnerConfig
    lanes: LaneMap
    value_of_actor: Select


def measure(
    learner: Measured,
    total: Tensor,
    target: Tensor,
    critic: CriticLoss,
    mixed: dict[str, Tensor],
    mu: Tensor,
    actor_loss: Tensor,
    norms: dict[str, Tensor],
    records: Sequence[tuple[slice, dict[str, Tensor]]],
) -> Tensor:
    """Compute all metrics of every run, (metrics, L), from the step's tensors, without waiting for the device.

    `mixed` are the mixer's metrics (V,) by name.
    """
    with torch.no_grad():
        runs = len(learner.lanes.actors)
        nan = torch.full((runs,), torch.nan, dtype=total.dtype, device=total.device)
        heads = total[:, :2].flatten(2) if total.shape[1] > 1 else total.flatten(2).expand(-1, 2, -1)
        per_value = {
            "q_mean": lane_mean(total.amin(1)),
            "q_max_abs": total.abs().flatten(1).amax(1),
            "td_loss": lane_mean((total - target.unsqueeze(1)).square()),
            "sigma": critic.sigma,
            "head_share": (heads[:, 0] <= heads[:, 1]).to(total.dtype).mean(1),
            "head_gap": (heads[:, 0] - heads[:, 1]).abs().mean(1),
        }
        per_value |= mixed
        per_value |= {f"grad_norm/{name}": norms[name] for name in ("critic", "mixer", "value") if name in norms}
        measured = {name: learner.value_of_actor(metric) for name, metric in per_value.items()}
        measured["grad_norm/actor"] = norms["actor"]
        trained = [measured[name] for name in NORM_METRICS if name in measured]
        measured["grad_norm/all"] = torch.stack(trained).square().sum(0).sqrt()
        measured["actor_loss"] = actor_loss
        low, high = learner.spec.action_low, learner.spec.action_high
        measured["mu_outside"] = lane_mean(((mu < low) | (mu > high)).to(mu.dtype))
        measured["mu_max_abs"] = mu.abs().flatten(1).amax(1)
        for lanes, record in records:
            for name, metric in record.items():
                measured.setdefault(name, nan.clone())[lanes] = metric
        wanted = names(learner.spec.n_agents, learner.spec.masked, learner.config.decomposition.metrics)
        return torch.stack([measured.get(name, nan).detach() for name in wanted])


def of_mixing(mixing: Mixing, q: Tensor, extra: Extra, gamma: float) -> dict[str, Tensor]:
    """Measure a mixer at values q (V, K, B, N) of the data: (V,) by name. What it does not compare with is left out."""
    with torch.no_grad():
        weight = mixing.local_weight(q, extra)
        found = {"mixer_gain": gamma * lane_mean(torch.linalg.vector_norm(weight, dim=-1))} | _range("weight", weight)
        if extra.compared is not None:
            found |= _range("importance", weight / mixing.local_weight(q, Extra()))
            found["advantage_positive"] = lane_mean((q > extra.compared).to(q.dtype))
        return found


def _range(name: str, values: Tensor) -> dict[str, Tensor]:
    """Return the least and the largest of values (V, *): (V,) by name."""
    return {f"{name}_min": values.flatten(1).amin(1), f"{name}_max": values.flatten(1).amax(1)}


def illegal_choices(mu: Tensor, legal: Tensor | None) -> dict[str, Tensor]:
    """Measure how often the largest component of mu (n, B, N, A) is illegal: (n,) by name. Empty without legal actions."""
    if legal is None:
        return {}
    allowed = legal > 0
    chosen = allowed.gather(-1, mu.argmax(-1, keepdim=True)).squeeze(-1)
    return {"argmax_illegal": lane_mean((~chosen & allowed.any(-1)).to(mu.dtype))}


def clipped_exponents(exponents: Tensor | None) -> dict[str, Tensor]:
    """Measure the shares of GVR's exponents (n, *) that are clipped: (n,) by name. Empty under other value learners."""
    if exponents is None:
        return {}
    sides = {"z_clipped_above": exponents >= CLIP, "z_clipped_below": exponents <= -CLIP}
    return {name: lane_mean(side.to(exponents.dtype)) for name, side in sides.items()}
