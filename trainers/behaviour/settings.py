"""Settings of PPO, and the record of each training."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(_Model):
    """Settings of PPO (Schulman et al. 2017, with generalised advantage estimation).

    `gae` is lambda. The learning rate falls linearly to zero. One iteration plays `copies` x `horizon` steps and then learns
    from them for `epochs` epochs of minibatches.
    """

    copies: int = 32
    horizon: int = 128
    epochs: int = 10
    minibatch: int = 512
    learning_rate: float = 3e-4
    gamma: float = 0.99
    gae: float = 0.95
    clip: float = 0.2
    value_weight: float = 0.5
    largest_gradient: float = 0.5
    hidden: int = 64
    log_std: float = 0.0

    @property
    def steps(self) -> int:
        """Environment steps of one iteration."""
        return self.copies * self.horizon


class Checkpoint(_Model):
    """One point of a learning curve, and the policy that was kept there."""

    file: str
    steps: int
    """Environment steps that the policy has learned from"""
    mean: float
    """Mean return of the policy without exploration noise"""
    std: float
    """Standard deviation of the return over episodes"""
    noisy_mean: float | None
    """Mean return, with exploration noise, of the training episodes that ended since the last checkpoint"""
    exploration: float
    """Mean standard deviation of the exploration noise"""
    cpu_seconds: float


class Training(_Model):
    """One training: how it was started, and its learning curve."""

    command: str
    task: str
    seed: int
    steps: int
    settings: Settings
    evaluation_episodes: int
    curve: tuple[Checkpoint, ...]
