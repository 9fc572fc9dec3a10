"""`best`: what a search has found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.cli.shared import console, open_reference
from recipe_sweep.sweep.cli.show.search import best_json, best_table, compared, progress_line
from recipe_sweep.sweep.cli.streams import say
from recipe_sweep.sweep.opening import Reference, open_target


@dataclass(frozen=True)
class BestOptions:
    """A search, the directory of another sweep to compare with, and how to print."""

    reference: Reference
    beside: Path | None
    as_json: bool


def show_best(options: BestOptions) -> None:
    """Print the best values of each study, beside those of another sweep. Raises UserInputError if the grid is no search."""
    target = open_reference(options.reference)
    if target.space is None:
        problem = Problem(options.reference.text, key="search", found="nothing", expected="a grid that searches alpha")
        raise UserInputError(problem)
    target.begun()
    other = open_target(str(options.beside)).begun().paths if options.beside is not None else None
    pairs = compared(target, other)
    if options.as_json:
        say(best_json(pairs))
        return
    say(progress_line(target))
    console().print(best_table(pairs))
