"""Commands as a user types them, in a directory with a little grid and a cluster file that needs no Ray."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from tests.sweep import stand_in
from tests.sweep.cli.test_bad_input import GRID, INLINE

LAUNCH = ("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow")
"""Trains the little grid in this process."""


def call(*arguments: str, expect: ExitCode = ExitCode.OK) -> str:
    """What a command prints, once it has ended as expected."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == expect, result.output
    return str(result.output)


def little_sweep(directory: Path, patch: pytest.MonkeyPatch) -> Path:
    """Go to the directory, with `little.yaml` and `inline.yaml` in it."""
    patch.chdir(directory)
    patch.setenv("COLUMNS", "200")
    (directory / "little.yaml").write_text(GRID)
    (directory / "inline.yaml").write_text(INLINE)
    return directory


def stand_in_sweep(directory: Path, patch: pytest.MonkeyPatch) -> Path:
    """The same, where packs are trained by the stand-in and need no data."""
    patch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    patch.setenv("RECIPE_SWEEP_DATA", str(directory / "data"))
    (directory / "data").mkdir()
    return little_sweep(directory, patch)
