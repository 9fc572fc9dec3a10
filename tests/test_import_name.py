"""The one import name: users keep `sweep`, `trainers`, `search_spaces`, `analysis` and `cluster` for modules of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from recipe_sweep.cluster.wheel import build_wheel
from tests.checkout import ROOT, TAKEN_BY_USERS
from tests.sweep.cli.test_bad_input import GRID, INLINE

HEAVY = ("torch", "pandas", "ray", "mlflow", "numpy", "matplotlib")


def command(directory: Path, python: Path, *words: str, **environment: str) -> str:
    """What a command prints, typed in a directory, with no PYTHONPATH but the one that is given."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables = inherited | {"RECIPE_SWEEP_DATA": str(directory / "data"), "COLUMNS": "200"} | environment
    done = subprocess.run([python, *words], cwd=directory, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, recipe_sweep; recipe_sweep.__version__; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_opening_a_sweep_is_slow_to_import() -> None:
    """What only some answers need is loaded by them."""
    heavy = [name for name in HEAVY if name != "numpy"]
    code = f"import sys, recipe_sweep; recipe_sweep.open; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import recipe_sweep

    with pytest.raises(AttributeError, match="no attribute 'lunch'"):
        recipe_sweep.lunch  # noqa: B018


@pytest.mark.slow
@pytest.mark.xdist_group("ray-users")
def test_a_users_own_modules_of_those_names_are_left_alone_by_every_process(tmp_path: Path) -> None:
    for name in TAKEN_BY_USERS:
        told = f"open({str(tmp_path / 'imported')!r}, 'a').write({name!r})\nraise ImportError('a module of the user')\n"
        (tmp_path / f"{name}.py").write_text(told)
    (tmp_path / "little.yaml").write_text(GRID)
    script, path = Path(sys.executable).with_name("recipe-sweep"), os.pathsep.join([".", str(tmp_path)])
    assert "4 runs" in command(tmp_path, script, "plan", "little.yaml", PYTHONPATH=path)
    assert "trained 4 runs" in command(tmp_path, script, "launch", "little.yaml", PYTHONPATH=path)
    assert "index.html" in command(tmp_path, script, "report", "little.yaml", PYTHONPATH=path)
    assert "2 MLflow runs" in command(tmp_path, script, "mlflow", "little.yaml", PYTHONPATH=path)
    assert not (tmp_path / "imported").exists(), (tmp_path / "imported").read_text()


@pytest.mark.slow
def test_the_wheel_brings_one_name_and_works_without_the_checkout(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path / "built").path
    venv.create(tmp_path / "environment", with_pip=False)
    python = tmp_path / "environment" / "bin" / "python"
    [site] = (tmp_path / "environment").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # What it depends on comes from here. An installation that points to the checkout does not: its .pth is not read there.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert sorted(path.name for path in site.iterdir() if path.is_dir() and "dist-info" not in path.name) == ["recipe_sweep"]
    assert (site / "recipe_sweep" / "py.typed").exists()
    (tmp_path / "little.yaml").write_text(GRID)
    (tmp_path / "inline.yaml").write_text(INLINE)
    run = ("-m", "recipe_sweep.sweep.cli.main")
    where = command(tmp_path, python, "-c", "import recipe_sweep; print(recipe_sweep.__file__)")
    assert Path(where.strip()) == site / "recipe_sweep" / "__init__.py"
    assert not Path(where.strip()).is_relative_to(ROOT)
    assert "16,384" in command(tmp_path, python, *run, "plan", "figure7")
    told = command(tmp_path, python, *run, "launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow")
    assert "trained 4 runs" in told
    assert (
        command(tmp_path, python, "-c", "import recipe_sweep; print(recipe_sweep.open('little.yaml').runs['lr'].count())")
        == "4\n"
    )
    assert "index.html" in command(tmp_path, python, *run, "report", "little.yaml")
