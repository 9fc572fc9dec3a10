"""The commands that report what a sweep has found, and those that export its results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.results.score_words import ScoreWord
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import (
    DataOption,
    DirectoryOption,
    GridArgument,
    JsonOption,
    OnlyOption,
    Panel,
    RunArgument,
    ScoreOption,
    SetOption,
    ThresholdOption,
)
from recipe_sweep.sweep.cli.shared import open_sweep, without_garbage_collection
from recipe_sweep.sweep.cli.streams import tell

app = typer.Typer()


@app.command(epilog="Example:  recipe-sweep report demo", rich_help_panel=Panel.RESULTS)
def report(
    grid: GridArgument,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[OTHER]", help="A second sweep to compare with, named in the same way.", show_default=False),
    ] = None,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    data: DataOption = None,
    number: Annotated[
        list[int] | None,
        typer.Option("--figure", metavar="N", help="Only this figure of the paper; may be repeated.", show_default=False),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also say what is missing for the figures that cannot be drawn.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Where to write.  [default: report/ in the sweep]", show_default=False),
    ] = None,
    score: ScoreOption = ScoreWord.FINAL,
    threshold: ThresholdOption = None,
    intervals: Annotated[
        Intervals,
        typer.Option(
            "--intervals",
            help="Whiskers of Figure 7. paired: difference to the panel's best. single: each bar alone, as in the paper.",
        ),
    ] = Intervals.PAIRED,
    null_sweeps: Annotated[
        int,
        typer.Option(
            "--null-sweeps",
            min=0,
            max=10_000,
            metavar="N",
            help="Also say how often claims hold in N sweeps without differences.",
        ),
    ] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser, if there is a display.")] = False,
) -> None:
    """Draw the paper's figures that the results allow, and write a page, tables and numbers; or compare two sweeps."""
    from recipe_sweep.analysis.results.score_rules import score_rule
    from recipe_sweep.sweep.cli.actions.report import ReportOptions, compare_sweeps, report_sweep
    from recipe_sweep.sweep.cli.actions.show_page import open_page
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, directory, overrides or ())
    rule = score_rule(score, threshold)
    options = ReportOptions(reference, only or (), data, number or (), every, out, null_sweeps, rule, intervals)
    page = report_sweep(options) if other is None else compare_sweeps(options, other)
    if show:
        open_page(page)


@app.command(epilog="Example:  recipe-sweep recommend demo --budget 64 -o next.yaml", rich_help_panel=Panel.RESULTS)
def recommend(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Only this task.", show_default=False)] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="DATASET", help="Only this dataset.", show_default=False)
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="RUNS|HOURSh", help="The budget: 64 runs, or 12h of one slot.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Also write the runs to train next as a grid, without those that are done; - prints it.",
            show_default=False,
        ),
    ] = None,
    score: ScoreOption = ScoreWord.FINAL,
    threshold: ThresholdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend which configuration to train first and next, and why: from the results, or else from the paper."""
    from recipe_sweep.analysis.results.score_rules import score_rule
    from recipe_sweep.sweep.cli.actions.recommend import RecommendOptions, recommend_next
    from recipe_sweep.sweep.planning.opening import Reference

    reference, rule = Reference(grid, directory, overrides or ()), score_rule(score, threshold)
    recommend_next(RecommendOptions(reference, task, dataset, budget, rule, as_json, out))


@app.command(epilog="Example:  recipe-sweep export demo -o results.csv", rich_help_panel=Panel.RESULTS)
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
    curves: Annotated[bool, typer.Option("--curves/--no-curves", help="Include curves and diagnostics.")] = True,
    policy: Annotated[str | None, typer.Option(metavar="RUN_ID", help="Export this run's final weights instead.")] = None,
) -> None:
    """Write all finished runs as CSV or Parquet, or one run's policy as safetensors."""
    from recipe_sweep.sweep.files.out_file import is_standard_output
    from recipe_sweep.sweep.planning.opening import one_run
    from recipe_sweep.sweep.results.export import export_policy, export_table

    with without_garbage_collection():
        target = open_sweep(grid, directory, overrides).begun()
        points = target.selected(only or ())
        if policy is not None:
            point = one_run(points, policy)
            names = export_policy(target.paths, point, out)
            tell(f"wrote {out}: {counted(len(names), 'array')} of run {point.run_id}; open it with safetensors.torch.load_file")
            return
        rows = export_table(target.paths, {point.run_id for point in points}, out, curves=curves)
    # Standard output must have the table alone, because a program reads it.
    tell(f"wrote {out}: {counted(rows, 'run')}", file=sys.stderr if is_standard_output(out) else None)


@app.command(epilog="Example:  recipe-sweep play demo 3fa9 -o episode.gif", rich_help_panel=Panel.RESULTS)
def play(
    grid: GridArgument,
    run_id: RunArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    episode: Annotated[
        int, typer.Option("--episode", metavar="N", min=0, max=1_000_000, help="Which episode of the run's last evaluation.")
    ] = 0,
    per_second: Annotated[
        int | None,
        typer.Option(
            "--fps", metavar="N", min=1, max=50, help="Pictures per second.  [default: as suits the task]", show_default=False
        ),
    ] = None,
    pictures: Annotated[
        int,
        typer.Option("--pictures", metavar="N", min=2, max=1_001, help="At most so many pictures, evenly over the episode."),
    ] = 120,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="The GIF to write; - prints it.  [default: episodes/<run>-<episode>.gif in the sweep]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw an episode of a finished run as a GIF, with its return beside another simulator's. Exit code 1 if these differ."""
    from recipe_sweep.sweep.cli.actions.play import PlayOptions, play_episode
    from recipe_sweep.sweep.planning.opening import Reference

    options = PlayOptions(Reference(grid, directory, overrides or ()), run_id, episode, per_second, pictures, out)
    if not play_episode(options):
        raise typer.Exit(ExitCode.FAILURE)


@app.command(epilog="Example:  recipe-sweep mlflow demo", rich_help_panel=Panel.RESULTS)
def mlflow(
    grid: GridArgument,
    directory: DirectoryOption = None,
    per_run: Annotated[bool, typer.Option("--per-run", help="Make one MLflow run per run, not per configuration.")] = False,
) -> None:
    """Update the MLflow database from the results, or rebuild it if it is gone. If interrupted, run it again."""
    from recipe_sweep.sweep.cli.show.bars import stages
    from recipe_sweep.sweep.cli.show.launch_end import tell_mlflow
    from recipe_sweep.sweep.tracking.projection import project

    target = open_sweep(grid, directory, None).begun()
    with stages() as begin:
        summary = project(target.paths.root, per_run=per_run, tell=tell, progress=begin("runs to MLflow"))
    tell(summary)
    tell_mlflow(target.paths.root)
