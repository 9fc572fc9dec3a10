"""Words that plugins bring: their names, and the hash of their source.

A plugin's word enters ids as `plugin:word@version`. The hash shows if two sources have the same version.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.plugins import PluginError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.words import Word

AnyWord = TypeVar("AnyWord", bound=Word)

HASH_LENGTH = 16
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}:[a-z][a-z0-9_]{0,31}@[0-9A-Za-z][0-9A-Za-z.]{0,15}")


def plugin_word(plugin: str, name: str, version: str) -> str:
    """Compose the full name of a plugin's word.

    Raises PluginError if the name could not be part of an id or of a file's name.
    """
    full = f"{plugin}:{name}@{version}"
    if not _NAME.fullmatch(full):
        expected = "plugin and word of small letters, digits and _, a version of digits, letters and dots"
        raise PluginError(Problem(key="word", found=repr(full), expected=expected, hint='plugin_word("mylab", "median", "1")'))
    return full


def add_plugin_word(word: AnyWord, member: object) -> AnyWord:
    """Register a plugin's word with the source hash of `member`, the object that does what the word says.

    Raises PluginError where the name is taken, or was not made by `plugin_word`.
    """
    if not _NAME.fullmatch(word.name):
        expected = 'a name made by plugin_word("mylab", "median", "1")'
        raise PluginError(Problem(key=word.axis, found=repr(word.name), expected=expected))
    return type(word).add(word.from_source(source_hash(member)))


def source_hash(member: object) -> str:
    """Hash the Python files of the plugin that `member`'s class is from: its module, or all of its package."""
    module = inspect.getmodule(member if inspect.isclass(member) or inspect.isroutine(member) else type(member))
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        found = f"{member!r}, whose source is unknown"
        raise PluginError(Problem(key="word", found=found, expected="a class in a file of the plugin"))
    path = Path(file)
    package = "." in module.__name__ or path.name == "__init__.py"
    top = path.parents[module.__name__.count(".") - (path.name != "__init__.py")] if package else path
    return _hash_of(top)


@cache
def _hash_of(top: Path) -> str:
    """Hash a file, or all Python files in a folder together with their paths."""
    hashed = hashlib.sha256()
    for file in [top] if top.is_file() else sorted(top.rglob("*.py")):
        hashed.update(file.relative_to(top).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return hashed.hexdigest()[:HASH_LENGTH]


def word_sources(points: Iterable[DesignPoint]) -> dict[str, str]:
    """Collect the source hashes of the plugins' words that the points use, by word."""
    words: set[Word] = set()
    for point in points:
        words.update((point.decomposition, point.value_learning, point.extraction, point.critic_norm, point.actor_norm))
    return {str(word): word.source_hash for word in sorted(words) if word.source_hash is not None}
