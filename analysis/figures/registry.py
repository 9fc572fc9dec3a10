"""The registry of figures. A new figure needs a module whose `draw` turns a `Material` into drawings, and a line here."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.analysis.errors import UnknownFigureError
from recipe_sweep.analysis.figures.inputs import Drawing, FigureKind, Material, Numbers
from recipe_sweep.analysis.figures.style import FigurePaths, save
from recipe_sweep.analysis.files import write_csv
from recipe_sweep.analysis.results.rehearsal_mark import stamped
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.results.samples import Lacking


class WrittenFigure(NamedTuple):
    """One figure on disk: its kind, its alternative text in one sentence, its files, and its numbers as CSV."""

    kind: FigureKind
    name: str
    says: str
    paths: FigurePaths
    numbers: tuple[Path, ...]


class AbsentFigure(NamedTuple):
    """A figure of the paper for which the sweep has no data. The sentence says how to get them."""

    kind: FigureKind
    sentence: str


def _drawn_by(module: str) -> Callable[[Material], Sequence[Drawing] | Lacking]:
    """Wrap the module's `draw`. The module is imported at the first call, so a report loads only the code it needs."""

    def draw(material: Material) -> Sequence[Drawing] | Lacking:
        drawn: Sequence[Drawing] | Lacking = importlib.import_module(f"recipe_sweep.analysis.figures.{module}").draw(material)
        return drawn

    return draw


def _kind(name: str, number: int | None, module: str, title: str, preset: str) -> FigureKind:
    return FigureKind(name, number, title, preset, _drawn_by(module))


FIGURES = (
    _kind("figure1", 1, "figure1_support", "Actions of BRAC and AWR against the data's support", "figures1and8"),
    _kind("figure2", 2, "figure2_game", "The two-step game", "two_step"),
    _kind("figure3", 3, "figure3_values", "Values and critic losses of Mix, VDN and Dec", "figures3to6"),
    _kind("figure4", 4, "figure4_actor_loss", "Actor loss and gradient norm of plain Mix", "figures3to6"),
    _kind("figure5", 5, "figure5_actor_norm", "The actor's remedy", "figures3to6"),
    _kind("figure6", 6, "figure6_svn", "Values and returns with SVN", "figures3to6"),
    _kind("figure7", 7, "figure7_designs", "Best performance according to design choices", "figure7_small"),
    _kind("figure8", 8, "figure8_value_learning", "Learned values under TD, SARSA and IQL", "figures1and8"),
    _kind("figure9", 9, "figure9_discrete", "Discrete control", "figure9_small"),
    _kind("figure10", 10, "figure10_published", "Published algorithms with Mix", "figure10_small"),
    _kind("alpha_figure", None, "alpha_curves", "Score against temperature", "figure7_small"),
    _kind("discretisation_figure", None, "discretisation", "Returns under each discretisation", "discretisation"),
    _kind("svn_figure", None, "svn_ablation", "Training under each normalisation", "svn_ablation"),
)
NUMBERS = tuple(kind.number for kind in FIGURES if kind.number is not None)


def figure_kinds(numbers: Collection[int] | None = None) -> tuple[FigureKind, ...]:
    """Select the figures with these numbers. Without numbers, return all, our own too. Raise UnknownFigureError."""
    unknown = sorted(set(numbers or ()) - set(NUMBERS))
    if unknown:
        expected = f"one of {', '.join(map(str, NUMBERS))}"
        raise UnknownFigureError(*(Problem(f"--figure {n}", found="no such figure", expected=expected) for n in unknown))
    return tuple(kind for kind in FIGURES if numbers is None or kind.number in numbers)


def write_figures(kinds: Sequence[FigureKind], material: Material, out_dir: Path) -> Iterator[WrittenFigure | AbsentFigure]:
    """Draw the figures for which the material has the data, and save each with its numbers. Say what the others lack.

    Our own figures are skipped without a message if they cannot be drawn.
    """
    for kind in kinds:
        drawings = kind.draw(material)
        if isinstance(drawings, Lacking):
            if kind.number is not None:
                yield AbsentFigure(kind, absent_sentence(kind, drawings))
            continue
        for drawing in drawings:
            yield _write(kind, drawing, material.results.rehearsal, out_dir)


def _write(kind: FigureKind, drawing: Drawing, rehearsal: bool, out_dir: Path) -> WrittenFigure:
    tables = tuple(write_numbers(numbers, rehearsal, out_dir) for numbers in drawing.numbers)
    paths = save(drawing.figure, out_dir / drawing.name, rehearsal=rehearsal)
    return WrittenFigure(kind, drawing.name, drawing.says, paths, tables)


def write_numbers(numbers: Numbers, rehearsal: bool, out_dir: Path) -> Path:
    """Write a table as CSV. Numbers of a rehearsal are marked in every row."""
    table = stamped(numbers.table) if rehearsal else numbers.table
    return write_csv(out_dir / f"{numbers.name}.csv", table)


def absent_sentence(kind: FigureKind, lacking: Lacking) -> str:
    """Say why a figure is not drawn, and how to get its data."""
    how = pasted("recipe-sweep", "launch", kind.preset)
    return f"Figure {kind.number} is not drawn: {lacking.what}; `{how}` trains what it needs."
