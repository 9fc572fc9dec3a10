"""The best so far, which a launch shows: it must be a configuration's mean score, and never one lucky seed's."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.show.status import best_text, live_view
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.monitoring.best_so_far import BestSoFar, BestWatcher, Leader, leaders
from recipe_sweep.sweep.monitoring.status import SweepStatus, SweepWatcher
from recipe_sweep.sweep.results.done import Ledger
from recipe_sweep.sweep.results.schema import KEEP_METADATA
from tests.sweep import synthetic_results
from tests.sweep.synthetic_results import points

POINTS = points(alphas=(1.0, 3.0), seeds=(0, 1))


def publish(root: Path, pack_id: str, members: list[DesignPoint], shift: float = 0.0) -> None:
    """Publish runs without weights."""
    path = synthetic_results.publish(root, pack_id, members, shift=shift)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), KEEP_METADATA: b"none"}), path)


def look(root: Path, members: list[DesignPoint]) -> SweepStatus:
    return SweepWatcher(members, SweepPaths(root), scores=True).look()


def test_the_best_configuration_is_named_by_what_tells_it_from_others(tmp_path: Path) -> None:
    publish(tmp_path, "a" * 16, POINTS)
    [best] = look(tmp_path, POINTS).best
    # (100 + 300 / 10 + 10 * seed + alpha - 100) / 200, on average over the seeds 0 and 1.
    assert best.leader.score == pytest.approx((30.0 + 5.0 + 3.0) / 200)
    assert best_text(best) == "mix iql awr 0.19 on expert (alpha 3.0), 2 seeds"


def test_a_lucky_seed_does_not_lead(tmp_path: Path) -> None:
    publish(tmp_path, "a" * 16, POINTS[:2])
    publish(tmp_path, "b" * 16, POINTS[2:3], shift=500.0)
    [best] = look(tmp_path, POINTS).best
    assert best.leader.seeds == 2
    assert best.details == (("alpha", 1.0),)


def test_each_dataset_has_its_best_and_what_is_outside_the_grid_does_not_count(tmp_path: Path) -> None:
    other = [replace(point, task="3hopper", dataset="medium") for point in POINTS]
    outside = [replace(point, alpha=9.0) for point in POINTS]
    publish(tmp_path, "a" * 16, POINTS)
    publish(tmp_path, "b" * 16, other, shift=20.0)
    publish(tmp_path, "c" * 16, outside, shift=900.0)
    places = [best.place for best in look(tmp_path, [*POINTS, *other]).best]
    assert places == ["3hopper/medium", f"{POINTS[0].task}/expert"]


def test_results_that_come_later_do_not_count_or_are_opened_again(tmp_path: Path) -> None:
    watcher = SweepWatcher(POINTS, SweepPaths(tmp_path), scores=True)
    assert watcher.look().best == ()
    publish(tmp_path, "a" * 16, POINTS[:2])
    watcher.look()
    publish(tmp_path, "b" * 16, POINTS[2:], shift=20.0)
    ledger = Ledger(SweepPaths(tmp_path))
    done = ledger.read()
    for path in SweepPaths(tmp_path).results.iterdir():
        path.unlink()  # Whoever opened one for its scores would find none.
    assert [best.details for best in BestWatcher({point.run_id: point for point in POINTS}).look(done)] == [(("alpha", 3.0),)]


def test_a_look_without_scores_opens_no_results_for_them(tmp_path: Path) -> None:
    publish(tmp_path, "a" * 16, POINTS)
    assert SweepWatcher(POINTS, SweepPaths(tmp_path)).look().best == ()


@pytest.mark.parametrize("width", [80, 120])
def test_the_live_view_shows_how_far_the_sweep_is_and_who_leads(tmp_path: Path, width: int) -> None:
    publish(tmp_path, "a" * 16, POINTS[:3])
    out = StringIO()
    Console(file=out, width=width, force_terminal=True, no_color=True).print(live_view(look(tmp_path, POINTS)))
    assert " 75 %" in out.getvalue()
    assert "best so far: mix iql awr 0.18 on expert (alpha 1.0), 2 seeds" in out.getvalue()
    assert "…" not in out.getvalue()


def test_a_configuration_that_nothing_else_tells_apart_has_no_brackets() -> None:
    best = BestSoFar(Leader(POINTS[0], 0.917, 1), "expert", ())
    assert best_text(best) == "mix iql awr 0.92 on expert, 1 seed"


def test_hidden_sizes_are_written_as_python_does(tmp_path: Path) -> None:
    members = [replace(point, hidden=hidden) for point in POINTS[:2] for hidden in ((8, 8), (16, 16))]
    publish(tmp_path, "a" * 16, members)
    [best] = look(tmp_path, members).best
    assert "hidden 8x8" in best_text(best) or "hidden 16x16" in best_text(best)


def test_the_list_of_sweeps_and_a_launch_name_two_leaders(tmp_path: Path) -> None:
    publish(tmp_path, "a" * 16, POINTS[:2])
    publish(tmp_path, "b" * 16, POINTS[2:3], shift=500.0)
    done = Ledger(SweepPaths(tmp_path)).read()
    assert [best.leader for best in look(tmp_path, POINTS).best] == leaders(POINTS, done)
