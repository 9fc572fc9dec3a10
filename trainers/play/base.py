"""The protocol of a drawing: how an episode of one kind of task becomes pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from recipe_sweep.trainers.play.episode import Episode

if TYPE_CHECKING:
    from PIL.Image import Image

AGREEMENT = 1e-6
"""Two simulators agree if their returns differ by at most this, times the return if that is larger than 1."""


class SecondReturn(NamedTuple):
    """The return of the same actions from the same start in another program's simulator."""

    program: str
    value: float
    steps: int
    remark: str = ""
    """what was added, so that both count the same"""

    def agrees(self, ours: float) -> bool:
        """Say whether it is our return, up to the rounding of sums."""
        return abs(self.value - ours) <= AGREEMENT * max(1.0, abs(ours))


class Film(NamedTuple):
    """Pictures of an episode."""

    pictures: Sequence[Image]
    drawn_by: str
    """who drew them, and what was not possible"""
    second: SecondReturn | None = None


class Drawing(Protocol):
    """Draws the episodes of one kind of task."""

    @property
    def per_second(self) -> int:
        """Pictures per second that suit the task."""
        ...

    def film(self, episode: Episode, steps: Sequence[int]) -> Film:
        """Draw the states after so many steps each, in this order; 0 is the start."""
        ...
