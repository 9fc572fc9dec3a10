"""Builds the project as a wheel: the code that is planned with here is the code that trains there.

It is built from a copy, because setuptools leaves a `build/` behind. Deleted files would come back from there.

It is built with a fixed date. So the same source gives the same bytes and the same sha256.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

from recipe_sweep.cluster.commands import CommandFailedError, MissingToolError, run
from recipe_sweep.cluster.shipment import Wheel

SOURCE = Path(__file__).resolve().parent.parent
"""The checkout, through the link by which the package is imported. An installed package gives its own directory."""
_BESIDE = ("pyproject.toml", "README.md", "LICENSE")
_PACKAGE = "recipe_sweep"
_EPOCH = "315532800"  # 1980-01-01: a zip file cannot hold an earlier date


def build_wheel(directory: Path) -> Wheel:
    """Build the wheel into a directory. Raises MissingToolError or CommandFailedError if it cannot be built."""
    if not (SOURCE / "pyproject.toml").exists():
        raise MissingToolError("the project's source", "a checkout, because no wheel can be built from an installed package")
    for module in ("build", "setuptools"):
        if importlib.util.find_spec(module) is None:
            raise MissingToolError(module, f"it to be installed: {sys.executable} -m pip install {module}")
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rs-wheel-") as scratch:
        copy, built = Path(scratch) / "source", Path(scratch) / "built"
        copy.mkdir()
        for name in _BESIDE:
            shutil.copy2(SOURCE / name, copy / name)
        # copytree follows the package's links, so they become folders in the copy.
        shutil.copytree(SOURCE / _PACKAGE, copy / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(copy))
        run(command, environment=os.environ | {"SOURCE_DATE_EPOCH": _EPOCH})
        wheels = list(built.glob("*.whl"))
        if len(wheels) != 1:
            raise CommandFailedError(command, 0, f"it left {len(wheels)} wheels")
        target = directory / wheels[0].name
        shutil.copyfile(wheels[0], target)
    return Wheel(target, hashlib.sha256(target.read_bytes()).hexdigest())
