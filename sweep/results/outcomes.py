"""How each done run ended, from the index of done runs. No results file is opened for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from recipe_sweep.sweep.results.done import DoneRuns
from recipe_sweep.trainers.results import RunStatus


class Ending(NamedTuple):
    """How a done run ended. `seconds` is its equal share of its pack's wall time."""

    status: RunStatus
    score: float | None
    steps: int | None
    seconds: float


def endings(done: DoneRuns) -> Mapping[str, Ending]:
    """Return how each done run ended, by run id. If several files hold a run, the one that counts is used."""
    found: dict[str, Ending] = {}
    for file in done.files:
        seconds = file.wall_s / max(len(file.run_ids), 1)
        for run_id, score, steps in zip(file.run_ids, file.scores, file.steps, strict=True):
            if done.file_of.get(run_id) is file:
                found[run_id] = Ending(_status(run_id, done), score, steps, seconds)
    return found


def _status(run_id: str, done: DoneRuns) -> RunStatus:
    if run_id in done.diverged:
        return RunStatus.DIVERGED
    return RunStatus.PRUNED if run_id in done.pruned else RunStatus.FINISHED
