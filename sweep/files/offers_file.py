"""The packs that a launch offers to whoever takes them: `launches/000001.offers`.

Only the launch writes the file. Processes on any machine read it. How a try ended stands in the pack's attempts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.kinds import OFFERS
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import read_json

_TRIED = frozenset({AttemptEnd.FAILED, AttemptEnd.HINDERED})
"""Ends after which only the launch decides whether and when the pack is tried again."""


@dataclass(frozen=True)
class Offer:
    """A pack to take. `tries` is how many of its attempts had failed or were hindered when it was offered."""

    pack_id: str
    tries: int


@dataclass(frozen=True)
class Offers:
    """The packs to take now. `more` says whether others may follow."""

    offers: tuple[Offer, ...] = ()
    more: bool = False


def write_offers(path: Path, offers: Offers) -> None:
    """Write what is offered from now on. Raises OSError."""
    replace_json(path, asdict(offers), dense=True)


def read_offers(path: Path) -> Offers | None:
    """Read what is offered; None if that is not known now."""
    try:
        return read_json(path, Offers, OFFERS)
    except (FileNotFoundError, DamagedFileError):
        return None


def tries_of(paths: SweepPaths, pack_id: str) -> tuple[Attempt, ...]:
    """List the attempts at a pack that failed or were hindered, in order."""
    return tuple(attempt for attempt in read_attempts(paths, pack_id) if attempt.end in _TRIED)


def is_open(paths: SweepPaths, offer: Offer) -> bool:
    """Say whether an offered pack still has to be trained."""
    return not paths.pack_result(offer.pack_id).exists() and len(tries_of(paths, offer.pack_id)) == offer.tries
