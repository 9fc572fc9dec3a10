"""Every error for users is drawn in the tree of its folder, so that one look tells what can go wrong there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.searches import name_of, tree_of
from tests.test_architecture import FILES

ERRORS_ELSEWHERE = {
    "UnknownTaskError": "trainers.environments.registry raises it, and nobody else knows it",
    "UnplayableTaskError": "trainers.environments.registry raises it, and nobody else knows it",
}
"""Errors for users that are drawn in no tree."""


def error_classes() -> dict[str, tuple[str, str]]:
    """Every error for users by its name: the module it is in and what it is derived from."""
    classes = {
        node.name: (module, [name_of(base) for base in node.bases])
        for module in FILES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ClassDef)
    }
    found = {"RecipeSweepError": ("search_spaces.errors", "Exception")}
    while more := {
        name: (module, base)
        for name, (module, bases) in classes.items()
        for base in bases
        if base in found and name not in found
    }:
        found |= more
    return found


def drawn(text: str) -> Iterator[tuple[str, str]]:
    """Names in a tree of the kind that is drawn in errors.py, each with the one that it hangs from."""
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = re.match(r"^([ │]*(?:[├└]── )?)([A-Z]\w*Error)\b", line)
        if match:
            depth = len(match[1])
            above = [(column, name) for column, name in above if column < depth]
            if above:
                yield match[2], above[-1][1]
            above.append((depth, match[2]))


def test_every_error_for_users_is_drawn_in_the_tree_of_its_folder() -> None:
    trees = {module: dict(drawn(ast.get_docstring(tree_of(module)) or "")) for module in FILES if module.endswith(".errors")}
    for name, (module, base) in error_classes().items():
        if name == "RecipeSweepError" or name in ERRORS_ELSEWHERE:
            continue
        assert module in trees, f"{name} is in {module}: an error for users stands in the errors.py of its folder"
        assert trees[module].get(name) == base, f"{module} draws {name} under {trees[module].get(name)}, it is a {base}"


def test_the_trees_draw_no_error_that_is_not_there() -> None:
    for module in FILES:
        if module.endswith(".errors"):
            names = {name for name, _ in drawn(ast.get_docstring(tree_of(module)) or "")}
            assert names <= error_classes().keys(), f"{module}: {names - error_classes().keys()}"


def test_errors_that_are_drawn_nowhere_are_still_there() -> None:
    assert ERRORS_ELSEWHERE.keys() <= error_classes().keys()


def test_a_tree_is_read_with_its_branches() -> None:
    text = "AError\n├── BError  one\n│   └── CError  of one\n└── DError"
    assert dict(drawn(text)) == {"BError": "AError", "CError": "BError", "DError": "AError"}
