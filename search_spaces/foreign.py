"""Recognises files of other programs by their keys.

A user who gives such a file is told how to begin a grid. A list of all that the file lacks would not help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recipe_sweep.search_spaces.yaml_file import Document

_INIT = "recipe-sweep init my-grid.yaml writes a commented grid; put your values there (README.md says what each key means)"


class Kind(NamedTuple):
    """A kind of file: its name, its sets of keys, and what to do with it. The file has all keys of at least one set."""

    name: str
    marks: Sequence[frozenset[str]]
    advice: str = _INIT


def _kind(name: str, *marks: str, advice: str = _INIT) -> Kind:
    return Kind(name, [frozenset(mark.split()) for mark in marks], advice)


KINDS = (
    _kind("a seml configuration", "seml", "fixed grid", "fixed random", "fixed seml"),
    _kind("a sweep file of Weights & Biases", "method parameters", "program parameters", "metric parameters"),
    _kind("a Hydra configuration", "hydra", "defaults", "_target_"),
    _kind("a file for Ray Tune", "param_space", "tune_config", "run config stop", "run env config"),
    _kind("a file for Optuna", "search_space", "n_trials", "study_name", "direction"),
    _kind("a file for NNI", "trialCommand", "searchSpace"),
    _kind("a manifest of Kubernetes", "apiVersion kind"),
    _kind("a cluster file", "backend", "cluster_name", advice="name it with --cluster, beside a grid"),
    _kind("a sweep's own sweep.json", "grid data_hashes created_at", advice="name the directory that it lies in"),
)
"""The first kind that fits counts."""


def recognised(content: Mapping[str, object]) -> Kind | None:
    """Find the kind of a foreign file by its top-level keys; None for a file that may be meant as a grid."""
    keys = content.keys()
    if "axes" in keys:
        return None
    return next((kind for kind in KINDS if any(mark <= keys for mark in kind.marks)), None)


class Foreign(NamedTuple):
    """What to say about a foreign file: where, what it looks like and what to do."""

    path: tuple[str, ...]
    found: str
    hint: str


def foreign(document: Document) -> Foreign | None:
    """Describe a file that belongs to another program; None for any other file."""
    kind = recognised(document.content)
    if kind is None:
        return None
    mark = next(mark for mark in kind.marks if mark <= document.content.keys())
    first = min(mark, key=lambda key: document.place((key,)).line or 0)
    return Foreign((first,), f"what looks like {kind.name} (it has {' and '.join(sorted(mark))})", kind.advice)
