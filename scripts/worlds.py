"""How often a report is wrong in sweeps of known truth: `python scripts/worlds.py --sweeps 400` prints a table.

A cell has the shares of sweeps, in percent, in which a claim holds and does not hold: `2/1`. A star marks a share of false
verdicts above what is allowed. `holds` or `fails` after a cell names the verdict that is true there, if there is one. Verdicts
are those of the whole list. With `--alone` a second row has the verdicts of each claim asked alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.findings.best_recipe import choose, scope_of
from recipe_sweep.analysis.findings.claim_list import CLAIMS
from recipe_sweep.analysis.findings.claims import Verdict, claims
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.sweep.worker.worlds import WORLDS, World, world_named
from scripts.world_sweeps import Arrays, Shape, arrays_of, blocks_of, grid_shape, paper_shape, write_sweep

ALLOWED = 0.05
"""Share of false verdicts that is allowed for one verdict, whose level is 0.025."""
ALLOWED_OF_ALL = 0.072
"""Share of sweeps with a false verdict that is allowed for a family of verdicts, whose level is 0.05."""

NAMES = tuple(claim.name for claim in CLAIMS)


@dataclass(frozen=True)
class Judged:
    """What a report says of one sweep."""

    verdicts: tuple[Verdict, ...]
    """One for each name of `NAMES`."""
    behind: int
    """Designs that the recommendation calls surely behind its own."""
    alone: tuple[Verdict, ...] = ()
    """Verdicts of each claim asked alone."""


@dataclass(frozen=True)
class Row:
    """What reports say of many sweeps of one world."""

    world: World
    shape: str
    judged: tuple[Judged, ...]

    def share(self, name: str, verdict: Verdict) -> float:
        """Compute the share of sweeps with this verdict on a claim."""
        at = NAMES.index(name)
        return float(np.mean([one.verdicts[at] is verdict for one in self.judged]))

    def false_share(self, name: str) -> float:
        """Compute the larger share of a false verdict on a claim."""
        true = truth(self.world, name)
        return max(self.share(name, one) for one in (Verdict.HOLDS, Verdict.FAILS) if one is not true)

    @property
    def any_false(self) -> float:
        """Share of sweeps in which any claim has a false verdict."""
        true = [truth(self.world, name) for name in NAMES]
        wrong = [
            any(found is not Verdict.OPEN and found is not expected for found, expected in zip(one.verdicts, true, strict=True))
            for one in self.judged
        ]
        return float(np.mean(wrong))

    @property
    def behind(self) -> float:
        """Share of sweeps in which the recommendation calls any design surely behind."""
        return float(np.mean([one.behind > 0 for one in self.judged]))


def truth(world: World, name: str) -> Verdict | None:
    """Return the verdict on a claim that is true in a world; None where both are false."""
    worth = world.effects
    mix, awr, td = worth.mixing + worth.together / 2.0, worth.weighing + worth.together / 4.0, worth.following
    # The variances of the effects of a choice with one word among 4, 2 and 3 that differs from the others.
    by_decomposition, by_extraction, by_learner = 3.0 / 16.0 * mix**2, awr**2 / 4.0, 2.0 / 9.0 * td**2
    sizes = {
        **dict.fromkeys(("mix-leads", "mix-leads-most", "vdn-ceiling", "mix-over-cen"), mix),
        "decomposition-matters": by_decomposition - by_learner,
        "extraction-matters": by_extraction - by_learner,
        "in-sample-targets": -td,
        "awr-scores": awr,
        "awr-steadier-seeds": world.climbing_chance - 1.0,
        "awr-steadier-alpha": worth.decade,
        "awr-with-mix": worth.together,
    }
    size = 0.0 if world.chance.tied else sizes.get(name, 0.0)
    return None if size == 0.0 else Verdict.HOLDS if size > 0.0 else Verdict.FAILS


def judge(blocks: Sequence[TaskPanels]) -> Judged:
    """Say what a report says of a sweep."""
    found = claims(blocks)
    return Judged(tuple(claim.verdict for claim in found), _behind(blocks), alone=tuple(claim.alone for claim in found))


def _behind(blocks: Sequence[TaskPanels]) -> int:
    """Count the designs that the recommendation calls surely behind."""
    choice = choose(scope_of(blocks, None, None), None)
    return 0 if choice is None else sum(one.sure for one in choice.rivals)


def read_blocks(root: Path, shape: Shape) -> tuple[TaskPanels, ...]:
    """Read a sweep's result files as `report` does, up to the panels."""
    results = load_results(root / "results", wanted={point.run_id for point in shape.points})
    return blocks_of(task_scores(results.runs, points_table(shape.points)))


