"""Whoever reads a screen finds every head of a column, label of a line and state in docs/glossary.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from recipe_sweep.sweep.estimates.eta import FEWEST_PACES
from recipe_sweep.sweep.files.attempt_file import AttemptEnd
from recipe_sweep.sweep.files.launch_file import Why
from recipe_sweep.sweep.monitoring.doctor import Severity
from recipe_sweep.sweep.monitoring.listed_status import ListedStatus
from recipe_sweep.sweep.monitoring.run_history import RunState
from recipe_sweep.sweep.monitoring.sweep_list import SweepState
from recipe_sweep.trainers.data.inventory import State
from recipe_sweep.trainers.results import RunStatus
from scripts.glossary import GLOSSARY
from tests.checkout import ROOT

SCREENS = [*sorted((ROOT / "sweep" / "cli").rglob("*.py")), ROOT / "sweep" / "monitoring" / "run_history.py"]
STATES: tuple[type[StrEnum], ...] = (RunState, RunStatus, ListedStatus, SweepState, AttemptEnd, Why, Severity, State)
NEVER_SHOWN = {AttemptEnd.OPEN.value}
"""An attempt without an end is shown as "at work" or "killed"."""

LABEL = re.compile(r"^\s*(?:\[[a-z ]+\])?([A-Za-z][A-Za-z ]*?)(?:  +|: )")
"""A word or some, then two spaces or a colon: how a line begins that says one thing."""


def explained() -> set[str]:
    """Read the words that the glossary's tables explain: all of a row's cells but the last."""
    rows = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [cell for row in rows for cell in re.split(r"(?<!\\)\|", row.strip("|"))[:-1]]
    return {part.strip(" `*").replace(r"\|", "|") for cell in cells for part in (cell, *cell.split(", "))}


def heads(tree: ast.AST) -> Iterator[str]:
    """Find the heads of columns and rows: constants that tables are given, or that loops and dicts put into them."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name == "plain_table":
            yield from texts(*call.args)
        elif name in ("add_column", "add_row") and call.args:
            head = call.args[0]
            yield from texts(head) if not isinstance(head, ast.JoinedStr) else ()
            yield from (text for loop in loops if binds(loop, head) for text in texts(*filled(tree, loop.iter)))
    for pair in (node.value for node in ast.walk(tree) if isinstance(node, ast.Yield)):
        if isinstance(pair, ast.Tuple):
            yield from texts(pair.elts[0])


def binds(loop: ast.For, head: ast.expr) -> bool:
    """Check whether a loop sets the variable that is the head."""
    return isinstance(head, ast.Name) and head.id in {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}


def filled(tree: ast.AST, loop: ast.expr) -> list[ast.expr]:
    """Return what a loop goes over: the keys of a dict that was filled before, or the expression itself."""
    if isinstance(loop, ast.Call) and isinstance(loop.func, ast.Attribute) and isinstance(loop.func.value, ast.Name):
        dicts = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)]
        named = [node.value for node in dicts if getattr(node.target, "id", None) == loop.func.value.id]
        return [key for content in named if isinstance(content, ast.Dict) for key in content.keys if key is not None]
    return [loop] if isinstance(loop, ast.Tuple | ast.IfExp) else []


def labels(tree: ast.AST) -> Iterator[str]:
    """Find the labels with which printed lines begin."""
    printed = [node.value for node in ast.walk(tree) if isinstance(node, ast.Yield | ast.Return)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    printed += [call.args[0] for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) in ("say", "print")]
    for node in printed:
        for text in lines(node) if node is not None else ():
            found = LABEL.match(text)
            if found is not None:
                yield found[1]


def lines(node: ast.expr) -> Iterator[str]:
    """Split the constant parts of what is printed into lines; what is filled in is a full stop."""
    for text in filled_in(node):
        whole = "".join(str(part.value) if isinstance(part, ast.Constant) else "." for part in text.values)
        yield from whole.split("\n")
    if isinstance(node, ast.Constant):
        yield from str(node.value).split("\n")


def filled_in(node: ast.AST) -> Iterator[ast.JoinedStr]:
    """Find the f-strings in a tree; how a number is to be formatted is one for Python, but not for us."""
    formats = {id(each.format_spec) for each in ast.walk(node) if isinstance(each, ast.FormattedValue)}
    yield from (each for each in ast.walk(node) if isinstance(each, ast.JoinedStr) and id(each) not in formats)


def texts(*nodes: ast.expr) -> Iterator[str]:
    """Find the texts in expressions, without those in f-strings."""
    within = {
        id(part) for root in nodes for text in ast.walk(root) if isinstance(text, ast.JoinedStr) for part in ast.walk(text)
    }
    for node in (each for root in nodes for each in ast.walk(root)):
        if id(node) not in within and isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip(". "):
            yield node.value.strip()


def counted_states() -> Iterator[str]:
    """Find the states that the first line of `status` counts."""
    tree = ast.parse((ROOT / "sweep" / "cli" / "show" / "status.py").read_text(encoding="utf-8"))
    [function] = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_status_lines"]
    for node in (node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.AugAssign)):
        for text in filled_in(node):
            last = text.values[-1]
            assert isinstance(last, ast.Constant)
            yield re.sub(r"\[[^]]*\]", "", str(last.value)).strip()


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_head_or_label_of_a_screen_is_left_unexplained(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unexplained = sorted({*heads(tree), *labels(tree)} - explained())
    assert not unexplained, f"docs/glossary.md: a row each for {unexplained}"


def test_no_state_is_left_unexplained() -> None:
    shown = {member.value for states in STATES for member in states} | {*counted_states(), "at work", "killed", "given up"}
    assert sorted(shown - NEVER_SHOWN - explained()) == [], "docs/glossary.md: a row each"


def test_the_search_for_words_finds_what_screens_show() -> None:
    """A search that finds nothing explains everything."""
    found = {word for path in SCREENS for tree in [ast.parse(path.read_text())] for word in (*heads(tree), *labels(tree))}
    assert {"reason", "speed", "best of the search", "seed", "mean |action|", "greatest", "attempt", "cost", "up"} <= found
    assert {"done", "pruned", "outside this grid"} <= set(counted_states())


def test_the_glossary_says_from_how_many_packs_on_there_is_an_interval() -> None:
    assert f"{FEWEST_PACES} packs" in GLOSSARY.read_text(encoding="utf-8")
