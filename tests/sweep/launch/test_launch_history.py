"""Any history of launches, edits, failures and deaths: nothing is lost, nothing is done twice."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ValueLearning
from recipe_sweep.sweep.results.done import read_done
from tests.sweep import stand_in
from tests.sweep.conftest import make_points
from tests.sweep.inline import Sweep, ids
from tests.sweep.stand_in import Behaviour, Cut, behave

ALPHAS = (0.1, 1.0, 3.0)


@st.composite
def edits(draw: st.DrawFn) -> tuple[DesignPoint, ...]:
    alphas = draw(st.sets(st.sampled_from(ALPHAS), min_size=1))
    learners = draw(st.sets(st.sampled_from((ValueLearning.SARSA, ValueLearning.TD)), min_size=1))
    return make_points(seeds=draw(st.integers(1, 3)), alphas=tuple(sorted(alphas)), value_learning=tuple(sorted(learners)))


class Histories(RuleBasedStateMachine):
    @initialize(points=edits())
    def begin(self, points: tuple[DesignPoint, ...]) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.sweep = Sweep(self.root)
        self.points = points
        self.published: dict[str, bytes] = {}

    @rule(points=edits())
    def edit_the_grid(self, points: tuple[DesignPoint, ...]) -> None:
        self.points = points

    @rule(victim=st.integers(0, 99), max_lanes=st.integers(1, 6))
    def die_in_the_middle(self, victim: int, max_lanes: int) -> None:
        todo = self.sweep.plan(self.points, max_lanes=max_lanes).packs
        if todo:
            pack = todo[victim % len(todo)]
            self.sweep.cut(self.points, pack.points[0], max_lanes=max_lanes)

    @rule(victims=st.sets(st.integers(0, 17), min_size=1, max_size=2), max_lanes=st.integers(1, 6))
    def launch_with_bad_runs(self, victims: set[int], max_lanes: int) -> None:
        bad = {self.points[victim % len(self.points)].run_id for victim in victims}
        behave(self.sweep.data, Behaviour(raising=tuple(sorted(bad))))
        self.sweep.launch(self.points, max_lanes=max_lanes)
        behave(self.sweep.data, Behaviour())
        left = ids(self.points) - self.sweep.done
        assert left <= bad | set(self.sweep.plan(self.points).gave_up), "a bad run took another with it"

    @rule(seed=st.integers(0, 2), max_lanes=st.integers(1, 6))
    def launch_a_part(self, seed: int, max_lanes: int) -> None:
        chosen = frozenset(point.run_id for point in self.points if point.seed == seed)
        self.sweep.launch(self.points, selected=chosen, max_lanes=max_lanes)

    @invariant()
    def what_is_done_stays_as_it_was_and_no_run_is_there_twice(self) -> None:
        if not hasattr(self, "sweep"):
            return
        files = {path.name: path.read_bytes() for path in self.sweep.paths.results.glob("*.parquet")}
        assert {name: files.get(name) for name in self.published} == self.published
        self.published = files
        assert not read_done(self.sweep.paths).duplicates

    def teardown(self) -> None:
        if not hasattr(self, "sweep"):
            return
        end = self.sweep.launch(self.points, retry_failed=True)
        assert end.status.done == len(self.points), "something was lost"
        done = read_done(self.sweep.paths)
        assert not done.duplicates
        for file in done.files:
            for row in pq.read_table(self.sweep.paths.pack_result(file.pack_id)).to_pylist():
                wanted = [stand_in.value_at(row["run_id"], step) for step in row["curve_step"]]
                assert row["curve_return"] == pytest.approx(wanted)
        shutil.rmtree(self.root)


Histories.TestCase.settings = settings(max_examples=8, stateful_step_count=6, deadline=None)
TestHistories = Histories.TestCase


def test_a_cut_is_not_mistaken_for_a_failure(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    points = make_points()
    sweep.cut(points, points[0])
    assert not list(sweep.paths.failures.glob("*/*"))
    assert issubclass(Cut, BaseException)
