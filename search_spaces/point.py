"""One point of the design space and the ids that follow from its content.

`run_id` is a hash of the point's canonical JSON. It holds everything that changes the numbers, and nothing else.

Canonical JSON writes floats by `repr`, so 1, 1.0 and 1e0 are one value. It leaves out inapplicable axes, and every field that
has its declared default. So a field that is added later does not change the ids of older points.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby

from recipe_sweep.search_spaces.vocabulary import (
    ActorBound,
    ActorNorm,
    Chance,
    CriticNorm,
    Decomposition,
    Discretisation,
    DivergenceBound,
    Evaluate,
    Extraction,
    MixerTraining,
    Precision,
    Source,
    TeamReward,
    ValueLearning,
)

NUMERICS_VERSION = 2
"""Part of every id. It is raised when the same point would give other numbers; pinned traces in the tests fail without it.

2: a run's numbers do not depend on the runs that it is trained with.
"""

FIRST_NUMERICS = 1
"""Numerics of sweeps whose file does not say which they have."""

PACK_INDEPENDENT_SINCE = 2
"""First numerics with which a run that is trained alone has the bits of the run in any pack."""

ID_LENGTH = 16


@dataclass(frozen=True)
class DesignPoint:
    """One run, seed included: every axis and every setting that changes its numbers (algorithms: paper 5.1, C.3, D).

    A field without a default always enters the id. A field with a default enters it only if its value differs from that.
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
    alpha: float | None
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
    divergence_bound: float | DivergenceBound | None
    precision: Precision
    chance: Chance = Chance.FULL
    mixer_embed: int = 32
    mixer_hidden: int = 128
    mixer_gain: float = 1.0
    mixer_training: MixerTraining = MixerTraining.JOINT
    actor_bound: ActorBound = ActorBound.NONE
    discretisation: Discretisation = Discretisation.RAW
    team_reward: TeamReward = TeamReward.MEAN
    final_episodes: int | None = None
    evaluate: Evaluate = Evaluate.PLAYED
    regularisation: float | None = None
    numerics: int = NUMERICS_VERSION

    def canonical(self) -> dict[str, object]:
        """Return the content that the ids hash, as plain JSON values.

        A field is absent where it does not apply, or has its declared default.
        """
        contents = ((name, _content(name, getattr(self, name))) for name in _FIELDS)
        return {name: content for name, content in contents if content is not None}

    def canonical_text(self, without: frozenset[str] = frozenset()) -> str:
        """Write the canonical content as JSON without some fields: keys sorted, no spaces.

        It must be quick, because a grid asks for 100,000 texts.
        """
        own = vars(self)
        parts = [fragment(own[name]) for name, fragment in _FRAGMENTS if name not in without]
        return _joined(parts)

    @classmethod
    def sharing(cls, common: Mapping[str, object], rows: Iterable[Mapping[str, object]]) -> Iterator[DesignPoint]:
        """Yield a point for each of `rows`, together with `common`. All rows name the same fields.

        It must be quick, because a grid has 100,000 points. So the JSON of the common fields is written once, and fields are
        not assigned one by one.
        """
        shared = _DEFAULTS | dict(common)
        pieces: Sequence[_Piece] = ()
        for row in rows:
            if not pieces:
                if wrong := _FIELDS.keys() ^ (shared.keys() | row.keys()):
                    raise TypeError(f"fields that are missing, or not a point's: {', '.join(sorted(wrong))}")
                pieces = _pieces({name: value for name, value in shared.items() if name not in row})
            point = object.__new__(cls)
            own = vars(point)
            own.update(shared)
            own.update(row)
            parts = [piece if isinstance(piece, str) else piece[1](row[piece[0]]) for piece in pieces]
            own["run_id"] = _hash(_joined(parts))  # where `cached_property` looks for it
            yield point

    @property
    def critic_follows_actor(self) -> bool:
        """Whether this run's critic depends on its actor, so that no other run shares the critic."""
        return self.decomposition.critic_follows_actor(self.value_learning)

    @property
    def environment(self) -> str:
        """Name of the environment that made the run's home-made data and that evaluates the run."""
        return environment_name(self.task, self.chance)

    @property
    def episodes_at_the_end(self) -> int:
        """Episodes of the last evaluation, which is the run's score."""
        return self.eval_episodes if self.final_episodes is None else self.final_episodes

    @property
    def episodes(self) -> int:
        """Episodes of all evaluations together."""
        if not self.evaluate.plays:
            return 0
        return self.steps // self.eval_every * self.eval_episodes + self.episodes_at_the_end - self.eval_episodes

    @cached_property
    def run_id(self) -> str:
        """Id of this run."""
        return _hash(self.canonical_text())

    @cached_property
    def value_lane_id(self) -> str:
        """Id of the value lane that serves this run.

        Where the critic follows the actor (TD), every run has its own value lane. Under SARSA, IQL and GVR no value depends on
        the actor, unless a mixer compares with its actions. There, runs share a lane if they differ only in what shapes the
        actor. That is extraction, alpha, discretisation, and actor normalisation or bound.
        """
        if self.critic_follows_actor:
            return self.run_id
        return _hash(self.canonical_text(without=_ACTOR_FIELDS))

    @cached_property
    def flow_lane_id(self) -> str:
        """Id of the flow lane that serves this run, if its extraction has one.

        A flow depends on nothing but the data. Within a pack, runs share one if they have the same seed and learning rate.
        """
        return _hash(self.canonical_text(without=_ACTOR_FIELDS | {"tau", "regularisation"}))

    @cached_property
    def config_id(self) -> str:
        """Id of this run's configuration: the point without its seed."""
        return _hash(self.canonical_text(without=_SEED))

    @cached_property
    def pack_key(self) -> str:
        """Id shared by the runs that one process may train together: same data, same shapes, same schedule."""
        return _hash(self.canonical_text(without=_LANE_FIELDS))

    @cached_property
    def dataset_id(self) -> str:
        """Id of the declared identity of this run's dataset."""
        return _hash(self.canonical_text(without=_NO_DATASET_FIELDS))


