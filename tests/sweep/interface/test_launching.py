"""What a launch from Python says of a sweep's files."""

from __future__ import annotations

from pathlib import Path

import pytest

import recipe_sweep
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


def test_a_launch_that_is_refused_hides_that_a_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    Path("inline.yaml").write_text("backend: inline\nmax_lanes: 1\n")
    call(*LAUNCH)
    torn = min(Path("sweeps/little/results").glob("*.parquet"))
    torn.write_bytes(b"torn")
    with pytest.raises(recipe_sweep.UserInputError, match="a real sweep"):
        recipe_sweep.launch("little.yaml", directory="sweeps/little", rehearse=True, cluster="inline.yaml", mlflow=False)
    assert torn.name in capsys.readouterr().err
