"""The policies that are kept in the package, and the records of their training."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from recipe_sweep.trainers.behaviour.policy import Policy, load_policy
from recipe_sweep.trainers.behaviour.settings import Training
from recipe_sweep.trainers.environments.mujoco_robots import Robot

POLICIES = Path(__file__).parent / "policies"
RECORD_FILE = "record.json"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kept(_Model):
    """One policy of the package, and its returns when it acts as it does in the data."""

    name: str
    steps: int
    """Environment steps that the policy learned from"""
    noise_scale: float
    """Share of the exploration noise that the policy acts with"""
    exploration: tuple[float, ...]
    """Standard deviation of the noise that the policy acts with, by actuator"""
    mean: float
    std: float
    min: float
    max: float
    mean_without_noise: float
    """Mean return without noise. For stages of learning it is from the learning curve, over fewer episodes"""

    @property
    def file(self) -> str:
        """Name of the policy's file."""
        return f"{self.name}.safetensors"


class Record(_Model):
    """Which policies of a robot were kept, from which training, and the learning curves of the other trainings.

    Returns are gymnasium's, over `episodes` episodes. `replay` are the stages of learning up to and including `medium`.
    """

    chosen_by: str
    robot: str
    episodes: int
    expert: Kept
    medium: Kept
    replay: tuple[Kept, ...]
    training: Training
    others: tuple[Training, ...]


@cache
def record_of(robot: Robot) -> Record:
    """Read the record of a robot's policies."""
    return Record.model_validate_json((POLICIES / robot.name / RECORD_FILE).read_text(encoding="utf-8"))


@cache
def kept_policy(robot: Robot, kept: Kept) -> Policy:
    """Load one of a robot's kept policies."""
    return load_policy(POLICIES / robot.name / kept.file)
