"""The commands that say what a sweep has found, in figures and advice, and those that take its results elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.cli.options import DataOption, DirectoryOption, GridArgument, JsonOption, OnlyOption, SetOption
from recipe_sweep.sweep.cli.shared import console, open_sweep, without_garbage_collection
from recipe_sweep.sweep.cli.streams import say

app = typer.Typer()


@app.command(epilog="Example:  recipe-sweep report demo")
def report(
    grid: GridArgument,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[OTHER]", help="A second sweep to hold against it, likewise.", show_default=False),
    ] = None,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    data: DataOption = None,
    number: Annotated[
        list[int] | None,
        typer.Option("--figure", metavar="N", help="Only this figure of the paper; may be repeated.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also say what the figures that cannot be drawn lack.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Where to write.  [default: report/ in the sweep]", show_default=False),
    ] = None,
) -> None:
    """Draw the paper's figures that the results allow, and write a page, tables and numbers; of two sweeps, compare them."""
    from recipe_sweep.analysis.figures.registry import figure_kinds
    from recipe_sweep.analysis.report.report import write_report
    from recipe_sweep.sweep.estimates.estimate_file import read_scores
    from recipe_sweep.sweep.monitoring.status import SweepWatcher
    from recipe_sweep.sweep.planning.search_rounds import unpruned
    from recipe_sweep.sweep.results.trained import kept_weights

    if other is not None:
        # Not --data, which the environment may give: nothing is read there.
        given = {"--dir": directory, "--set": overrides, "--figure": number, "--all": every}
        _compare((grid, other), [option for option, value in given.items() if value], only, out)
        return
    kinds = figure_kinds(number or None)
    with without_garbage_collection():
        target = open_sweep(grid, directory, overrides).begun()
        _check_writable(out, target.paths.report)
        selected = target.selected(only or ())
        points = unpruned(selected, target.paths)
        look = SweepWatcher(target.points, target.paths, {point.run_id for point in points}).look()
        remarks = [f"Launch {score.epoch}: {score.text}." for score in read_scores(target.paths) if score.error is not None]
        if early := len(selected) - len(points):
            ended = f"The search ended {counted(early, 'more run')} early"
            remarks.append(f"{ended}, which {agreeing(early, 'is', 'are')} in none of these numbers.")
        paths = write_report(
            target.paths.root,
            points,
            look.failed,
            out or target.paths.report,
            kinds=kinds,
            learned=kept_weights(target.paths, points, data),
            remarks=remarks,
        )
    for sentence in (paths.coverage, *([paths.summary] if paths.table else []), *remarks):
        say(sentence)
    if target.grid.search is not None:
        from recipe_sweep.sweep.cli.show.search import best_table, compared

        console().print(best_table(compared(target, None)))
    if paths.page is not None:
        say(f"page     {paths.page}")
    for figure in paths.figures:
        say(f"figure   {figure.paths.png}")
    if paths.table is not None:
        say(f"table    {paths.table}")
    say(f"numbers  {paths.figures[0].numbers[0].parent}/*.csv\nParquet  {paths.runs}")
    if every or number:
        for absent in paths.absent:
            say(absent.sentence)


def _compare(references: tuple[str, str], misplaced: list[str], only: list[str] | None, out: Path | None) -> None:
    """Hold two sweeps against each other. Raises SweepDirectoryError for options that make sense of one sweep alone."""
    from recipe_sweep.analysis.report.two_sweeps_files import load_side, write_comparison
    from recipe_sweep.sweep.errors import SweepDirectoryError
    from recipe_sweep.sweep.monitoring.status import SweepWatcher
    from recipe_sweep.sweep.planning.search_rounds import unpruned

    if misplaced:
        expected = "two grids or sweep directories, with --only and --out alone"
        raise SweepDirectoryError(
            *(Problem(file=option, found=f"{option} beside two sweeps", expected=expected) for option in misplaced)
        )
    targets = [open_sweep(reference, None, None).begun() for reference in references]
    names = [target.paths.root.resolve().name for target in targets]
    default = targets[0].paths.report / f"against-{names[1]}"
    _check_writable(out, default)
    sides = []
    for target, name, reference in zip(targets, names, references, strict=True):
        points = unpruned(target.selected(only or ()), target.paths)
        failed = SweepWatcher(target.points, target.paths, {point.run_id for point in points}).look().failed
        # Two copies of a sweep have one name and are told apart by where they lie.
        sides.append(load_side(name if names.count(name) == 1 else reference, target.paths.root, points, failed))
    first, second = sides
    paths = write_comparison(first, second, out or default)
    say(paths.text.read_text(encoding="utf-8"))
    say(f"page     {paths.page}\ntext     {paths.text}\nnumbers  {paths.numbers}")


