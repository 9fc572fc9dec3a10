"""The flow of the extraction `flow`: a velocity network that carries noise to the data's actions (algorithms2, section 4)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.networks import Mlp
from recipe_sweep.trainers.task import TaskSpec

FREQUENCIES = 8
EULER_STEPS = 10


def flow_network(spec: TaskSpec, config: LearnerConfig) -> Mlp:
    """Make the velocity network: an agent's input, a point between noise and action, and features of the time -> velocity."""
    inputs = spec.obs_dim + spec.n_agents + spec.action_dim + 2 * FREQUENCIES
    return Mlp(inputs, config.hidden, spec.action_dim, norm=False, kernels=config.kernels)


def time_features(time: Tensor) -> Tensor:
    """Compute sin 2^k pi t for k = 0..7, then the cosines: (*) -> (*, 16)."""
    powers = torch.tensor([2.0**k * math.pi for k in range(FREQUENCIES)], dtype=time.dtype, device=time.device)
    angles = time.unsqueeze(-1) * powers
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
