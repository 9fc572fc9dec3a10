"""How often a report calls panels still learning: `python scripts/learning_rates.py` prints the docs' table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.estimators.learning_curves import last_slopes, surely_rising
from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Integers
from recipe_sweep.analysis.findings.learning import RunSlopes, judged
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.refilled import Arrangement, arrangement_of
from scripts.world_sweeps import Shape, paper_shape

SWEEPS, EVALUATIONS, NOISE = 400, 10, 0.1
TIMES = np.arange(1, EVALUATIONS + 1) / EVALUATIONS


@dataclass(frozen=True)
class Curves:
    """The runs (N,) of a shape: which of them share a seed and a dataset, and which of them are another's seeds."""

    shape: Shape
    arrangement: Arrangement
    blocks: tuple[TaskPanels, ...]
    """panels whose bars are never read, so they are made once"""
    groups: Integers
    seeds: Integers

    @classmethod
    def of(cls, shape: Shape) -> Curves:
        """Find the places of a shape's runs."""
        points = shape.points
        named = [(point.config_id, point.dataset_id) for point in points]
        shared = [(point.seed, point.dataset_id) for point in points]
        arrangement = arrangement_of(points)
        blocks = tuple(task_panels(task, np.random.default_rng(0), 2) for task in arrangement.tasks)
        return cls(shape, arrangement, blocks, _numbered(named), _numbered(shared))


def _numbered(names: list[tuple[object, ...]] | list[tuple[str, str]] | list[tuple[int, str]]) -> Integers:
    places = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], dtype=np.int64)


Noise = Callable[[np.random.Generator, Curves], Floats]


def normal(rng: np.random.Generator, curves: Curves) -> Floats:
    """Draw noise (N, L) of each evaluation of its own."""
    return rng.normal(0.0, NOISE, (len(curves.groups), EVALUATIONS))


def exponential(rng: np.random.Generator, curves: Curves) -> Floats:
    """Draw skewed noise with mean 0."""
    return NOISE * (1.0 - rng.exponential(size=(len(curves.groups), EVALUATIONS)))


def collapses(rng: np.random.Generator, curves: Curves) -> Floats:
    """Draw normal noise; one evaluation in ten finds a policy that fails."""
    size = (len(curves.groups), EVALUATIONS)
    return normal(rng, curves) - 0.5 * (rng.random(size) < 0.1)


def saturated(rng: np.random.Generator, curves: Curves) -> Floats:
    """Score 1 in 97 of 100 evaluations."""
    size = (len(curves.groups), EVALUATIONS)
    return np.where(rng.random(size) < 0.97, 0.0, -rng.random(size))


def drift(rng: np.random.Generator, curves: Curves) -> Floats:
    """Draw a random walk: the policy changes between evaluations, without a direction."""
    return normal(rng, curves).cumsum(axis=1) / 2.0


def shared(rng: np.random.Generator, curves: Curves) -> Floats:
    """Draw noise of which half the variance is the same for all runs of a seed on a dataset."""
    both = rng.normal(0.0, NOISE, (int(curves.seeds.max()) + 1, EVALUATIONS))[curves.seeds]
    return (normal(rng, curves) + both) / np.sqrt(2.0)


class World(NamedTuple):
    """Curves of known truth. `slope` is per 10 % of training, in `share` of the designs (by extraction)."""

    name: str
    noise: Noise = normal
    slope: float = 0.0
    half: bool = False
    """Whether only the panels of the first extraction rise."""


FLAT = (
    World("flat, normal noise"),
    World("flat, exponential noise", exponential),
    World("flat, one evaluation in ten collapses", collapses),
    World("flat, a rate that is 1 in 97 of 100", saturated),
    World("flat, drifting policies", drift),
    World("flat, noise that the runs of a seed share", shared),
)
RISING = (
    World("rises by 0.005", slope=0.005),
    World("rises by 0.01", slope=0.01),
    World("rises by 0.02", slope=0.02),
    World("half of the panels rise by 0.02", slope=0.02, half=True),
)


class Rates(NamedTuple):
    """What the report says of many sweeps of one world."""

    any_false: float
    """share of sweeps in which a panel that is flat is called still learning"""
    false: float
    """share of flat panels; NaN without one"""
    found: float
    """share of rising panels; NaN without one"""
    runs: float
    """share of all runs that are said to rise surely"""


def rates(world: World, curves: Curves, sweeps: int = SWEEPS) -> Rates:
    """Draw sweeps of a world and count what is said."""
    said, runs = [], []
    truth = rising_panels(world, curves)
    for number in range(sweeps):
        panels, rising = judge(world, curves, np.random.default_rng(number))
        said.append(panels)
        runs.append(rising)
    still = np.array(said)
    flat, true = still[:, ~truth], still[:, truth]
    mean = [float(part.mean()) if part.size else np.nan for part in (flat, true)]
    return Rates(float(flat.any(axis=1).mean()) if flat.size else np.nan, *mean, float(np.mean(runs)))


def judge(world: World, curves: Curves, rng: np.random.Generator) -> tuple[Booleans, float]:
    """Draw one sweep: which panels are called still learning, and the share of runs that rise surely."""
    rising = np.array([_rises(world, str(point.extraction)) for point in curves.shape.points])
    scores = 0.5 + world.noise(rng, curves)
    scores += np.where(rising, world.slope, 0.0)[:, None] * 10.0 * (TIMES - 1.0)
    scores += rng.normal(0.0, 0.1, (len(scores), 1))
    times = np.broadcast_to(TIMES, scores.shape)
    found = last_slopes(times, scores, np.full(scores.shape, NOISE / 2.0))
    surely = surely_rising(found, curves.groups)
    done = np.ones(len(scores), dtype=np.bool_)
    tasks = curves.arrangement.filled(scores[:, -1], done, ~done, np.full(len(scores), np.nan))
    blocks = [replace(block, scores=task) for block, task in zip(curves.blocks, tasks, strict=True)]
    slopes = [
        RunSlopes(*(np.where(places >= 0, values[places], np.nan) for values in (found.slope, surely.astype(np.float64))))
        for places in curves.arrangement.places
    ]
    learned = judged(blocks, slopes)
    return np.array([panel.still for panel in learned.panels]), float(surely.mean())


def rising_panels(world: World, curves: Curves) -> Booleans:
    """Tell which panels of the report rise in truth."""
    return np.array([_rises(world, str(panel.extraction)) for block in curves.blocks for panel in block.cells])


def _rises(world: World, extraction: str) -> bool:
    return world.slope != 0.0 and (not world.half or extraction == "brac")


def table(sweeps: int, seeds: int, alphas: int) -> Iterator[str]:
    """Write the rows of the docs' table for sweeps with so many seeds and temperatures."""
    yield "| curves | seeds | alphas | sweeps with a false panel | false panels | rising panels found | runs that rise |"
    yield "|---|---|---|---|---|---|---|"
    curves = Curves.of(paper_shape(seeds, alphas, alphas))
    for world in (*FLAT, *RISING):
        cells = " | ".join("-" if np.isnan(number) else f"{number:.3f}" for number in rates(world, curves, sweeps))
        yield f"| {world.name} | {seeds} | {alphas} | {cells} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=SWEEPS)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--alphas", type=int, default=1)
    asked = parser.parse_args()
    for line in table(asked.sweeps, asked.seeds, asked.alphas):
        print(line, flush=True)
