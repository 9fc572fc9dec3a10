"""Compare this project's trainer with reference files: `python -m tests.reference_check FILE...`.

For every file (format: tests/golden/README.md) the named case is built in float64 through `Learner` (trainers/learner.py), five
steps are taken, and every leaf of grad/, loss/, trace/, params1/ and params5/ is compared: alone, and as a lane between two
others. One line per file; exit status 1 where an error exceeds 1e-8, a leaf is missing or extra, or a file cannot be mapped.
A file with a word that this trainer does not know (an extraction, a mixer) is skipped, and its line says which word.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    CriticNorm,
    Decomposition,
    Discretisation,
    Extraction,
    Precision,
    ValueLearning,
)
from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.config import AwrBounds, LearnerConfig
from recipe_sweep.trainers.critic import kept_name
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.lanes import ActorLane, FlowLane, LaneMap, ValueLane
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.networks import LAYER_NORM_EPS, Arrays
from recipe_sweep.trainers.normalisation import EPS
from recipe_sweep.trainers.parameters import Adam, Layout
from recipe_sweep.trainers.task import TaskSpec

TOLERANCE = 1e-8
COMPARED = ("grad/", "loss/", "trace/", "params1/", "params5/")
BATCH_KEYS = ("obs", "actions", "rewards", "next_obs", "next_actions", "state", "next_state", "mask")
FLOW_KEYS = ("flow_start", "flow_time", "flow_noise", "flow_next_noise")
LEGAL_KEYS = {"legals": "legal", "next_legals": "next_legal"}
"""Fields of a batch of discrete cases, and their names in files."""
WORDS = {"decomposition": Decomposition, "value": ValueLearning, "extraction": Extraction}
"""Keys of a configuration whose words this trainer may lack."""

Values = dict[str, NDArray[np.float64]]


class UnmappableFileError(Exception):
    """A reference file that this trainer cannot represent; says what."""


class Case(NamedTuple):
    """One reference file: its configuration and its arrays."""

    name: str
    config: Mapping[str, object]
    arrays: Values


class UnknownWordError(UnmappableFileError):
    """A reference file of a design that this trainer does not have; says which word it lacks."""


def load(path: Path) -> Case:
    """Read a file; raises UnmappableFileError where it is not one."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        config = json.loads(str(arrays.pop("config_json")))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UnmappableFileError(f"not a reference file: {error}") from error
    if not isinstance(config, dict):
        raise UnmappableFileError("config_json: no mapping")
    for key, axis in WORDS.items():
        if config.get(key) not in {word.value for word in axis.members()}:
            raise UnknownWordError(f"this trainer has no {key} {config.get(key)!r}")
    return Case(path.stem, config, arrays)


def _number(case: Case, key: str) -> float:
    value = case.config.get(key)
    if not isinstance(value, int | float):
        raise UnmappableFileError(f"config key {key!r}: found {value!r}, expected a number")
    return float(value)


def _optional(case: Case, key: str) -> float | None:
    """A number that only some cases have."""
    return None if case.config.get(key) is None else _number(case, key)


