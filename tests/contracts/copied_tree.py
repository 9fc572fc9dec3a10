"""A copy of the source tree to which a newcomer's files are added, and a process that runs only that copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.checkout import ROOT, TAKEN_BY_USERS

BESIDE = ("pyproject.toml", "README.md", "LICENSE")
"""What it takes to build the project's wheel."""


class CopiedTree:
    """The five packages and `recipe_sweep/`. `changed` is what was written since."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for name in ("recipe_sweep", *TAKEN_BY_USERS):
            shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        for name in BESIDE:
            shutil.copy(ROOT / name, root / name)

    @property
    def changed(self) -> set[str]:
        """Files that are new here or another than in the checkout."""
        files = (path for path in self.root.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(name) for path in files if self._differs(path, name := path.relative_to(self.root))}

    def _differs(self, path: Path, name: Path) -> bool:
        return not (ROOT / name).exists() or (ROOT / name).read_bytes() != path.read_bytes()

    def write(self, name: str, text: str) -> None:
        """Add a file."""
        assert not (self.root / name).exists()
        (self.root / name).write_text(text, encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Add lines at the end of a file."""
        with (self.root / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replace lines of a file; each must stand there once."""
        text = (self.root / name).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{name}: {text.count(old)} times {old!r}"
            text = text.replace(old, new)
        (self.root / name).write_text(text, encoding="utf-8")

    def python(self, script: str, here: Path) -> str:
        """Run a script that imports `recipe_sweep` from the copy; returns what it printed."""
        environment = os.environ | {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        where = f"import recipe_sweep; assert recipe_sweep.__file__.startswith({str(self.root)!r}), recipe_sweep.__file__\n"
        command = [sys.executable, "-c", where + script]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
