"""The table of best configurations: its numbers are all of the seeds that Figure 7 compares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from recipe_sweep.analysis.findings.best_table import best_frame
from recipe_sweep.analysis.findings.panels import task_panels
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.results.settings import with_settings
from tests.analysis.synthetic import synthetic_points


def test_a_row_has_the_mean_of_some_seeds_and_the_range_of_others() -> None:
    points = synthetic_points(datasets=("expert",), seeds=range(6), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))
    # Mix lacks two seeds, so its neighbours' seeds 4 and 5 do not count. Those are the best of all.
    kept = [one for one in points if one.decomposition is not Decomposition.MIX or one.seed < 4]
    scores = [0.5 + 0.01 * one.seed + (1.0 if one.seed > 3 else 0.0) for one in kept]
    runs = pd.DataFrame({"run_id": [one.run_id for one in kept], "score": scores, "status": "finished"})
    wanted = points_table(points)
    (task,) = task_scores(runs, wanted)
    cells = with_settings(pa.table({"point": [one.canonical_text() for one in points]})).to_pandas()
    settings = wanted.join(cells[cells.columns.difference(wanted.columns)])
    found = best_frame((task_panels(task, np.random.default_rng(0), 50),), points, settings)
    assert set(found["seeds"]) == {4}
    np.testing.assert_allclose(found["score"], 0.515)
    np.testing.assert_allclose([found["low"], found["high"]], [[0.5] * len(found), [0.53] * len(found)])
