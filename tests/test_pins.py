"""`make` builds the environment that was tested: exact pins for every package, and a new environment when pins change."""

from __future__ import annotations

import re
import tomllib

from tests.checkout import ROOT

PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_that_the_project_names_has_an_exact_pin() -> None:
    extras = PROJECT["optional-dependencies"]
    named = [*PROJECT["dependencies"], *extras["dev"], *extras["cluster"], *extras["notify"], *extras["play"]]
    names = {plain(re.split(r"[\[=<>!~ ;]", one)[0]) for one in named}
    # `make lock` runs pip freeze, which leaves out setuptools.
    assert names - {"setuptools"} <= {plain(name) for name in PINS}


def test_torch_of_any_build_meets_its_pin() -> None:
    assert "+" not in PINS["torch"]


def test_the_environment_is_made_again_when_pins_change() -> None:
    rules = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    assert "$(INSTALLED): pyproject.toml requirements.lock" in rules
