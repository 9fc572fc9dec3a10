"""One point of the design space and the ids that follow from its content.

`run_id` is a hash of the point's canonical JSON: everything that shapes the numbers, nothing else. Canonical means: floats
by `repr` (so 1, 1.0 and 1e0 are one value), inapplicable axes absent, and every field with a declared default absent at that
default, so that a field added later leaves the ids of older points alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from search_spaces.vocabulary import (
    ActorBound,
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    MixerTraining,
    Precision,
    Source,
    TeamReward,
    ValueLearning,
)

NUMERICS_VERSION = 1
"""Raised whenever the same point would give other numbers; part of every id. Pinned traces in the tests fail without it."""

ID_LENGTH = 16


@dataclass(frozen=True)
class DesignPoint:
    """One run, seed included: every axis and every setting that shapes its numbers (algorithms: paper 5.1, C.3, D).

    Fields without a default always enter the id; fields with one enter it only where they differ from it.
    Units: `steps`, `eval_every` and `diagnostics_every` are gradient steps, `batch` and `dataset_size` transitions.
    """

    task: str
    source: Source
    dataset: str
    dataset_version: str
    dataset_seed: int | None
    dataset_size: int | None
    decomposition: Decomposition
    value_learning: ValueLearning
    tau: float | None
    extraction: Extraction
    alpha: float
    critic_norm: CriticNorm
    actor_norm: ActorNorm
    seed: int
    steps: int
    batch: int
    hidden: tuple[int, ...]
    lr: float
    gamma: float
    polyak: float
    eval_every: int
    eval_episodes: int
    diagnostics_every: int
    divergence_bound: float | None
    precision: Precision
    mixer_embed: int = 32
    mixer_hidden: int = 128
    mixer_gain: float = 1.0
    mixer_training: MixerTraining = MixerTraining.JOINT
    actor_bound: ActorBound = ActorBound.NONE
    team_reward: TeamReward = TeamReward.MEAN
    numerics: int = NUMERICS_VERSION

    def canonical(self) -> dict[str, object]:
        """The content that the ids hash: plain JSON values, absent where inapplicable or at a declared default."""
        content: dict[str, object] = {}
        for field in _FIELDS:
            value = getattr(self, field.name)
            always = field.name == "numerics" or field.default is dataclasses.MISSING
            if value is None or (not always and value == field.default):
                continue
            content[field.name] = float(value) if field.name in _FLOATS else list(value) if isinstance(value, tuple) else value
        return content

    @cached_property
    def run_id(self) -> str:
        """Id of this run."""
        return digest(self.canonical())

    @cached_property
    def value_lane_id(self) -> str:
        """Id of the value lane that serves this run.

        Under TD the critic follows the actor, so every run has its own; under SARSA and IQL no value quantity depends
        on the actor, so runs that differ only in extraction, alpha and actor normalisation share one.
        """
        return self.run_id if self.value_learning is ValueLearning.TD else digest(_without(self.canonical(), _ACTOR_FIELDS))

    @cached_property
    def config_id(self) -> str:
        """Id of this run's configuration: the point without its seed."""
        return digest(_without(self.canonical(), ("seed",)))

    @cached_property
    def pack_key(self) -> str:
        """Id shared by the runs that one process may train together: same data, same shapes, same schedule."""
        return digest(_without(self.canonical(), _LANE_FIELDS))

    @cached_property
    def dataset_id(self) -> str:
        """Id of the declared identity of this run's dataset."""
        return digest({name: value for name, value in self.canonical().items() if name in _DATASET_FIELDS})


_FIELDS = dataclasses.fields(DesignPoint)
_FLOATS = {field.name for field in _FIELDS if str(field.type).startswith("float")}
_ACTOR_FIELDS = ("extraction", "alpha", "actor_norm", "actor_bound")
_LANE_FIELDS = ("extraction", "alpha", "actor_norm", "tau", "seed", "lr")
_DATASET_FIELDS = ("task", "source", "dataset", "dataset_version", "dataset_seed", "dataset_size")


def _without(content: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name, value in content.items() if name not in names}


def digest(content: dict[str, object]) -> str:
    """The id of some content: the beginning of the sha256 of its canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]
