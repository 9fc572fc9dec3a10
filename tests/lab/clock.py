"""A machine whose clock is wrong, by libfaketime (on Debian: `apt install libfaketime`)."""

from __future__ import annotations

from pathlib import Path

from tests.checkout import ROOT

PLACES = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib*/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
)


def library() -> Path | None:
    """Find libfaketime for programs with threads. Return None where it is not installed."""
    return next((found for pattern in PLACES for found in sorted(Path("/").glob(pattern[1:]))), None)


def clock_environment(offset: str | None) -> dict[str, str]:
    """Make the variables that move the clock of a process and of its children, for example by `+1d` or `-90s`.

    How long something takes stays right. The times of files are this host's, as if a file server with a right clock wrote them.
    """
    if offset is None:
        return {}
    found = library()
    assert found is not None, "libfaketime is not installed"
    # Without this a wait of a second, whose end the kernel computes, would take the whole offset.
    right_waits = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": f"{ROOT / 'tests' / 'lab' / 'wrong_clock'}:{ROOT}"}
    return {"LD_PRELOAD": str(found), "FAKETIME": offset, "NO_FAKE_STAT": "1"} | right_waits
