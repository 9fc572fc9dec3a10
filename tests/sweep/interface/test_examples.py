"""Every example in the documents of the Python interface runs, and prints what stands there."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import recipe_sweep
from tests.checkout import ROOT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
INTERFACE = "recipe_sweep.sweep.interface"
MODULES = (
    *("recipe_sweep", "recipe_sweep.trainers.acting"),
    *(f"{INTERFACE}.{name}" for name in ("opened", "launching", "advice")),
)


@pytest.mark.parametrize("module", MODULES)
def test_an_example_in_a_docstring_prints_something_else(module: str, here: Path) -> None:
    done = doctest.testmod(importlib.import_module(module), extraglobs={"recipe_sweep": recipe_sweep}, optionflags=FLAGS)
    assert done.failed == 0
    assert done.attempted > 0


def test_a_public_name_has_no_example() -> None:
    without = {"__version__", "RecipeSweepError", "UserInputError"}
    told = {name: getattr(recipe_sweep, name).__doc__ for name in recipe_sweep.__all__ if name not in without}
    told |= {name: member.__doc__ for name, member in vars(recipe_sweep.Sweep).items() if not name.startswith("_")}
    assert [name for name, text in told.items() if ">>>" not in text] == []


def test_an_example_in_the_documents_prints_something_else(here: Path) -> None:
    done = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False, optionflags=FLAGS)
    assert done.failed == 0
    assert done.attempted > 10
