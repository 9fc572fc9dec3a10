"""`pytest --quick`: the tests that are fast enough to run while one works. Which they are is measured, not guessed.

`pytest --record-quick` runs everything and writes `not_quick.txt`: the tests that start a process, and the slowest of the
others, so that what is left takes QUICK_CPU_S. A test that is not in the list is a quick one until the list is written anew.
"""

from __future__ import annotations

import ast
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("not_quick.txt")
QUICK_CPU_S = 20.0
"""Seconds of all quick tests together, without what it takes to start and to collect them."""
PROCESS_EVENTS = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec"}
MEASURED = "quick"
BEGAN = pytest.StashKey[float]()

_started: list[str] = []
"""Processes that were started since the last look, by their audit events."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("quick")
    group.addoption("--quick", action="store_true", help="leave out what tests/not_quick.txt lists")
    group.addoption("--record-quick", action="store_true", help="run everything and write tests/not_quick.txt")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record-quick"):
        sys.addaudithook(lambda event, _: _started.append(event) if event in PROCESS_EVENTS else None)
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Recorder(), "quick-recorder")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--quick`, do not even import a file of which every test is left out."""
    if not config.getoption("--quick") or not collection_path.name.startswith("test_"):
        return None
    name = collection_path.relative_to(config.rootpath).as_posix()
    listed = {test for test in not_quick() if test.startswith(f"{name}::")}
    there = {node.name for node in ast.parse(collection_path.read_text()).body if isinstance(node, ast.FunctionDef)}
    tests = {f"{name}::{function}" for function in there if function.startswith("test_")}
    return True if tests and tests <= listed else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Tests in groups wait more than they compute. Started first, they wait beside all others.
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
    if config.getoption("--quick"):
        listed = set(not_quick())
        left_out = [item for item in items if function_of(item.nodeid) in listed]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if function_of(item.nodeid) not in listed]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note when a test begins, with its fixtures."""
    _started.clear()
    item.stash[BEGAN] = time.perf_counter()
    return (yield)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Put into the last report of a test what it took, and whether it started a process."""
    if call.when == "teardown":
        item.user_properties.append((MEASURED, (time.perf_counter() - item.stash[BEGAN], bool(_started))))


class Recorder:
    """Gathers what every test took, in the process that sees all reports."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._with_process: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == MEASURED and report.when == "teardown" and isinstance(value, list | tuple):
                self.take(report.nodeid, *value)

    def take(self, nodeid: str, seconds: float, process: bool) -> None:
        """Add what one test took."""
        self._seconds[function_of(nodeid)] += seconds
        if process:
            self._with_process.add(function_of(nodeid))

    def pytest_sessionfinish(self) -> None:
        LIST.write_text("".join(f"{name}\n" for name in sorted(self.left_out())))

    def left_out(self) -> set[str]:
        """Those with a process, and of the others the slowest, until the rest takes QUICK_CPU_S."""
        rest = {name: seconds for name, seconds in self._seconds.items() if name not in self._with_process}
        kept, left_out = 0.0, set(self._with_process)
        for name in sorted(rest, key=rest.__getitem__):
            kept += rest[name]
            if kept > QUICK_CPU_S:
                left_out.add(name)
        return left_out


def function_of(nodeid: str) -> str:
    """A test's name without its parameters."""
    return nodeid.partition("[")[0]


def not_quick() -> Iterable[str]:
    """The tests that `--quick` leaves out."""
    return LIST.read_text().split() if LIST.exists() else ()