_FIELDS = {field.name: field for field in dataclasses.fields(DesignPoint)}
_FLOATS = frozenset(name for name, field in _FIELDS.items() if str(field.type).startswith("float"))
_SEED = frozenset({"seed"})
_ACTOR_FIELDS = frozenset({"extraction", "alpha", "actor_norm", "actor_bound", "discretisation"})
_LANE_FIELDS = frozenset({"extraction", "alpha", "actor_norm", "tau", "regularisation", "seed", "lr"})
_NO_DATASET_FIELDS = frozenset(_FIELDS) - {
    *("task", "source", "dataset", "dataset_version", "dataset_seed", "dataset_size", "chance"),
}


def _content(name: str, value: object) -> object:
    """Convert a field's value to its form in the content; None if it does not enter the content."""
    field = _FIELDS[name]
    always = name == "numerics" or field.default is dataclasses.MISSING
    if value is None or (not always and value == field.default):
        return None
    if name in _FLOATS and not isinstance(value, str):
        return float(value)  # type: ignore[arg-type]
    return list(value) if isinstance(value, tuple) else value


def _fragment_of(name: str) -> Callable[[object], str]:
    """Make a function that writes `"name":value`, or nothing if the value does not enter the content."""

    def fragment(value: object) -> str:
        content = _content(name, value)
        return "" if content is None else f'"{name}":{json.dumps(content, separators=(",", ":"))}'

    def float_fragment(value: object) -> str:
        content = _content(name, value)
        if content is None:
            return ""
        if isinstance(content, str):  # a word in a number's place
            return f'"{name}":{json.dumps(content)}'
        if not math.isfinite(content):  # type: ignore[arg-type]  # it is a float
            raise ValueError(f"{name} {content} has no place in JSON")
        return f'"{name}":{content!r}'

    # Texts of floats are not cached, because 0.0 and -0.0 are the same key but have different texts.
    return float_fragment if name in _FLOATS else cache(fragment)


_FRAGMENTS = tuple((name, _fragment_of(name)) for name in sorted(_FIELDS))
_DEFAULTS = {name: field.default for name, field in _FIELDS.items() if field.default is not dataclasses.MISSING}
_Piece = str | tuple[str, Callable[[object], str]]


def _pieces(shared: Mapping[str, object]) -> list[_Piece]:
    """List the pieces of a canonical text in their order.

    Shared fields become text. Every other field becomes its name and the function that writes its value.
    """
    pieces: list[_Piece] = []
    for is_shared, run in groupby(_FRAGMENTS, lambda item: item[0] in shared):
        if is_shared:
            pieces.append(_listed(fragment(shared[name]) for name, fragment in run))
        else:
            pieces.extend(run)
    return pieces


def _listed(parts: Iterable[str]) -> str:
    return ",".join([part for part in parts if part])


def _joined(parts: Iterable[str]) -> str:
    return "{" + _listed(parts) + "}"


def environment_name(task: str, chance: Chance) -> str:
    """Name the environment of a task. It is the task's own name, unless the point says otherwise than usual."""
    return task if chance is DesignPoint.chance else f"{task} ({chance} chance)"


def digest(content: dict[str, object]) -> str:
    """Compute the id of some content: the beginning of the sha256 of its canonical JSON."""
    return _hash(json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]
