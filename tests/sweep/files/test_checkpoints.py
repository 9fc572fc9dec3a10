"""Checkpoints that nothing can resume from go, and no others."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.sweep.files.checkpoints import remove_checkpoints
from recipe_sweep.sweep.files.paths import SweepPaths


def test_the_checkpoints_of_other_packs_stay(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    for pack_id in ("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"):
        paths.pack_checkpoint(pack_id).mkdir(parents=True)
        (paths.pack_checkpoint(pack_id) / "step-1.json").touch()
    for _ in range(2):
        remove_checkpoints(paths, "aaaaaaaaaaaaaaaa")
    assert [path.name for path in paths.checkpoints.iterdir()] == ["bbbbbbbbbbbbbbbb"]
