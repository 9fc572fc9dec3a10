"""Removes checkpoints. No other module does so, because a pack could still resume from them.

The caller decides when a pack's checkpoints are removed. There are four cases: its results are published; its runs are done
elsewhere; its data changed during training; or it is part of a halved pack that is tried whole again. In a pack's directory the
trainer itself keeps only its newest two.
"""

from __future__ import annotations

import shutil

from recipe_sweep.sweep.files.paths import SweepPaths


def remove_checkpoints(paths: SweepPaths, pack_id: str) -> None:
    """Remove a pack's checkpoints. There is no error if there are none, or if some cannot be removed."""
    shutil.rmtree(paths.pack_checkpoint(pack_id), ignore_errors=True)
