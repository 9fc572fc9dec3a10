"""Ray Tune is imported without libraries that a launch does not use, and they are there for everybody who does."""

from __future__ import annotations

import subprocess
import sys

LATER = """
from recipe_sweep.sweep.launch.ray_imports import import_tune
import sys
import_tune()
left_out = [name for name in ("pandas", "ray.data") if name in sys.modules]
import gc, ray, ray.tune.result_grid
first = ray.tune.result_grid.pd.DataFrame({"a": [1, 2]})["a"].sum()
import pandas
assert isinstance(ray.tune.result_grid.pd.DataFrame(), pandas.DataFrame)
assert ray.data.Dataset.__module__ == "ray.data.dataset"
print(left_out, int(first), gc.isenabled())
"""

BROKEN = """
import importlib, sys
from recipe_sweep.sweep.launch.ray_imports import import_tune
real, asked = importlib.import_module, []
def import_module(name, package=None):
    found = real(name, package)
    if name == "ray.tune":
        asked.append("pandas" in sys.modules)
        if len(asked) == 1:
            raise TypeError("an empty class is not enough")
    return found
importlib.import_module = import_module
import_tune()
from ray import tune
print(tune.Tuner.__name__, "pandas" in sys.modules, len(asked))
"""


def answer(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout.strip()


def test_a_library_that_was_left_out_is_the_real_one_as_soon_as_somebody_uses_it() -> None:
    assert answer(LATER) == "[] 3 True"


def test_a_ray_that_needs_the_library_at_once_gets_it() -> None:
    assert answer(BROKEN) == "Tuner True 2"
