"""Nobody is told a time to go before it can be estimated: the first steps of a pack are slow, because it has to start."""

from __future__ import annotations

import pytest

from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from tests.sweep.monitoring.test_stuck import lease, look, report

__all__ = ["lease"]


def test_after_the_first_steps_of_a_pack_there_is_no_time_to_go_yet(paths: SweepPaths, lease: Lease) -> None:
    for step in (0, 3):
        report(paths, step=step, seconds=60.0)
        status = look(paths)
        assert status.eta is None, f"after step {step} of 40"
        assert "to go" not in status_line(status)
        assert "steps x runs per second" in status_line(status), "the speed is shown from the start"


@pytest.mark.parametrize(("step", "seconds", "left"), [(4, 60.0, 540.0), (1, 130.0, 5070.0)])
def test_a_tenth_of_the_steps_or_some_minutes_are_enough(
    paths: SweepPaths, lease: Lease, step: int, seconds: float, left: float
) -> None:
    report(paths, step, seconds)
    status = look(paths)
    assert status.eta is not None
    assert status.eta.seconds == pytest.approx(left, rel=1e-3)
    assert "to go" in status_line(status)