def learner_config(case: Case) -> LearnerConfig:
    """The learner's configuration of a case; raises UnmappableFileError where it has no such setting."""
    for key, ours in (("layer_norm_eps", LAYER_NORM_EPS), ("norm_eps", EPS)):
        if _number(case, key) != ours:
            raise UnmappableFileError(f"config key {key!r}: found {case.config[key]!r}, this trainer has {ours}")
    try:
        return LearnerConfig(
            decomposition=Decomposition.of(case.config["decomposition"]),
            value_learning=ValueLearning.of(case.config["value"]),
            critic_norm=CriticNorm.of(case.config["critic_norm"]),
            hidden=tuple(case.config["hidden"]),  # type: ignore[arg-type]
            gamma=_number(case, "gamma"),
            polyak=_number(case, "polyak"),
            precision=Precision.FLOAT64,
            kernels=Kernels.choose(torch.device("cpu"), Precision.FLOAT64),
            heads=int(_number(case, "K")),
            mixer_embed=int(_number(case, "E")),
            mixer_hidden=int(_number(case, "hyper_hidden")),
            adam=Adam(*case.config["adam_betas"], eps=_number(case, "adam_eps")),  # type: ignore[misc]
            awr=AwrBounds(_number(case, "awr_clip_low"), _number(case, "awr_clip_high"), _number(case, "awr_weight_max")),
            discretisation=Discretisation(case.config.get("discretisation") or Discretisation.RAW),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnmappableFileError(f"configuration: {error}") from error


def task_spec(case: Case) -> TaskSpec:
    """The shapes of a case."""
    agents, obs, action, state = (int(_number(case, key)) for key in "NOAS")
    discrete = bool(case.config.get("discrete"))
    return TaskSpec("reference", agents, obs, action, state, horizon=1, discrete=discrete, masked=discrete)


def learner(cases: Sequence[Case]) -> Learner:
    """One learner whose lanes are the cases, each with its own parameters and batch (its position stands for its seed)."""
    configs = {learner_config(case) for case in cases}
    if len(configs) != 1:
        raise UnmappableFileError("cases of different decomposition, value learning, critic norm or sizes are not one pack")
    flows = [i for i, case in enumerate(cases) if Extraction.of(case.config["extraction"]).has_flow]
    lanes = LaneMap(
        tuple(
            ValueLane(case.name, i, _number(case, "lr"), _optional(case, "tau"), _optional(case, "regularisation"))
            for i, case in enumerate(cases)
        ),
        tuple(
            ActorLane(
                case.name,
                i,
                i,
                _number(case, "lr"),
                Extraction.of(case.config["extraction"]),
                _optional(case, "alpha"),
                ActorNorm.of(case.config["actor_norm"]),
                flows.index(i) if i in flows else None,
            )
            for i, case in enumerate(cases)
        ),
        tuple(FlowLane(cases[i].name, i, _number(cases[i], "lr")) for i in flows),
    )

    def initial(lane: int, network: str) -> Arrays:
        return under(cases[lane].arrays, f"params0/{network}/")

    try:
        built = Learner(task_spec(cases[0]), configs.pop(), lanes, initial=initial)
    except ValueError as error:
        raise UnmappableFileError(f"params0: {error}") from error
    models = built.models
    for prefix, target, layout, heads in (
        ("target_critic", models.target_critic, models.critic.layout, built.config.heads),
        ("target_mixer", models.target_mixer, models.mixer.layout if models.mixer else None, 0),
        ("target_value", models.target_value, models.value.layout if models.value else None, 0),
    ):
        if target is None or layout is None:
            continue
        for lane, case in enumerate(cases):
            for k in range(heads or 1):
                row = lane * heads + k if heads else lane
                for leaf, view in layout.views(target.flat[row : row + 1]).items():
                    name = f"target_{kept_name(k, leaf)}" if heads else f"{prefix}/{leaf}"
                    view[0].copy_(torch.from_numpy(_array(case, f"params0/{name}", tuple(view.shape[1:]))))
    return built


def _array(case: Case, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = case.arrays.get(name)
    if found is None or found.shape != shape:
        raise UnmappableFileError(f"{name}: found {'nothing' if found is None else found.shape}, expected shape {shape}")
    return found


def batch_of(cases: Sequence[Case]) -> Batch:
    """The cases' batches side by side."""
    try:
        names = dict(zip(BATCH_KEYS, BATCH_KEYS, strict=True)) | (LEGAL_KEYS if cases[0].config.get("discrete") else {})
        stacked = {
            field: torch.from_numpy(np.stack([case.arrays[f"batch/{name}"] for case in cases])) for field, name in names.items()
        }
        for name in FLOW_KEYS:
            found = [case.arrays.get(f"batch/{name}") for case in cases]
            drawn = next((each for each in found if each is not None), None)
            if drawn is not None:  # Cases without a flow do not read it.
                filled = [np.zeros_like(drawn) if each is None else each for each in found]
                stacked[name] = torch.from_numpy(np.stack(filled))
    except KeyError as error:
        raise UnmappableFileError(f"missing {error}") from error
    return Batch(**stacked)


def under(arrays: Values, prefix: str) -> Values:
    """The arrays whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _head(start: str, k: int, layout: Layout, flat: torch.Tensor, row: int) -> Values:
    leaves = layout.views(flat[row : row + 1]).items()
    return {f"{start}{kept_name(k, leaf)}": view[0].numpy().copy() for leaf, view in leaves}


def _lane(name: str, layout: Layout, flat: torch.Tensor, row: int) -> Values:
    return {f"{name}/{leaf}": view[0].numpy().copy() for leaf, view in layout.views(flat[row : row + 1]).items()}


def _networks(built: Learner, lane: int, *, gradients: bool) -> Values:
    """All leaves of one lane: gradients, or parameters with the targets'."""
    models, heads = built.models, built.config.heads
    values: Values = {}
    for k in range(heads):
        stack, row = models.critic, lane * heads + k
        values |= _head("", k, stack.layout, stack.gradient if gradients else stack.flat, row)
        if not gradients:
            values |= _head("target_", k, stack.layout, models.target_critic.flat, row)
    flow = built.lanes.actors[lane].flow
    of_actor = models.actors.of(lane)
    rows = [("value", models.value, lane), ("mixer", models.mixer, lane), ("actor", *of_actor)]
    for name, stack, row in [*rows, *([("flow", models.flow, flow)] if flow is not None else [])]:
        if stack is not None:
            values |= _lane(name, stack.layout, stack.gradient if gradients else stack.flat, row)
    if models.mixer is not None and models.target_mixer is not None and not gradients:
        values |= _lane("target_mixer", models.mixer.layout, models.target_mixer.flat, lane)
    if models.value is not None and models.target_value is not None and not gradients:
        values |= _lane("target_value", models.value.layout, models.target_value.flat, lane)
    return values


def reproduce(cases: Sequence[Case]) -> list[Values]:
    """What this trainer makes of the cases, trained side by side: per case, arrays named as in the files."""
    built, batch = learner(cases), batch_of(cases)
    made: list[Values] = [{} for _ in cases]
    traces: list[dict[str, list[float]]] = [{} for _ in cases]
    steps = int(_number(cases[0], "steps"))
    for step in range(1, steps + 1):
        report = built.step(batch)
        losses = {"critic": report.critic_loss, "value": report.value_loss, "actor": report.actor_loss}
        for lane in range(len(cases)):
            flow = built.lanes.actors[lane].flow
            if report.flow_loss is not None and flow is not None:
                traces[lane].setdefault("flow", []).append(float(report.flow_loss[flow]))
            for name, loss in losses.items():
                if loss is not None:
                    traces[lane].setdefault(name, []).append(float(loss[lane]))
            if step == 1:
                gradients = _networks(built, lane, gradients=True)
                made[lane] |= {f"grad/{name}": value for name, value in gradients.items()}
                made[lane] |= {f"loss/{name}": np.array(trace[0]) for name, trace in traces[lane].items()}
            if step in (1, steps):
                parameters = _networks(built, lane, gradients=False)
                made[lane] |= {f"params{step}/{name}": value for name, value in parameters.items()}
    for lane, trace in enumerate(traces):
        made[lane] |= {f"trace/{name}": np.array(values) for name, values in trace.items()}
    return made


class Verdict(NamedTuple):
    """Outcome of one file: leaves compared, largest relative error and its leaf, leaves on one side only."""

    leaves: int
    error: float
    worst: str
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every leaf is there and near."""
        return self.leaves > 0 and self.error <= TOLERANCE and not self.missing and not self.extra


def compare(case: Case, made: Values) -> Verdict:
    """Compare every leaf: error of a leaf is max|x - y| / max|y| over it; an exact zero must stay exactly zero."""
    expected = {name: value for name, value in case.arrays.items() if name.startswith(COMPARED)}
    error, worst = 0.0, ""
    for name in expected.keys() & made.keys():
        x, y = made[name], expected[name]
        if x.shape != y.shape:
            return Verdict(len(expected), float("inf"), f"{name}: shape {x.shape}, expected {y.shape}", (), ())
        relative = float(np.abs(x - y).max() / max(np.abs(y).max(), 1e-12))
        if not relative <= error:
            error, worst = (relative if np.isfinite(relative) else float("inf")), name
    missing, extra = sorted(expected.keys() - made.keys()), sorted(made.keys() - expected.keys())
    return Verdict(len(expected.keys() & made.keys()), error, worst, tuple(missing), tuple(extra))


def between_others(case: Case) -> Values:
    """What this trainer makes of a case as a lane between others: of other parameters and alpha, itself, another extraction."""
    arrays = {name: value + 0.01 if name.startswith("params0/actor") else value for name, value in case.arrays.items()}
    other = Case("other", {**case.config, "alpha": 0.7}, arrays)
    return reproduce([_of_another_extraction(case), other, case, other._replace(name="third")])[2]


def _of_another_extraction(case: Case) -> Case:
    """The case with an extraction that needs nothing more than the case has."""
    own = Extraction.of(case.config["extraction"])
    changed = Extraction.AWR if own.climbs_critic and not own.has_flow else Extraction.BRAC
    name, arrays = "params0/actor/layer0/weight", dict(case.arrays)
    if own.has_flow:  # Its actor reads noise behind the rest.
        arrays[name] = arrays[name][: -int(_number(case, "A"))]
    return Case("mixed", {**case.config, "extraction": changed.value, "alpha": 1.3}, arrays)


def main(arguments: Sequence[str]) -> int:
    """Check the files; returns the exit status."""
    if not arguments:
        print("usage: python -m tests.reference_check FILE...", file=sys.stderr)
        return 1
    failed = 0
    for path in map(Path, arguments):
        try:
            case = load(path)
            verdicts = compare(case, reproduce([case])[0]), compare(case, between_others(case))
        except UnknownWordError as error:
            print(f"{path.stem}: skipped: {error}")
            continue
        except UnmappableFileError as error:
            print(f"{path.stem}: cannot be mapped: {error}")
            failed += 1
            continue
        verdict = max(verdicts, key=lambda one: (not one.passed, one.error))
        sides = "".join(
            f", {word}: {', '.join(names)}" for word, names in (("missing", verdict.missing), ("extra", verdict.extra)) if names
        )
        print(f"{path.stem}: {verdict.leaves} leaves, largest relative error {verdict.error:.2e} ({verdict.worst}){sides}")
        failed += not verdict.passed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
