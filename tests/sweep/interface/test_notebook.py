"""The notebook in the documents: what it shows was printed by its cells, and its cells still run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recipe_sweep.sweep.cli.show import notebook
from recipe_sweep.sweep.cli.show.notebook import NotebookTable, as_html
from tests.checkout import ROOT

NOTEBOOK = ROOT / "docs" / "python.ipynb"


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def kinds(cell: dict[str, Any]) -> list[str]:
    """What kinds of results a cell shows: tables, pictures, text."""
    found = [set(out["data"]) for out in cell["outputs"] if out["output_type"] == "execute_result"]
    return sorted({kind for one in found for kind in one})


def test_a_cell_of_the_notebook_was_not_run_or_failed() -> None:
    cells = code_cells(NOTEBOOK)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), "run it again: make notebook"
    assert all(out["output_type"] != "error" for cell in cells for out in cell["outputs"])
    assert ["image/png", "text/plain"] in [kinds(cell) for cell in cells]


def test_the_notebook_shows_a_path_of_the_machine_that_ran_it() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not [place for place in ("/tmp/", "/home/", "/root", str(ROOT)) if place in text]


@pytest.mark.slow
@pytest.mark.xdist_group("ray-users")
def test_a_cell_of_the_notebook_fails_today(tmp_path: Path) -> None:
    if importlib.util.find_spec("nbclient") and importlib.util.find_spec("ipykernel"):
        command = [sys.executable, str(ROOT / "scripts" / "run_notebook.py"), str(tmp_path / "again.ipynb")]
    else:  # Without a kernel its cells run as one script, which shows all but what they look like.
        source = "\n".join("".join(cell["source"]) for cell in code_cells(NOTEBOOK))
        (tmp_path / "cells.py").write_text(source, encoding="utf-8")
        command = [sys.executable, "cells.py"]
    variables = os.environ | {"RECIPE_SWEEP_DATA": str(tmp_path / "data")}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stdout + done.stderr
    if (tmp_path / "again.ipynb").exists():
        assert [kinds(cell) for cell in code_cells(tmp_path / "again.ipynb")] == [kinds(cell) for cell in code_cells(NOTEBOOK)]


class Cell:
    """What is below a notebook's cell."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, html: Any) -> None:
        self.shown.append(html.data)


def test_the_table_of_a_launch_stays_as_it_was_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=lambda text: SimpleNamespace(data=text)))
    now = count(step=notebook.EVERY_S / 8)
    monkeypatch.setattr(notebook, "time", SimpleNamespace(monotonic=lambda: next(now)))
    table, cell = NotebookTable(), Cell()
    table._cell = cell
    for number in range(50):
        table.update(f"run-{number}-")
    table.stop()
    assert len(cell.shown) == 8, "the first of each eight, and the last"
    assert "run-49-" in re.sub("<[^>]*>", "", cell.shown[-1])


def test_what_rich_shows_becomes_markup_of_a_stranger() -> None:
    assert "<img" not in as_html("<img src=x>")
