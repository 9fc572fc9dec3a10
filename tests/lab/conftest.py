"""Laboratories for tests: made when a test asks, skipped with the reason where there can be none, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab.apart import train_calm
from tests.lab.clock import library
from tests.lab.machines import Lab, Plan
from tests.lab.reasons import why_no_ssh, why_not

MakeLab = Callable[..., Lab]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep of `Apart`, trained on this host in one process, once for all tests."""
    return train_calm(tmp_path_factory.mktemp("calm"))


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    """Makes laboratories: `make_lab(3, shared=True, disks=True, clocks={2: "+1d"})`."""
    reason = why_not()
    if reason is not None:
        pytest.skip(f"no laboratory: {reason}")
    with ExitStack() as open_labs:
        made = 0

        def make(
            machines: int = 3,
            *,
            shared: bool = False,
            disks: bool = False,
            clocks: Mapping[int, str] | None = None,
            ssh: bool = False,
        ) -> Lab:
            nonlocal made
            if clocks and library() is None:
                pytest.skip("no machine with a wrong clock: libfaketime is not installed (on Debian: apt install libfaketime)")
            if ssh and (lacking := why_no_ssh()):
                pytest.skip(f"no machine with ssh: {lacking}")
            made += 1
            return open_labs.enter_context(Lab(tmp_path / f"lab{made}", Plan(machines, shared, disks, clocks or {})))

        yield make
