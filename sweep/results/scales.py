"""The present reference returns, by which readers of old results can score their returns."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES


class Scale(NamedTuple):
    """The returns that score 0 and 1."""

    minimum: float
    maximum: float

    def of(self, score: float) -> float:
        """Compute the return of a score."""
        return self.minimum + score * (self.maximum - self.minimum)


def present_scale(source: str, task: str, versions: Collection[str]) -> Scale | None:
    """Look up the present reference returns of a task's data: those of the newest of these versions.

    None for data that a plugin registers, and if this release knows none of the versions.
    """
    kind = Source(source)
    known = TASKS[task].known(kind) if task in TASKS and kind is not Source.REGISTERED else ()
    newest = next((version for version in known if version in versions), "")
    scale = RETURN_SCALES.get((kind, task, newest))
    return None if scale is None else Scale(scale.minimum, scale.maximum)
