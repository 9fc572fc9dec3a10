"""Runs docs/python.ipynb again and writes what it prints into it: `make notebook`. It needs the extra `notebook`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "python.ipynb"
CHANGING = ("execution",)
"""Metadata of cells that differ each time, such as when each began."""


def main(target: Path = NOTEBOOK) -> None:
    """Run the notebook in an empty directory, and write it to `target`. Raises CellExecutionError if a cell fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["RECIPE_SWEEP_DATA"] = str(Path(directory, "data"))
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": directory}}).execute()
    for cell in notebook.cells:
        for name in CHANGING:
            cell.metadata.pop(name, None)
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
