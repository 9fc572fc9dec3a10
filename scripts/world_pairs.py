"""How often two sweeps of one world are called different: `python scripts/world_pairs.py --sweeps 100` prints a table.

The first sweep has one temperature, the second has as many as `--alphas` says. Nothing differs, so every settled difference is
false. A star marks a share above what is allowed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.findings.two_sweeps import Side, compare
from recipe_sweep.analysis.results.frame import Results
from recipe_sweep.sweep.results.schema import SCHEMA
from recipe_sweep.sweep.worker.world_scores import draw
from recipe_sweep.sweep.worker.worlds import World, world_named
from scripts.world_sweeps import Shape, paper_shape
from scripts.worlds import ALLOWED_OF_ALL


def side(world: World, shape: Shape, number: int) -> Side:
    """Make one side of a comparison from a draw, without files."""
    drawn = draw(world, shape.facts, number)
    columns = {name: [getattr(point, name) for point in shape.points] for name in ("run_id", "task", "dataset", "source")}
    same = {"code_version": "world", "torch_version": "none", "device": "cpu", "threads": 1, "host": "nowhere"}
    table = pd.DataFrame({**columns, **same, "data_hash": "world", "status": "finished", "score": drawn.scores})
    runs = table[drawn.done].reset_index(drop=True)
    return Side(shape.name, shape.points, Results(runs, SCHEMA.empty_table(), (), 1, 0), 0)


def settled_share(world: World, first: Shape, second: Shape, sweeps: int) -> float:
    """Compute the share of pairs in which any design is called different, all comparisons taken together."""
    pairs = [compare(side(world, first, 2 * number), side(world, second, 2 * number + 1)) for number in range(sweeps)]
    return sum(any(one.settled for one in pair.differences) for pair in pairs) / sweeps


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare the sweeps that were asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=100, help="pairs of each row")
    parser.add_argument("--worlds", nargs="+", default=["null"], help="names of worlds in which nothing differs")
    parser.add_argument("--seeds", nargs="+", type=int, default=[4, 8], help="seeds of both sweeps")
    parser.add_argument("--alphas", nargs="+", type=int, default=[1, 8], help="temperatures of the second sweep")
    asked = parser.parse_args(arguments)
    print("| world | seeds | temperatures | pairs | any design settled, % |\n|---|---|---|---|---|")
    for seeds in asked.seeds:
        first = paper_shape(seeds)
        for alphas in asked.alphas:
            second = paper_shape(seeds, alphas, alphas)
            for world in map(world_named, asked.worlds):
                share = settled_share(world, first, second, asked.sweeps)
                star = "*" if share > ALLOWED_OF_ALL else ""
                print(f"| {world.name} | {seeds} | 1 and {alphas} | {asked.sweeps} | {100.0 * share:.0f}{star} |")


if __name__ == "__main__":
    main()
