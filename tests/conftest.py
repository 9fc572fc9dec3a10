"""One thread for every test: the number of threads changes the order of sums. And one import name, asserted at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from tests.checkout import ROOT

TAKEN_BY_USERS = ("sweep", "trainers", "search_spaces", "analysis", "cluster")
"""Names of folders that users have as modules of their own: none of our processes may have a module of such a name."""

# Processes that a test starts find its stand-ins, which are no part of the package.
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
