"""What the lanes of one pack share: design choices, shapes and constants of the learner."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import (
    ActorBound,
    CriticNorm,
    Decomposition,
    Discretisation,
    MixerTraining,
    Precision,
    TeamReward,
    ValueLearning,
)
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.parameters import Adam
from recipe_sweep.trainers.precision import ARITHMETIC


@dataclass(frozen=True)
class AwrBounds:
    """Clips of AWR's exponent and weight (algorithms: "Policy extraction")."""

    exponent_low: float = -50.0
    exponent_high: float = 10.0
    weight_high: float = 100.0


@dataclass(frozen=True)
class LearnerConfig:
    """Design choices, widths and constants of one pack (algorithms: "Networks", "One step")."""

    decomposition: Decomposition
    value_learning: ValueLearning
    critic_norm: CriticNorm
    hidden: tuple[int, ...]
    gamma: float
    polyak: float
    divergence_bound: float | None = None
    precision: Precision = Precision.FLOAT32
    heads: int = 2
    mixer_embed: int = 32
    mixer_hidden: int = 128
    mixer_gain: float = 1.0
    mixer_training: MixerTraining = MixerTraining.JOINT
    actor_bound: ActorBound = ActorBound.NONE
    discretisation: Discretisation = Discretisation.RAW
    team_reward: TeamReward = TeamReward.MEAN
    adam: Adam = field(default_factory=Adam)
    awr: AwrBounds = field(default_factory=AwrBounds)
    kernels: Kernels = EAGER

    @classmethod
    def of(cls, point: DesignPoint, kernels: Kernels = EAGER, bound: float | None = None) -> LearnerConfig:
        """Take the configuration that a run shares with its pack from the run's point.

        `bound` is the bound of |Q| in numbers (trainers/divergence.py). Networks that do not learn need none.
        """
        return cls(
            decomposition=point.decomposition,
            value_learning=point.value_learning,
            critic_norm=point.critic_norm,
            hidden=point.hidden,
            gamma=point.gamma,
            polyak=point.polyak,
            divergence_bound=bound,
            precision=point.precision,
            mixer_embed=point.mixer_embed,
            mixer_hidden=point.mixer_hidden,
            mixer_gain=point.mixer_gain,
            mixer_training=point.mixer_training,
            actor_bound=point.actor_bound,
            discretisation=point.discretisation,
            team_reward=point.team_reward,
            kernels=kernels,
        )

    @property
    def dtype(self) -> torch.dtype:
        """Type of parameters, losses and the optimiser."""
        return ARITHMETIC[self.precision].dtype

    def arithmetic(self, device: torch.device) -> AbstractContextManager[object]:
        """Make the context in which networks are evaluated: autocast if the precision has it, else nothing."""
        narrow = ARITHMETIC[self.precision].autocast
        return nullcontext() if narrow is None else torch.autocast(device.type, narrow)

    def set_products(self) -> None:
        """Set for this process whether GPUs round the factors of float32 matrix products (TF32)."""
        torch.backends.cuda.matmul.fp32_precision = ARITHMETIC[self.precision].products