def _check_writable(out: Path | None, default: Path) -> None:
    """Refuse a place for a report that cannot be written, before anything is computed. Raises SweepDirectoryError."""
    from recipe_sweep.sweep.errors import SweepDirectoryError

    place = out or default
    existing = next(path for path in (place, *place.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        found = f"{existing} may only be read" if existing.is_dir() else f"{existing} is a file"
        hint = "name another place: -o DIR" if out is None else None
        raise SweepDirectoryError(Problem(str(place), found=found, expected="a directory that can be written", hint=hint))


@app.command(epilog="Example:  recipe-sweep recommend demo --task simple_spread --budget 64")
def recommend(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="For this task alone.", show_default=False)] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="DATASET", help="For this dataset alone.", show_default=False)
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="RUNS|HOURSh", help="What may be spent: 64 runs, or 12h of a slot.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say which configuration to train first, why, and what next: from the results, or else from the paper."""
    from recipe_sweep.analysis.report.advice import advise
    from recipe_sweep.analysis.report.recommendation_text import recommendation_json, recommendation_lines
    from recipe_sweep.sweep.planning.search_rounds import unpruned

    target = open_sweep(grid, directory, overrides)
    found = advise(target.paths.root, unpruned(target.points, target.paths), task=task, dataset=dataset, budget=budget)
    if as_json:
        say(recommendation_json(found))
        return
    for line in recommendation_lines(found):
        say(line)


@app.command(epilog="Example:  recipe-sweep export demo -o results.csv")
def export(
    grid: GridArgument,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="File to write: .csv, .parquet, or .safetensors for a policy; - prints CSV."
        ),
    ],
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    curves: Annotated[bool, typer.Option("--curves/--no-curves", help="With curves and diagnostics.")] = True,
    policy: Annotated[str | None, typer.Option(metavar="RUN_ID", help="Export this run's final weights instead.")] = None,
) -> None:
    """Write all finished runs as CSV or Parquet, or one run's policy as safetensors."""
    from recipe_sweep.sweep.files.out_file import is_standard_output
    from recipe_sweep.sweep.opening import one_run
    from recipe_sweep.sweep.results.export import export_policy, export_table

    with without_garbage_collection():
        target = open_sweep(grid, directory, overrides).begun()
        points = target.selected(only or ())
        if policy is not None:
            point = one_run(points, policy)
            names = export_policy(target.paths, point, out)
            say(f"wrote {out}: {counted(len(names), 'array')} of run {point.run_id}; open it with safetensors.torch.load_file")
            return
        rows = export_table(target.paths, {point.run_id for point in points}, out, curves=curves)
    # What is printed must be the table alone, for the program that reads it.
    say(f"wrote {out}: {counted(rows, 'run')}", file=sys.stderr if is_standard_output(out) else None)


@app.command(epilog="Example:  recipe-sweep mlflow demo")
def mlflow(
    grid: GridArgument,
    directory: DirectoryOption = None,
    per_run: Annotated[bool, typer.Option("--per-run", help="One MLflow run per run instead of per configuration.")] = False,
) -> None:
    """Bring the MLflow database up to date with the results, rebuilding it where it is gone. Cut short, it goes on later."""
    from recipe_sweep.sweep.cli.show.bars import stages
    from recipe_sweep.sweep.cli.show.launch_end import tell_mlflow
    from recipe_sweep.sweep.tracking.projection import project

    target = open_sweep(grid, directory, None).begun()
    with stages() as begin:
        summary = project(target.paths.root, per_run=per_run, tell=say, progress=begin("runs to MLflow"))
    say(summary)
    tell_mlflow(target.paths.root)
