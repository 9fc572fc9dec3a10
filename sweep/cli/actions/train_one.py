"""`run`: one run of a grid, trained in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.shared import open_reference, workload
from recipe_sweep.sweep.cli.show.bars import stages
from recipe_sweep.sweep.cli.show.plan import point_lines
from recipe_sweep.sweep.cli.show.text import NO_SCORE
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.files.sweep_file import NO_PINS, DataPins, read_sweep_file
from recipe_sweep.sweep.planning.numerics import refuse_numerics
from recipe_sweep.sweep.planning.opening import Reference, Target, one_run
from recipe_sweep.sweep.units import memory
from recipe_sweep.sweep.worker.one_run import Alone, LoneRun, run_alone, write_curve
from recipe_sweep.trainers.data.catalogue import default_data_root
from recipe_sweep.trainers.environments.registry import require_playable


@dataclass(frozen=True)
class RunOptions:
    """Which run to train, on which device and data, and where to write its curve."""

    reference: Reference
    run_id: str | None
    only: Sequence[str]
    data: Path | None
    device: str
    threads: int
    curve: Path | None
    debug: bool


def train_one(options: RunOptions) -> None:
    """Train one run and print its curve. If the options select several runs, train the first."""
    target = open_reference(options.reference)
    point = _chosen(target, options)
    refuse_numerics([point], target.paths)
    require_playable([point])
    for line in point_lines(point):
        say(line)
    lone = LoneRun(point, options.data or default_data_root(), options.device, options.threads, workload(), _pins(target))
    with _debugger(options.debug), stages(shown=not options.debug) as begin:
        alone = run_alone(lone, lambda text: say(text, flush=True), begin("training"))
    _tell(alone, options.curve, point.steps)


def _chosen(target: Target, options: RunOptions) -> DesignPoint:
    points = target.selected(options.only)
    if not points:
        problem = Problem(options.reference.text, found="a search without any trial yet", expected="a run to train")
        raise UserInputError(problem)
    return points[0] if options.run_id is None else one_run(points, options.run_id)


def _tell(alone: Alone, curve: Path | None, steps: int) -> None:
    result = alone.result
    tell(
        f"{1000 * alone.cpu_s / steps:,.1f} ms of CPU time per step with its evaluations, {alone.cpu_s:,.0f} s in all, "
        f"memory {memory(alone.peak_bytes)} at its largest"
    )
    if curve is not None:
        write_curve(curve, alone)
    score = f"score {alone.scale.score(result.curve[-1].return_mean):.3f}" if result.curve else NO_SCORE
    tell(f"{result.status}: {score}; nothing was recorded")


def _pins(target: Target) -> DataPins:
    """Read the data that the sweep has pinned; nothing if it has not begun, or is a rehearsal."""
    sweep = read_sweep_file(target.paths)
    return NO_PINS if sweep is None or sweep.rehearsal is not None else sweep.pins


@contextmanager
def _debugger(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    import pdb

    try:
        yield
    except Exception as error:
        # For an error of a plugin, stop at the line where the plugin raised it.
        pdb.post_mortem((error.__cause__ or error).__traceback__)
        raise
