"""A sweep that is launched again and again inside the test's own process, with the stand-in and without Ray."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.launch import LaunchEnd, launch
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.planning.request import LaunchRequest, plan_of
from recipe_sweep.sweep.results.done import read_done
from tests.sweep import stand_in
from tests.sweep.conftest import make_resources
from tests.sweep.driver import Quiet
from tests.sweep.stand_in import Behaviour, Cut, behave


def ids(points: Iterable[DesignPoint]) -> set[str]:
    return {point.run_id for point in points}


class Sweep:
    """One sweep directory, launched again and again inside this process."""

    def __init__(self, root: Path) -> None:
        self.paths = SweepPaths(root / "sweep")
        self.data = root / "data"
        self.data.mkdir(parents=True)

    def request(self, points: tuple[DesignPoint, ...], max_lanes: int = 128, **changes: object) -> LaunchRequest:
        resources = make_resources(inline=True, slots=1, max_lanes=max_lanes)
        request = LaunchRequest("little", {}, points, self.paths, resources, self.data, workload=stand_in.NAME)
        return replace(request, **changes)  # type: ignore[arg-type]

    def launch(self, points: tuple[DesignPoint, ...], **changes: object) -> LaunchEnd:
        return launch(self.request(points, **changes), Quiet())  # type: ignore[arg-type]

    def plan(self, points: tuple[DesignPoint, ...], **changes: object) -> Plan:
        return plan_of(self.request(points, **changes))  # type: ignore[arg-type]

    def cut(self, points: tuple[DesignPoint, ...], victim: DesignPoint, **changes: object) -> None:
        """Launch, and die at half of the victim's pack."""
        behave(self.data, Behaviour(cutting=(victim.run_id,)))
        with pytest.raises(Cut):
            self.launch(points, **changes)
        behave(self.data, Behaviour())

    @property
    def done(self) -> set[str]:
        done = read_done(self.paths)
        assert not done.duplicates
        return set(done.file_of)

    def unfinished(self) -> Pack:
        """The one pack that was started and is not done."""
        records = [read_record(path).pack for path in self.paths.packs.glob("*.json")]
        [pack] = [pack for pack in records if not self.paths.pack_result(pack.pack_id).exists()]
        return pack

    def forget_trainings(self) -> None:
        for file in self.data.glob("trained-*"):
            file.unlink()
