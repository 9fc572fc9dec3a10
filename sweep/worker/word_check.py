"""Checks words of plugins before training: one version has one source, in a sweep and on every node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.plugin_words import word_sources
from recipe_sweep.search_spaces.plugins import PluginError
from recipe_sweep.search_spaces.point import DesignPoint


def checked_words(points: Iterable[DesignPoint], pinned: Mapping[str, str], file: str) -> dict[str, str]:
    """Compute the source hashes of the points' words, and compare them with `pinned`, those of the sweep in `file`.

    Raises PluginError naming every word whose source changed.
    """
    here = word_sources(points)
    changed = [
        Problem(
            file=file,
            key=word,
            found=f"source {found}, in the plugin as it is now",
            expected=f"source {pinned[word]}, with which this sweep was trained under this version",
            hint="raise the version in the plugin, or bring its source back",
        )
        for word, found in here.items()
        if pinned.get(word, found) != found
    ]
    if changed:
        raise PluginError(*changed)
    return here
