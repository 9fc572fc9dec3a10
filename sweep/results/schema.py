"""Columns of a results file: one row per run. The schema has a version; columns are added, never renamed.

One immutable Parquet file holds one complete pack. Curves and diagnostics are nested in their run's row. So publishing a pack
is one atomic step.
"""

from __future__ import annotations

import pyarrow as pa

from recipe_sweep.sweep.results.schema_version import SCHEMA_VERSION

KEEP_METADATA = b"keep"
"""Key of the file metadata that says which weights were kept with it."""

REHEARSAL = "REHEARSAL"
"""Beginning of `data_hash` in every row that a rehearsal made up. No data were read, and every table shows so."""

POINT_COLUMNS = [
    pa.field("run_id", pa.string(), nullable=False),
    pa.field("config_id", pa.string(), nullable=False),
    pa.field("task", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("dataset", pa.string(), nullable=False),
    pa.field("decomposition", pa.string(), nullable=False),
    pa.field("value_learning", pa.string(), nullable=False),
    pa.field("tau", pa.float64()),
    pa.field("extraction", pa.string(), nullable=False),
    pa.field("alpha", pa.float64()),  # null under an extraction without alpha
    pa.field("critic_norm", pa.string(), nullable=False),
    pa.field("actor_norm", pa.string(), nullable=False),
    pa.field("seed", pa.int64(), nullable=False),
    pa.field("point", pa.string(), nullable=False),  # canonical JSON of the whole point
]

_FIRST_OUTCOMES = [
    pa.field("status", pa.string(), nullable=False),  # finished | diverged | pruned, with the score of where it ended
    pa.field("diverged_step", pa.int64()),
    # Scores and returns are null for a run that was not evaluated (`evaluate: none`). Before version 3 there were none.
    pa.field("score", pa.float64()),  # normalised, at the last evaluation: a run's score
    pa.field("score_best", pa.float64()),  # normalised, best over the curve
    pa.field("score_last3", pa.float64()),  # normalised, mean of the last three evaluations
    pa.field("return_final", pa.float64()),
    pa.field("scale_min", pa.float64(), nullable=False),
    pa.field("scale_max", pa.float64(), nullable=False),
    pa.field("curve_step", pa.list_(pa.int64()), nullable=False),
    pa.field("curve_return", pa.list_(pa.float64()), nullable=False),
    pa.field("curve_return_std", pa.list_(pa.float64()), nullable=False),
    pa.field("diagnostics_step", pa.list_(pa.int64()), nullable=False),
    pa.field("diagnostics", pa.map_(pa.string(), pa.list_(pa.float64())), nullable=False),
]

# Version 3. Both are null for a task without winners, and absent in older files. Later columns stand at the end.
_WINS = [
    pa.field("win_rate", pa.float64()),  # share of the last evaluation's episodes that were won
    pa.field("curve_win_rate", pa.list_(pa.float64())),
]

OUTCOME_COLUMNS = [*_FIRST_OUTCOMES, *_WINS]

# How a pack was run. It is not part of a run's identity, and not compared when results are checked for equality.
PROVENANCE_COLUMNS = [
    pa.field("pack_id", pa.string(), nullable=False),
    pa.field("lanes", pa.int64(), nullable=False),
    pa.field("epoch", pa.int64(), nullable=False),  # of the launch that published it
    pa.field("attempt", pa.int64(), nullable=False),
    pa.field("data_hash", pa.string(), nullable=False),
    pa.field("code_version", pa.string(), nullable=False),
    pa.field("torch_version", pa.string(), nullable=False),
    pa.field("device", pa.string(), nullable=False),
    pa.field("threads", pa.int64(), nullable=False),
    pa.field("host", pa.string(), nullable=False),
    pa.field("started_at", pa.timestamp("ms", tz="UTC"), nullable=False),
    pa.field("finished_at", pa.timestamp("ms", tz="UTC"), nullable=False),
    pa.field("wall_s", pa.float64(), nullable=False),  # the pack's seconds over all attempts, divided by its lanes
    pa.field("cpu_s", pa.float64(), nullable=False),  # the same in CPU seconds
    # Version 2. Files of version 1 lack these columns.
    pa.field("evaluation_s", pa.float64()),  # the part of wall_s that evaluations took
    pa.field("machine", pa.string()),  # kind of machine: processor, its vector unit, and the GPU
    pa.field("pack_dependent", pa.bool_()),  # the last digits depend on the other runs of the pack; absent: no
]

SCHEMA = pa.schema(
    POINT_COLUMNS + _FIRST_OUTCOMES + PROVENANCE_COLUMNS + _WINS, metadata={b"schema_version": str(SCHEMA_VERSION).encode()}
)
