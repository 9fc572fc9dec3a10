"""Says what to do about a mistake in a cluster file that has no hint of its own: it names the sample that explains the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from recipe_sweep.cluster.backends.registry import BACKENDS, DEFAULT, foreign
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.pasted import pasted


def advised(error: UserInputError, content: Mapping[str, object]) -> UserInputError:
    """Return the error with a hint for every problem. `content` is the file's, or empty if the file could not be read."""
    return type(error)(
        *(problem if problem.hint else replace(problem, hint=_hint(problem, content)) for problem in error.problems)
    )


def _hint(problem: Problem, content: Mapping[str, object]) -> str:
    if not content:
        return "`recipe-sweep cluster init BACKEND` prints a file to start from"
    name = content.get("backend", DEFAULT)
    if foreign(content) is not None or not isinstance(name, str) or name not in BACKENDS:
        return f"`{_sample('BACKEND' if 'backend' in content else 'ray-up')}` prints a file to start from"
    key = re.split(r"[.\[]", problem.key)[0]
    others = [other for other, kind in BACKENDS.items() if key in kind.schema.model_fields]
    if key and not others:
        return f"`{_sample(name)}` shows every key"
    if key and name not in others:
        return f"it is a key of {', '.join(others)}; this file is for {name}, because {_why(content, name)}"
    explaining = next(
        (other for other in (name, DEFAULT) if re.search(rf"^{key}:", BACKENDS[other].example(), re.MULTILINE)), name
    )
    return f"`{_sample(explaining)}` explains `{key}`" if key else f"`{_sample(name)}` shows one"


def _sample(backend: str) -> str:
    """Return the command that prints a backend's sample."""
    return pasted("recipe-sweep", "cluster", "init", backend)


def _why(content: Mapping[str, object], name: str) -> str:
    return f"it says `backend: {name}`" if "backend" in content else "it has no key `backend`"
