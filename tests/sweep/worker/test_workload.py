"""What a launch's file may have a worker import: two words, and what the environment trusts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.files.launch_file import REAL, REHEARSED
from recipe_sweep.sweep.worker.workload import load_workload


@pytest.mark.parametrize("word", [REAL, REHEARSED])
def test_the_two_words_of_launch_files_are_known_for_ever(word: str) -> None:
    assert word in ("sweep.workload", "sweep.rehearsal")
    assert callable(load_workload(word).train_pack)


FOREIGN = [
    "evil",
    "os",
    "sweep.worker",
    "recipe_sweep.sweep.worker.workload",
    "tests.sweep.stand_in",
    "..evil",
    "",
    "/x/evil.py",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_no_module_is_imported_because_a_file_names_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("RECIPE_SWEEP_TRUSTED_WORKLOADS")
    monkeypatch.delenv("RECIPE_SWEEP_WORKLOAD", raising=False)
    with pytest.raises(UserInputError, match="workload"):
        load_workload(name)
    assert not (tmp_path / "ran").exists()
    assert "evil" not in sys.modules


def test_what_the_environment_trusts_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_TRUSTED_WORKLOADS", "other,tests.sweep.stand_in")
    assert load_workload("tests.sweep.stand_in").__name__ == "tests.sweep.stand_in"
    monkeypatch.delenv("RECIPE_SWEEP_TRUSTED_WORKLOADS")
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", "tests.sweep.stand_in")
    assert load_workload("tests.sweep.stand_in").__name__ == "tests.sweep.stand_in"
