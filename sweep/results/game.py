"""The learned tables of the two-step game, for Figure 2, from weights that a sweep kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Keep
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.samples import GameTables

GAME = "two_step"
_SHOWN = (Decomposition.VDN, Decomposition.MIX)


def game_points(points: Sequence[DesignPoint]) -> tuple[DesignPoint, ...]:
    """The points that Figure 2 shows; none where the sweep is about something else."""
    return tuple(point for point in points if point.task == GAME and point.decomposition in _SHOWN)


def game_tables(paths: SweepPaths, points: Sequence[DesignPoint]) -> tuple[GameTables, ...]:
    """One table per decomposition, seeds stacked, of the finished `points` whose critics were kept (`--keep all`)."""
    import numpy as np

    from recipe_sweep.sweep.results.read import read_rows
    from recipe_sweep.sweep.results.weights import run_weights
    from recipe_sweep.trainers.values import two_step_table

    done = read_done(paths)
    tables: dict[Decomposition, list[tuple[np.ndarray, float]]] = defaultdict(list)
    for point in points:
        file = done.file_of.get(point.run_id)
        if file is None or file.keep is not Keep.ALL:
            continue
        rows = read_rows(paths.pack_result(file.pack_id), ("run_id", "return_final")).to_pylist()
        returns = {row["run_id"]: row["return_final"] for row in rows}
        weights = run_weights(paths.pack_weights(file.pack_id, file.epoch, file.attempt), point.run_id)
        tables[point.decomposition].append((two_step_table(point, weights), returns[point.run_id]))
    return tuple(
        GameTables(decomposition, np.stack([q for q, _ in seeds]), np.array([final for _, final in seeds]))
        for decomposition, seeds in tables.items()
    )
