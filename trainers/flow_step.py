"""One step of the flows of a pack: their loss, and the actions that they draw (trainers/flow.py has their network)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from recipe_sweep.trainers.flow import EULER_STEPS, time_features
from recipe_sweep.trainers.lanes import Select
from recipe_sweep.trainers.models import Models
from recipe_sweep.trainers.normalisation import lane_mean


class FlowStep(NamedTuple):
    """Losses of the flows (F,), and where they carry the step's noise (F, B, N, A)."""

    loss: Tensor
    carried: Tensor

    def record(self, lanes: Select, norm: Tensor) -> dict[str, Tensor]:
        """List metrics of some actor lanes by name. `norm` (F,) is of the flows' gradients."""
        return {"flow_loss": lanes(self.loss), "flow_grad_norm": lanes(norm)}


def flow_loss(models: Models, x: Tensor, actions: Tensor, start: Tensor, time: Tensor) -> Tensor:
    """Compute mean (v(x, a_t, t) - (u - a_0))^2, (F,).

    Inputs x are (F, B, N, X), actions u and noise `start` (F, B, N, A), times (F, B, N).
    Its gradient reaches the velocity network alone.
    """
    assert models.flow is not None
    at = time.unsqueeze(-1)
    between = (1.0 - at) * start + at * actions
    velocity = models.velocity(models.flow.whole.copies, torch.cat([x, between, time_features(time)], dim=-1))
    return lane_mean((velocity - (actions - start)).square())


def carried(models: Models, x: Tensor, noise: Tensor) -> Tensor:
    """Carry noise (F, B, N, A) along the flow with ten Euler steps, without a graph."""
    assert models.flow is not None
    with torch.no_grad():
        for step in range(EULER_STEPS):
            time = torch.full(x.shape[:-1], step / EULER_STEPS, dtype=x.dtype, device=x.device)
            velocity = models.velocity(models.flow.frozen, torch.cat([x, noise, time_features(time)], dim=-1))
            noise = noise + velocity / EULER_STEPS
    return noise


def drawn_action(models: Models, end: Tensor, legal: Tensor | None) -> Tensor:
    """Turn ends of the flow (n, B, N, A) into actions that policies are held near: within the bounds, or the best legal one."""
    if models.spec.discrete:
        return models.flow_policy.greedy(end, legal)
    return end.clamp(models.spec.action_low, models.spec.action_high)
