from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from recipe_sweep.cluster import wheel
from recipe_sweep.cluster.commands import MissingToolError
from recipe_sweep.cluster.shipment import Wheel
from recipe_sweep.cluster.wheel import SOURCE, build_wheel
from tests.checkout import TAKEN_BY_USERS

FOLDERS = set(TAKEN_BY_USERS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return build_wheel(tmp_path_factory.mktemp("built"))


def test_the_same_source_is_the_same_wheel_and_building_it_leaves_nothing_there(built: Wheel, tmp_path: Path) -> None:
    before = {path.name for path in SOURCE.iterdir()}
    again = build_wheel(tmp_path)
    assert built.sha256 == again.sha256 == hashlib.sha256(again.path.read_bytes()).hexdigest()
    assert again.check == f"{again.sha256}  {again.path.name}"
    assert {path.name for path in SOURCE.iterdir()} == before


def test_the_wheel_is_this_code(built: Wheel) -> None:
    with zipfile.ZipFile(built.path) as archive:
        names = set(archive.namelist())
        for folder in FOLDERS:
            for path in (SOURCE / folder).rglob("*"):
                name = f"recipe_sweep/{path.relative_to(SOURCE)}"
                if path.suffix in (".py", ".yaml", ".csv", ".safetensors") and "__pycache__" not in name:
                    assert archive.read(name) == path.read_bytes(), f"{name} does not travel"
    assert {name.partition("/")[0] for name in names if "dist-info" not in name} == {"recipe_sweep"}


def test_a_file_that_an_earlier_build_left_behind_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tmp_path / "checkout"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (checkout / name).parent.mkdir(exist_ok=True)
        shutil.copy(SOURCE / name, checkout / name)
    for folder in ("recipe_sweep", *FOLDERS):
        shutil.copytree(SOURCE / folder, checkout / folder, symlinks=True)
    stale = checkout / "build" / "lib" / "recipe_sweep" / "sweep" / "long_gone.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    monkeypatch.setattr(wheel, "SOURCE", checkout)
    with zipfile.ZipFile(build_wheel(tmp_path / "out").path) as archive:
        assert "recipe_sweep/sweep/long_gone.py" not in archive.namelist()
        assert "recipe_sweep/sweep/cli/main.py" in archive.namelist()


def test_an_installed_package_says_that_it_cannot_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "SOURCE", tmp_path)
    with pytest.raises(MissingToolError, match="checkout"):
        build_wheel(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_builder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="pip install build"):
        build_wheel(tmp_path / "out")
    assert not (tmp_path / "out").exists()
