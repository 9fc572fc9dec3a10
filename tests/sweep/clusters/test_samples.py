from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.cluster.backends.registry import BACKENDS, FOREIGN
from recipe_sweep.sweep.cli.cluster_commands import _complete_backend
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.clusters.machines import load_cluster
from recipe_sweep.sweep.clusters.samples import sample_names, sample_text
from tests.cluster.golden_files import filled_in


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["cluster", *words])
    assert result.exit_code == ExitCode.OK, result.output
    return result.stdout


@pytest.mark.parametrize("name", sample_names())
def test_a_sample_is_refused_as_it_is_printed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    file = tmp_path / "c.yaml"
    file.write_text(run("init", name))
    assert file.read_text() == sample_text(name), "it is folded to the terminal's width"
    assert load_cluster(file).backend.name.replace(" ", "-") == name
    file.write_text(filled_in(file.read_text()))
    run("validate", str(file))


@pytest.mark.parametrize("name", sample_names())
def test_a_key_of_a_sample_has_no_comment(name: str) -> None:
    lines = sample_text(name).splitlines()
    assert lines[0].startswith("# ")
    assert any("recipe-sweep" in line for line in lines if line.startswith("#")), "how to use the file"


def test_a_backend_has_no_sample() -> None:
    assert {*sample_names()} == {*BACKENDS, *(each.name.replace(" ", "-") for each in FOREIGN)}


def test_a_begun_word_is_not_completed() -> None:
    assert _complete_backend("r") == ["ray", "ray-up"]