def judged_by_arrays(world: World, arrays: Arrays, sweeps: int, first: int = 0) -> Row:
    """Judge many draws of a world, without files."""
    numbers = range(first, first + sweeps)
    found = tuple(judge(blocks_of(arrays.filled(world, number))) for number in numbers)
    return Row(world, arrays.shape.name, found)


def judged_by_files(world: World, shape: Shape, sweeps: int, first: int = 0) -> Row:
    """Judge many draws of a world, each through result files."""
    found = []
    for number in range(first, first + sweeps):
        with TemporaryDirectory() as folder:
            found.append(judge(read_blocks(write_sweep(world, shape, Path(folder), number), shape)))
    return Row(world, shape.name, tuple(found))


def asked_alone(row: Row) -> Row:
    """Take the verdicts of each claim asked alone."""
    judged = tuple(replace(one, verdicts=one.alone) for one in row.judged)
    return replace(row, shape=f"{row.shape}, alone", judged=judged)


def null_sentence(row: Row, name: str = "mix-leads") -> str:
    """Say how often a claim holds in sweeps of this shape in which nothing differs."""
    share = 100.0 * row.share(name, Verdict.HOLDS)
    return f"This report says `{Verdict.HOLDS}` of {name} in {share:.2g} % of {len(row.judged)} null sweeps of this shape."


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Write rows as a Markdown table."""
    names = [name for name in NAMES if any(row.share(name, Verdict.OPEN) < 1.0 for row in rows)]
    header = ("world", "shape", "sweeps", *names, "any claim", "surely behind")
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for row in rows:
        marked = [_cell(row, name) for name in names]
        behind = _percent(row.behind, ALLOWED_OF_ALL if row.world.null else 1.0)
        cells = (row.world.name, row.shape, str(len(row.judged)), *marked, _percent(row.any_false, ALLOWED_OF_ALL), behind)
        yield f"| {' | '.join(cells)} |"


def _cell(row: Row, name: str) -> str:
    shares = "/".join(f"{100.0 * row.share(name, verdict):.0f}" for verdict in (Verdict.HOLDS, Verdict.FAILS))
    true = truth(row.world, name)
    expected = "" if true is None else " holds" if true is Verdict.HOLDS else " fails"
    return f"{shares}{'*' if row.false_share(name) > ALLOWED else ''}{expected}"


def _percent(share: float, allowed: float) -> str:
    return f"{100.0 * share:.0f}{'*' if share > allowed else ''}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the sweeps that were asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=400, help="sweeps of each world")
    parser.add_argument("--worlds", nargs="+", default=[world.name for world in WORLDS], help="names of worlds")
    parser.add_argument("--seeds", nargs="+", type=int, default=[4, 8], help="seeds of the paper's grid")
    parser.add_argument("--alphas", nargs=2, type=int, default=[1, 1], help="temperatures of BRAC and of AWR")
    parser.add_argument("--taus", type=int, default=1, help="expectiles of IQL")
    parser.add_argument("--grid", help="a grid of yours in place of the paper's")
    parser.add_argument("--files", action="store_true", help="write and read result files; slower, with the same verdicts")
    parser.add_argument("--alone", action="store_true", help="also show the verdicts of each claim asked alone")
    asked = parser.parse_args(arguments)
    shapes = [grid_shape(asked.grid, asked.grid)] if asked.grid else []
    shapes = shapes or [paper_shape(seeds, asked.alphas[0], asked.alphas[1], asked.taus) for seeds in asked.seeds]
    rows = []
    for shape in shapes:
        arrays, began = arrays_of(shape), time.process_time()
        for world in map(world_named, asked.worlds):
            judged = (
                judged_by_files(world, shape, asked.sweeps) if asked.files else judged_by_arrays(world, arrays, asked.sweeps)
            )
            rows += [judged, asked_alone(judged)] if asked.alone else [judged]
            if world.name == "null":
                print(null_sentence(judged), file=sys.stderr)
        print(f"{shape.name}: {time.process_time() - began:.0f} CPU-seconds", file=sys.stderr)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
