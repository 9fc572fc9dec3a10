"""Removes checkpoints. No other module does, so that none goes while a pack could still resume from it.

A pack's checkpoints go in four cases, each decided by who calls: its results are published, its runs are done elsewhere, its
data changed under the training, or it is a part of a halved pack that is tried whole again. Within a pack's directory the
trainer itself keeps its newest two.
"""

from __future__ import annotations

import shutil

from recipe_sweep.sweep.files.paths import SweepPaths


def remove_checkpoints(paths: SweepPaths, pack_id: str) -> None:
    """Remove a pack's checkpoints; no error where there are none, or where some cannot be removed."""
    shutil.rmtree(paths.pack_checkpoint(pack_id), ignore_errors=True)
