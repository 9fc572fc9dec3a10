"""The policies that are kept in the package, and how they came to be."""

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
    """One policy of the package, and what it returns when it acts as it does in the data."""

    name: str
    steps: int
    """Environment steps that it learned from"""
    noise_scale: float
    """Share of its exploration noise that it acts with"""
    exploration: tuple[float, ...]
    """Standard deviation of the noise that it acts with, by actuator"""
    mean: float
    std: float
    min: float
    max: float
    mean_without_noise: float
    """Of stages of learning: on the learning curve, over fewer episodes"""

    @property
    def file(self) -> str:
        """Name of the policy's file."""
        return f"{self.name}.safetensors"


class Record(_Model):
    """Which policies of a robot were kept, from which training, and how the other trainings went.

    Returns are gymnasium's, over `episodes` episodes. `replay` are the stages of learning up to `medium`, the last included.
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
    """The record of a robot's policies."""
    return Record.model_validate_json((POLICIES / robot.name / RECORD_FILE).read_text(encoding="utf-8"))


@cache
def kept_policy(robot: Robot, kept: Kept) -> Policy:
    """A policy that is kept of a robot."""
    return load_policy(POLICIES / robot.name / kept.file)
