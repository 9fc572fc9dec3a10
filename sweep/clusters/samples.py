"""Sample cluster files: one for each backend, with a comment on every key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recipe_sweep.cluster.backends.base import Backend
from recipe_sweep.cluster.backends.registry import BACKENDS, FOREIGN
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.validation import nearest, one_of
from recipe_sweep.sweep.errors import ClusterFileError


def sample_names() -> Sequence[str]:
    """Name the kinds of cluster files that there are samples of."""
    return tuple(_kinds())


def sample_text(name: str) -> str:
    """Return the sample of a backend. Raises ClusterFileError for a name that is none."""
    kind = _kinds().get(name)
    if kind is None:
        hint = nearest(name, _kinds()) or "it is a kind of machines; `> FILE` keeps what is printed"
        raise ClusterFileError(Problem("BACKEND", found=repr(name), expected=one_of(_kinds()), hint=hint))
    return kind.example()


def _kinds() -> Mapping[str, type[Backend[Any]]]:
    """Return every backend by its word. Names of other tools' files get a dash, because they are typed."""
    return {**BACKENDS, **{each.name.replace(" ", "-"): each for each in FOREIGN}}
