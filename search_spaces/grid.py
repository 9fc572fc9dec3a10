"""A grid file's schema: what a researcher may write, and the paper's value for every setting left out.

    schema_version: 1
    name: my-grid
    axes:       what is compared; every combination is trained
    settings:   how each run is trained; a list makes an axis of any of them
    zip:        groups of axes and settings that advance together
    exclude:    combinations to leave out, each with its reason
    search:     ranges of alpha and tau, searched instead of listed
    ablation:   true to allow values outside the paper's grid
    extends:    another grid's file or a preset, whose keys count where this file has none (extending.py)
    keep:       which final weights stay beside the results: none, actor or all (with the critics)

A file has at most 1 MB and 25,000 values. Every number has a lowest and a highest value. `&name`, `*name` and `<<: *name` are
read as if their values were written out.

This module checks structure and single values. `rules.py` checks what several keys must agree on.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, StringConstraints

from recipe_sweep.search_spaces.axis_types import (
    EVERY_TASK,
    WORDS,
    Axis,
    Batch,
    Bound,
    Discount,
    Episodes,
    Expectile,
    Gain,
    LastEpisodes,
    LearningRate,
    Natural,
    OneOrList,
    Rate,
    Regularisation,
    Seeds,
    Shapes,
    Size,
    Steps,
    TaskKey,
    TaskName,
    Temperature,
    Values,
    Width,
    Word,
)
from recipe_sweep.search_spaces.search import Search
from recipe_sweep.search_spaces.validation import refuse
from recipe_sweep.search_spaces.vocabulary import (
    ActorBound,
    ActorNorm,
    Chance,
    CriticNorm,
    Decomposition,
    Discretisation,
    Evaluate,
    Extraction,
    Keep,
    MixerTraining,
    Precision,
    Source,
    TeamReward,
    ValueLearning,
)
from recipe_sweep.search_spaces.yaml_file import Document

SCHEMA_VERSION = 1
ALL_DATASETS = "all"


class Section(BaseModel):
    """A mapping in a grid file. It is immutable, and has only declared keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def _version(value: object) -> object:
    if value != SCHEMA_VERSION or isinstance(value, bool):
        raise refuse(str(SCHEMA_VERSION), "this is the version of grid files that this recipe-sweep reads")
    return value


def _file_name(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
        raise refuse("a name that can be a folder's: at most 64 letters, digits, dots, dashes and underscores")
    return value


def _for_every_task(value: object) -> object:
    if isinstance(value, dict):
        if EVERY_TASK in value:
            raise refuse("datasets by the name of a task, or one list for all tasks")
        return value
    return {EVERY_TASK: value}


def _for_mix(value: object) -> object:
    """Take a plain list as Mix's norms, because grids wrote it so before there were other mixers."""
    return value if isinstance(value, dict) else {Decomposition.MIX.value: value}


ExtractionKey = Annotated[Extraction, BeforeValidator(Extraction.key)]
DecompositionKey = Annotated[Decomposition, BeforeValidator(Decomposition.key)]
Alphas = dict[ExtractionKey, Axis[Temperature]]
"""The temperature of each extraction: a weight of cloning (Eq. 3), an inverse temperature (Eq. 11)."""
CriticNorms = dict[DecompositionKey, Axis[CriticNorm]]
"""Critic normalisation of each decomposition. One that is left out has its first applicable norm."""


class Axes(Section):
    """What is compared. An empty tuple means that the axis is not given here."""

    source: Axis[Source] = ()
    task: Axis[TaskName] = ()
    dataset: Annotated[dict[TaskKey, Axis[Word]], BeforeValidator(_for_every_task), OneOrList(WORDS)] = {}
    dataset_seed: Axis[Natural] = (0,)
    dataset_size: Axis[Size] = (100_000,)
    chance: Axis[Chance] = (Chance.FULL,)
    decomposition: Axis[Decomposition] = ()
    value_learning: Axis[ValueLearning] = ()
    tau: Axis[Expectile] = ()
    regularisation: Axis[Regularisation] = ()
    extraction: Axis[Extraction] = ()
    alpha: Alphas = {}
    critic_norm: Annotated[CriticNorms, BeforeValidator(_for_mix), OneOrList(WORDS)] = {}
    actor_norm: Axis[ActorNorm] = (ActorNorm.ABSMEAN,)
    seed: Seeds = ()


class Settings(Section):
    """How each run is trained. The defaults are those of the preset `figure7` (paper 5.1 and D); no other code repeats them."""

    steps: Axis[Steps] = (500_000,)
    batch: Axis[Batch] = (608,)
    hidden: Shapes = ((512, 512, 512, 512),)
    lr: Axis[LearningRate] = (3e-4,)
    gamma: Axis[Discount] = (0.99,)
    polyak: Axis[Rate] = (0.005,)
    team_reward: Axis[TeamReward] = (TeamReward.MEAN,)
    mixer_embed: Axis[Width] = (32,)
    mixer_hidden: Axis[Width] = (128,)
    mixer_gain: Axis[Gain] = (1.0,)
    mixer_training: Axis[MixerTraining] = (MixerTraining.JOINT,)
    actor_bound: Axis[ActorBound] = (ActorBound.NONE,)
    discretisation: Axis[Discretisation] = (Discretisation.RAW,)
    precision: Axis[Precision] = (Precision.FLOAT32,)
    eval_every: Axis[Steps] = (50_000,)
    eval_episodes: Axis[Episodes] = (10,)
    final_episodes: Axis[LastEpisodes] = (None,)
    evaluate: Axis[Evaluate] = (Evaluate.PLAYED,)
    diagnostics_every: Axis[Steps] = (5_000,)
    divergence_bound: Axis[Bound] = (1e8,)


class ZipGroup(Axes, Settings):
    """Axes and settings that advance together: the first values of all, then the second of all."""


class ExcludeRule(Section):
    """Points to leave out: those that have one of the listed values on every axis under `when`."""

    when: dict[str, Values] = Field(min_length=1)
    reason: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]


class Grid(Section):
    """A whole grid file."""

    schema_version: Annotated[Literal[1], BeforeValidator(_version)]
    name: Annotated[str, BeforeValidator(_file_name)]
    description: Annotated[str, Field(strict=True)] = ""
    ablation: Annotated[bool, Field(strict=True)] = False
    keep: Keep = Keep.ACTOR
    axes: Axes
    settings: Settings = Settings()
    zip: tuple[ZipGroup, ...] = ()
    exclude: tuple[ExcludeRule, ...] = ()
    search: Search | None = None
    _document: Document = PrivateAttr(default_factory=lambda: Document({}))

    @property
    def document(self) -> Document:
        """The file that the grid came from, so that later complaints can name the line. It is empty for a grid made in code."""
        return self._document

    def read_from(self, document: Document) -> Grid:
        """Remember the file that the grid came from."""
        self._document = document
        return self


SCHEMA_TITLE = "Grid of recipe-sweep"


def grid_schema() -> dict[str, object]:
    """Return the JSON Schema of grid files, which editors use for completion.

    A file that extends another need not have every required key.
    """
    schema = Grid.model_json_schema()
    required = schema.pop("required")
    extends = {"type": "string", "description": "A grid file, from this file's folder, or a preset's name."}
    schema["properties"] = {"extends": extends, **schema["properties"]}
    alone = {"if": {"required": ["extends"]}, "then": {"required": ["name"]}, "else": {"required": required}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": SCHEMA_TITLE, **alone}
