"""Sweeps of known truth, in two forms: result files for `report` to read, and the arrays that `report` would make of them.

A rehearsal draws the same worlds, but its rows are marked and no claim is judged. These rows bear no mark, so they are only
written into temporary directories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.one_scale import on_one_scale
from recipe_sweep.analysis.results.refilled import Arrangement, arrangement_of
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.clusters.machines import load_resources
from recipe_sweep.sweep.files.launch_file import REHEARSED, LaunchSettings
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.claim import Claim
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.results.publish import Provenance, publish
from recipe_sweep.sweep.travel.shared_folder import SharedPack
from recipe_sweep.sweep.worker.rehearsal import SCALE, world_results
from recipe_sweep.sweep.worker.world_scores import Drawn, Facts, Floats, draw, facts_of
from recipe_sweep.sweep.worker.worlds import World
from recipe_sweep.trainers.outcome import PackOutcome
from recipe_sweep.trainers.task import ReturnScale

BRAC_ALPHAS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 0.01, 30.0)
AWR_ALPHAS = (0.3, 1.0, 3.0, 10.0, 30.0, 0.1, 100.0, 0.03)
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shape:
    """The shape of a sweep: the points of a grid."""

    name: str
    points: tuple[DesignPoint, ...]

    @cached_property
    def facts(self) -> Facts:
        """What worlds ask of its points."""
        return facts_of(self.points)

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        """What results state of its points, as far as scales depend on it."""
        named = ("run_id", "config_id", "task", "source", "dataset")
        columns = {name: [str(getattr(point, name)) for point in self.points] for name in named}
        return columns | {"point": [point.canonical_text() for point in self.points]}


def paper_shape(seeds: int = 8, brac_alphas: int = 1, awr_alphas: int = 1, taus: int = 1) -> Shape:
    """Make the paper's 24 designs on 4 datasets of 4 tasks, with so many seeds and temperatures."""
    alphas = f"brac: {list(BRAC_ALPHAS[:brac_alphas])}, awr: {list(AWR_ALPHAS[:awr_alphas])}"
    name = f"{seeds} seeds" if brac_alphas == awr_alphas == taus == 1 else f"{seeds} seeds, {brac_alphas}x{awr_alphas}x{taus}"
    return grid_shape(
        "figure7",
        name,
        f"axes.seed=0-{seeds - 1}",
        f"axes.alpha={{{alphas}}}",
        f"axes.tau={[0.7, 0.9][:taus]}",
        # Records of training would be most of a result file, and no claim about scores reads them.
        "settings.diagnostics_every=500_000",
    )


def grid_shape(grid: str, name: str, *overrides: str) -> Shape:
    """Make the shape of a grid file or preset. Raises GridError."""
    # A world draws by run ids, which hold the numerics. So its published numbers stay as they are.
    return Shape(name, expand(read_grid(grid, overrides), numerics=1).points)


def write_sweep(world: World, shape: Shape, root: Path, number: int = 0) -> Path:
    """Publish one draw of a world as a sweep's result files, as a launch does. Returns the directory of the sweep."""
    paths = SweepPaths(root)
    drawn = draw(world, shape.facts, number)
    packs = defaultdict[str, list[int]](list)
    for at in np.flatnonzero(drawn.done).tolist():
        packs[shape.points[at].pack_key].append(at)
    with Lease.acquire(paths.lease) as lease:
        for places in packs.values():
            _publish(world, shape, paths, _part(drawn, places), (lease.epoch, places))
    return root


def _publish(world: World, shape: Shape, paths: SweepPaths, drawn: Drawn, pack_of: tuple[int, list[int]]) -> None:
    """Publish one pack. All of its runs share a scale, because `pack_key` holds the decomposition."""
    epoch, places = pack_of
    points = tuple(shape.points[at] for at in places)
    scale = ReturnScale(SCALE.minimum, SCALE.maximum * float(drawn.spans[0]))
    results = tuple(world_results(world, points, drawn))
    data_hash = f"world-{points[0].dataset_id}"
    outcome = PackOutcome(True, results, scale, data_hash, weights={}, wall_s=1.0, cpu_s=1.0)
    provenance = Provenance(epoch, 1, "world", "none", "cpu", 1, "nowhere", _MOMENT, _MOMENT)
    pack, resources = Pack(points), load_resources(None)
    settings = LaunchSettings(paths.root, epoch, paths.root, Keep.NONE, REHEARSED, resources)
    publish(SharedPack(settings, pack.pack_id, Claim(ours=True)), pack, outcome, provenance, Keep.NONE)


def _part(drawn: Drawn, places: list[int]) -> Drawn:
    return Drawn(*(values[places] for values in drawn))


@dataclass(frozen=True)
class Arrays:
    """A shape with the places of its runs, so that draws are filled in at once."""

    shape: Shape
    arrangement: Arrangement

    def filled(self, world: World, number: int = 0) -> tuple[TaskScores, ...]:
        """Fill in one draw of a world."""
        drawn = draw(world, self.shape.facts, number)
        scores, errors = _as_reported(self.shape, drawn)
        known = np.array([point.episodes_at_the_end > 1 for point in self.shape.points])
        return self.arrangement.filled(scores, drawn.done, drawn.diverged, np.where(known, errors**2, np.nan))


def _as_reported(shape: Shape, drawn: Drawn) -> tuple[Floats, Floats]:
    """Compute the scores (N,) that the report reads from rows on several scales, and their standard errors (N,)."""
    if np.all(drawn.spans == drawn.spans[0]):
        return drawn.scores, drawn.evaluation_errors
    rows = pd.DataFrame(
        {
            **shape.columns,
            "score": drawn.scores,
            "scale_min": SCALE.minimum,
            "scale_max": SCALE.maximum * drawn.spans,
        }
    )
    done, _ = on_one_scale(rows[drawn.done])
    scores: Floats = rows["score"].where(~drawn.done, done["score"]).to_numpy(dtype=np.float64)
    lengths = (done["scale_max"] - done["scale_min"]).reindex(rows.index).to_numpy(dtype=np.float64)
    return scores, drawn.evaluation_errors * drawn.spans * (SCALE.maximum - SCALE.minimum) / lengths


def arrays_of(shape: Shape) -> Arrays:
    """Find the places of a shape's runs."""
    return Arrays(shape, arrangement_of(shape.points))


def blocks_of(tasks: Sequence[TaskScores], resamples: int = 2) -> tuple[TaskPanels, ...]:
    """Make the panels of a sweep. Claims do not read the panels' intervals, so few resamples serve."""
    rng = np.random.default_rng(0)
    return tuple(task_panels(task, rng, resamples) for task in tasks)
