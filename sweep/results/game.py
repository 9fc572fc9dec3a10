"""What critics learned of the two-step game, as tables, from weights that a sweep kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.done import DoneRuns
from recipe_sweep.sweep.results.samples import GameTables


def game_tables(paths: SweepPaths, done: DoneRuns, points: Sequence[DesignPoint]) -> tuple[GameTables, ...]:
    """Make one table per decomposition with its seeds stacked.

    `points` are finished runs of the game whose critics were kept.
    """
    import numpy as np

    from recipe_sweep.sweep.results.read import read_rows
    from recipe_sweep.sweep.results.weights import run_weights
    from recipe_sweep.trainers.values import two_step_table

    tables: dict[Decomposition, list[tuple[np.ndarray, float]]] = defaultdict(list)
    for point in points:
        file = done.file_of[point.run_id]
        rows = read_rows(paths.pack_result(file.pack_id), ("run_id", "return_final")).to_pylist()
        returns = {row["run_id"]: row["return_final"] for row in rows}
        weights = run_weights(paths.pack_weights(file.pack_id, file.epoch, file.attempt), point.run_id)
        if returns[point.run_id] is not None:  # Else the run was not evaluated.
            tables[point.decomposition].append((two_step_table(point, weights), returns[point.run_id]))
    return tuple(
        GameTables(decomposition, np.stack([q for q, _ in seeds]), np.array([final for _, final in seeds]))
        for decomposition, seeds in tables.items()
    )
