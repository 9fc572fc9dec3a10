"""The estimate of a launch, written before it trains, and its outcome, written at its end. Estimates are scored.

Both are beside the launch's own file. A launch that was killed leaves no outcome and is not scored. A launch that was
stopped, or in which runs failed for good, did less work than was estimated. It is not scored either.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.estimates.paces import Basis
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import ESTIMATE, OUTCOME, FileKind
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import read_json
from recipe_sweep.sweep.units import percent, slots, span

SCHEMA_VERSION = 1

Kept = TypeVar("Kept")

_NAME = re.compile(r"([0-9]{6,12})\.estimate\.json")


@dataclass(frozen=True)
class BasisCount:
    """Number of packs whose times come from one source."""

    basis: Basis
    packs: int


@dataclass(frozen=True)
class EvaluationShare:
    """Share of the time of a task's packs that evaluations take."""

    task: str
    share: float


@dataclass(frozen=True)
class Estimate:
    """What training `runs` in `packs` takes. `wall_s` includes `start_s`; `packs_s` is the sum over all packs.

    `cpus` and `gpus` are what one pack holds. `notes` say what the estimate depends on. `evaluation` has the
    tasks whose packs spend much of their time on evaluations.
    """

    made_at: datetime
    runs: int
    packs: int
    slots: int
    wall_s: float
    packs_s: float
    start_s: float
    cpus: float
    gpus: float
    bases: tuple[BasisCount, ...]
    notes: tuple[str, ...]
    evaluation: tuple[EvaluationShare, ...] = ()

    @property
    def cpu_s(self) -> float:
        """CPU-seconds that packs hold."""
        return self.packs_s * self.cpus

    @property
    def gpu_s(self) -> float:
        """GPU-seconds that packs hold, by a pack's share."""
        return self.packs_s * self.gpus


@dataclass(frozen=True)
class Outcome:
    """How a launch ended that was not killed. `start_s`: seconds until its first pack began; None if none did."""

    host: str
    took_s: float
    start_s: float | None
    ray: bool
    planned: int
    trained: int


@dataclass(frozen=True)
class Score:
    """A launch's estimate, and its outcome if there is one."""

    epoch: int
    estimate: Estimate
    outcome: Outcome | None

    @property
    def error(self) -> float | None:
        """Estimated time divided by taken time, minus one; None if the launch runs, or did not train all that was estimated."""
        outcome = self.outcome
        if outcome is None or outcome.trained < outcome.planned or outcome.took_s <= 0:
            return None
        return self.estimate.wall_s / outcome.took_s - 1

    @property
    def text(self) -> str:
        """Sentence that compares both."""
        estimate, outcome = self.estimate, self.outcome
        begun = f"estimated {span(estimate.wall_s)} on {slots(estimate.slots)}"
        if outcome is None:
            return begun
        if self.error is None:
            return (
                f"{begun}; ended after {span(outcome.took_s)} with {outcome.trained:,} of {counted(outcome.planned, 'run')} "
                "trained: not scored"
            )
        side = "under" if self.error < 0 else "over"
        return f"{begun}, took {span(outcome.took_s)}: {percent(abs(self.error))} {side}"


def write_estimate(paths: SweepPaths, epoch: int, estimate: Estimate) -> Path:
    """Write the estimate of a launch; return the path."""
    content = asdict(estimate) | {"made_at": estimate.made_at.isoformat()}
    path = paths.estimate_file(epoch)
    replace_json(path, {"schema_version": SCHEMA_VERSION} | content)
    return path


def write_outcome(paths: SweepPaths, epoch: int, outcome: Outcome) -> Path:
    """Write how a launch ended; return the path."""
    path = paths.outcome_file(epoch)
    replace_json(path, {"schema_version": SCHEMA_VERSION} | asdict(outcome))
    return path


def read_scores(paths: SweepPaths) -> tuple[Score, ...]:
    """Read the scores of all launches that were estimated, oldest first."""
    found = (_NAME.fullmatch(path.name) for path in paths.estimate_file(0).parent.glob("[0-9]*.estimate.json"))
    epochs = sorted(int(match[1]) for match in found if match is not None)
    scores = []
    for epoch in epochs:
        estimate = _read(paths.estimate_file(epoch), Estimate, ESTIMATE)
        if estimate is not None:
            scores.append(Score(epoch, estimate, read_outcome(paths.outcome_file(epoch))))
    return tuple(scores)


def last_score(paths: SweepPaths) -> Score | None:
    """Read the score of the newest launch that was estimated; None if none was."""
    return next(reversed(read_scores(paths)), None)


def read_outcome(path: Path) -> Outcome | None:
    """Read how a launch ended; None if its file does not exist, or is damaged, which is noted."""
    return _read(path, Outcome, OUTCOME)


def check_estimate(path: Path) -> Estimate:
    """Read an estimate. Raises FileNotFoundError, DamagedFileError."""
    return read_json(path, Estimate, ESTIMATE, SCHEMA_VERSION)


def check_outcome(path: Path) -> Outcome:
    """Read an outcome. Raises FileNotFoundError, DamagedFileError."""
    return read_json(path, Outcome, OUTCOME, SCHEMA_VERSION)


def _read(path: Path, content: type[Kept], kind: FileKind) -> Kept | None:
    """Read a file; None if it is gone or damaged. Damage is only noted, because no launch depends on the file."""
    try:
        return read_json(path, content, kind, SCHEMA_VERSION)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None
