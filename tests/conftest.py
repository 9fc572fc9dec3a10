"""One thread for every test, because the number of threads changes the order of sums; one import name; `--quick`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from tests.checkout import ROOT, TAKEN_BY_USERS
from tests.quick import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_ignore_collect,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
)

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_ignore_collect",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
]

STAND_INS = ("tests.sweep.stand_in", "tests.faults.sleeper", "tests.faults.rehearsed", "tests.faults.real")

# Processes that a test starts find its stand-ins, which are no part of the package.
os.environ["RECIPE_SWEEP_TRUSTED_WORKLOADS"] = ",".join(STAND_INS)
os.environ["RECIPE_SWEEP_PRICES"] = str(
    ROOT / "tests" / "nowhere"
)  # Prices that a developer has refreshed would change results.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _one_import_name() -> Iterator[None]:
    """Fail at the end where some import went around `recipe_sweep`."""
    yield
    found = [name for name in TAKEN_BY_USERS if name in sys.modules]
    assert not found, f"loaded under a name that belongs to users: {', '.join(found)}; import it from recipe_sweep"
