"""The command line's arguments and options, each defined once and shared by the commands that take it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recipe_sweep.analysis.results.score_words import ScoreWord
from recipe_sweep.search_spaces.presets import preset_names
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.monitoring.listed_status import ListedStatus

if TYPE_CHECKING:
    from recipe_sweep.search_spaces.point import DesignPoint

MOST_COMPLETIONS = 200
LARGEST_SEED = 2**63 - 1
MOST_TRANSITIONS = 100_000_000
"""The same numbers as in grids. They are repeated, because loading the types of grids is too slow for help; a test compares."""


def complete_grid(incomplete: str) -> list[str]:
    """Complete presets, grid files and directories of sweeps."""
    files = sorted(str(path) for path in Path().glob("*.yaml")) + sorted(
        str(path.parent) for path in Path().glob("sweeps/*/sweep.json")
    )
    return [name for name in (*preset_names(), *files) if name.startswith(incomplete)]


def _complete_axis(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete names of axes, or, after an axis and its `=`, the values that the grid gives to this axis."""
    from recipe_sweep.search_spaces.filters import SELECTABLE

    axis, equals, values = incomplete.partition("=")
    if not equals:
        return [f"{axis}=" for axis in SELECTABLE if axis.startswith(incomplete)]
    *before, last = values.split(",")
    known = dict.fromkeys(str(getattr(point, axis, None)) for point in _points(ctx))
    texts = ("none" if text == "None" else text for text in known)
    return [f"{axis}={','.join([*before, text])}" for text in texts if text.startswith(last) and text not in before]


def _complete_override(incomplete: str) -> list[str]:
    """Complete keys of a grid. After a key and its `=`, complete the words that it takes, also inside a list."""
    from recipe_sweep.search_spaces.overrides import override_keys, override_words

    key, equals, value = incomplete.partition("=")
    if not equals:
        return [f"{each}=" for each in override_keys() if each.startswith(key)]
    bracket, begun = value[:1] == "[", value.removeprefix("[")
    *before, last = begun.split(",") if bracket else [begun]
    start = f"{key}={'[' if bracket else ''}{','.join([*before, ''])}"
    return [f"{start}{word}" for word in override_words(key) if word.startswith(last) and word not in before]


def complete_run(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete ids of the grid's runs, once few are left."""
    found = sorted(point.run_id for point in _points(ctx) if point.run_id.startswith(incomplete))
    return found if len(found) <= MOST_COMPLETIONS else []


def _complete_order(incomplete: str) -> list[str]:
    from recipe_sweep.sweep.monitoring.run_list import ORDERS

    return [name for name in ORDERS if name.startswith(incomplete)]


def _complete_threshold(incomplete: str) -> list[str]:
    return [text for text in ("90%", "50%", "cloning") if text.startswith(incomplete)]


def _points(ctx: typer.Context) -> tuple[DesignPoint, ...]:
    """Read the points of the grid on the line that is being completed; none if it names no grid yet."""
    from recipe_sweep.search_spaces.errors import UserInputError
    from recipe_sweep.sweep.planning.opening import open_target

    # While the value of an option is being completed, the arguments before it are not assigned yet.
    grid = ctx.params.get("grid") or next(iter(ctx.args), None)
    if grid is None:
        return ()
    try:
        return open_target(grid, ctx.params.get("directory"), ctx.params.get("overrides") or ()).points
    except (UserInputError, OSError):
        return ()


class Panel(StrEnum):
    """The groups of commands in the help of the program, in their order there."""

    START = "Start"
    TRAIN = "Train"
    WATCH = "Watch"
    RESULTS = "Results"
    KEEP = "Keep"
    PLACES = "Data and machines"


GridArgument = Annotated[
    str,
    typer.Argument(
        metavar="GRID",
        help="A grid file, a preset's name, a sweep's directory, or its store's address.",
        autocompletion=complete_grid,
    ),
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="DIR", help="The sweep's directory.  [default: sweeps/<name of the grid>]", show_default=False
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a key of the grid, with a YAML value; may be repeated.",
        autocompletion=_complete_override,
    ),
]  # fmt: skip
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="AXIS=VALUE[,VALUE]", help="Only runs with these values of an axis; may be repeated.",
        autocompletion=_complete_axis,
    ),
]  # fmt: skip
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN_ID", help="The run, by (the beginning of) its id.", autocompletion=complete_run)
]
RunOption = Annotated[
    str | None,
    typer.Option("--run", metavar="RUN_ID", help="The run, by (the beginning of) its id.", autocompletion=complete_run),
]
CalibrateOption = Annotated[
    bool, typer.Option("--calibrate", help="First time the costliest packs on this machine, for at most a minute.")
]
ClusterOption = Annotated[
    Path | None,
    typer.Option(
        "--cluster", metavar="FILE", help="A file that describes the machines.  [default: this machine]", show_default=False
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", envvar="RECIPE_SWEEP_DATA",
        help="The directory of datasets.  [default: ~/.cache/recipe-sweep/data]",
        show_default=False, show_envvar=True,
    ),
]  # fmt: skip
ScoreOption = Annotated[
    ScoreWord,
    typer.Option(
        "--score",
        help="A run's score: the last evaluation, the best, the last three, the mean over training, "
        "or the training left at a threshold.",
    ),
]
ThresholdOption = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="SHARE%|cloning|SCORE",
        help="With --score steps: a share of the best score, behaviour cloning's score, or a score.  [default: 90%]",
        show_default=False,
        autocompletion=_complete_threshold,
    ),
]
StatusesOption = Annotated[
    list[ListedStatus] | None,
    typer.Option("--status", help="Only runs with this status; may be repeated.", show_default=False),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort", metavar="COLUMN", help="Sort by score (best first), status, steps, seconds, or any axis or setting.",
        show_default=False, autocompletion=_complete_order,
    ),
]  # fmt: skip
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
KeepOption = Annotated[
    Keep | None,
    typer.Option(
        "--keep",
        help="Final weights to keep beside the results; fixed at a sweep's first launch.  [default: actor]",
        show_default=False,
    ),
]
MlflowOption = Annotated[bool, typer.Option("--mlflow/--no-mlflow", help="Show the sweep in MLflow while it runs.")]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="ADDRESS",
        help="Also keep the sweep in s3://BUCKET/NAME (or file:///DIR).  [default: the store of the last launch]",
        show_default=False,
    ),
]  # fmt: skip
RehearsalDirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="DIR", help="The rehearsal's directory.  [default: sweeps/<name of the grid>-rehearsal]",
        show_default=False,
    ),
]  # fmt: skip
NotifyOption = Annotated[
    str | None,
    typer.Option(
        "--notify", metavar="env:NAME",
        help="Tell the address in this environment variable of the end, of runs given up, and of half of the budget.",
        show_default=False,
    ),
]  # fmt: skip
AtEndOption = Annotated[
    str | None,
    typer.Option(
        "--at-end", metavar="COMMAND", help="Run this program with its arguments at the end, without a shell.",
        show_default=False,
    ),
]  # fmt: skip
RetryOption = Annotated[bool, typer.Option("--retry-failed", help="Also try runs again that were given up.")]
RenumberOption = Annotated[
    bool, typer.Option("--renumber", help="Train a sweep of older numerics anew; its results stay under their old ids.")
]
