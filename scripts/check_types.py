"""Run mypy, and fail if it checked fewer files than the tree has. With wrong settings it checks one file and says Success."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "recipe_sweep"


def main() -> int:
    """Print what mypy says. Return 0 if it checked all files and found nothing wrong."""
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="")
    found = re.search(r"(\d+) source file", done.stdout)
    checked = int(found.group(1)) if found else 0
    linked = (folder for folder in PACKAGE.iterdir() if folder.is_symlink())
    there = 1 + sum(1 for folder in linked for _ in folder.rglob("*.py"))
    if checked < there:
        print(f"mypy checked {checked} of {there} files; see [tool.mypy] in pyproject.toml, and the links in recipe_sweep/")
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
