"""One thread for every test, because the number of threads changes the order of sums. One import name. And `--quick`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.checkout import ROOT

TAKEN_BY_USERS = ("sweep", "trainers", "search_spaces", "analysis", "cluster")
"""Names of folders that users have as modules of their own: none of our processes may have a module of such a name."""

# Processes that a test starts find its stand-ins, which are no part of the package.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--quick`: leave out what takes long, or needs a process of its own."""
    parser.addoption(
        "--quick", action="store_true", help="only tests without Ray, without processes of their own, and not slow"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        left_out = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(autouse=True)
def _no_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--quick`, skip a test at the moment when it starts a process."""
    if request.config.getoption("--quick"):

        def refuse(*_: object, **__: object) -> None:
            pytest.skip("it starts a process of its own, which --quick leaves out")

        monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


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
