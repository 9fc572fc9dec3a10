"""A plugin's datasets can be looked at before any sweep uses them, and their loaders' errors are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_sweep.search_spaces import plugins
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.trainers.data.stored import registered
from recipe_sweep.trainers.environments import registry
from tests.checkout import ROOT
from tests.sweep.commands import call

EXTRA = """
def torn():
    raise OSError("truncated file")

register_dataset("simple_spread", "torn", torn, version="1", scale=SCALE)
register_dataset("rendezvous", "torn", torn, version="1", scale=SCALE)
"""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    monkeypatch.setattr(registered, "_DATASETS", {})
    monkeypatch.setattr(registry, "_ENVIRONMENTS", dict(registry._ENVIRONMENTS))
    monkeypatch.setattr(plugins, "_once", plugins._Once())
    text = (ROOT / "examples" / "bring_your_own.py").read_text()
    (tmp_path / "own.py").write_text(text + EXTRA)
    monkeypatch.setenv("RECIPE_SWEEP_PLUGINS", str(tmp_path / "own.py"))
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "rendezvous", "skilled"),
        ("inspect", "rendezvous", "still", "skilled"),
        ("inspect", "rendezvous", "skilled", "--source", "registered"),
        ("verify", "rendezvous", "skilled"),
    ],
)
def test_a_plugins_dataset_is_loaded_to_be_looked_at(data: Path, words: tuple[str, ...]) -> None:
    told = call("data", *words)
    assert "loading registered/rendezvous/skilled" in told
    assert "5,000" in told
    assert "loading" not in call("data", *words)


def test_a_loader_that_fails_says_so_when_its_data_are_looked_at(data: Path) -> None:
    told = call("data", "inspect", "rendezvous", "torn", expect=ExitCode.BAD_INPUT)
    assert "registered/rendezvous/torn" in told
    assert "truncated file" in told
    assert not data.exists()


def test_a_plugins_dataset_of_a_task_of_ours_is_loaded_only_when_it_is_meant(data: Path) -> None:
    call("data", "collect", "simple_spread", "expert", "--size", "500")
    assert "loading" not in call("data", "inspect", "simple_spread")
    assert "truncated file" in call("data", "inspect", "simple_spread", "torn", expect=ExitCode.BAD_INPUT)


def test_a_dataset_that_no_plugin_has_is_refused_as_before(data: Path) -> None:
    told = call("data", "inspect", "rendezvous", "nothing", expect=ExitCode.BAD_INPUT)
    assert "no nothing of any source/rendezvous" in told
    assert "loading" not in told
