from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, Keep, ValueLearning
from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.failure_file import failed_attempts, read_failures
from recipe_sweep.sweep.files.launch_file import Why
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import resume_dirs
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.packing import Capacity
from recipe_sweep.sweep.planning.plan import Plan, make_plan
from recipe_sweep.sweep.results.done import read_done
from tests.sweep import stand_in
from tests.sweep.conftest import make_points
from tests.sweep.inline import Sweep, ids
from tests.sweep.stand_in import Behaviour, behave


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return Sweep(tmp_path)


def reasons(plan: Plan) -> dict[tuple[Why, str], int]:
    return {(reason.why, reason.detail): len(reason.run_ids) for reason in plan.reasons}


def test_a_first_plan_wants_everything_and_writes_nothing(sweep: Sweep) -> None:
    points = make_points()
    plan = sweep.plan(points)
    assert reasons(plan) == {(Why.NEW, "no run of this sweep is done"): 4}
    assert plan.runs == plan.wanted == 4
    assert not sweep.paths.root.exists() or not any(sweep.paths.root.rglob("*"))


def test_a_finished_sweep_has_nothing_to_do(sweep: Sweep) -> None:
    points = make_points()
    end = sweep.launch(points)
    assert (end.trained, end.status.done) == (4, 4)
    plan = sweep.plan(points)
    assert not plan.packs
    assert not plan.reasons
    sweep.forget_trainings()
    assert sweep.launch(points).trained == 0
    assert stand_in.trainings(sweep.data) == []


def test_an_edited_grid_trains_only_the_difference_and_says_what_it_is(sweep: Sweep) -> None:
    sweep.launch(make_points(seeds=2, alphas=(0.1, 1.0)))
    sweep.forget_trainings()
    edited = make_points(seeds=4, alphas=(1.0, 3.0))  # one alpha more, two seeds more, one alpha taken away
    plan = sweep.plan(edited)
    assert reasons(plan) == {
        (Why.NEW, "alpha 3.0"): 2,
        (Why.NEW, "seed 2, 3"): 2,
        (Why.NEW, "alpha 3.0; seed 2, 3"): 2,
    }
    assert len(plan.kept) == 2
    assert len(plan.outside) == 2
    assert plan.retrained_value_lanes == 2, "the new alpha needs the critics of seeds 0 and 1 again"
    before = sweep.done
    sweep.launch(edited)
    assert sweep.done == before | ids(edited)
    assert sorted(stand_in.trainings(sweep.data)) == sorted(ids(edited) - before)


def test_a_changed_setting_is_told_with_its_old_and_new_value(sweep: Sweep) -> None:
    sweep.launch(make_points(steps=40))
    plan = sweep.plan(make_points(steps=80))
    assert reasons(plan) == {(Why.CHANGED, "steps 40 -> 80"): 4}
    assert len(plan.outside) == 4


def test_a_new_design_is_told_by_its_axis(sweep: Sweep) -> None:
    sweep.launch(make_points())
    points = make_points(decompositions=(Decomposition.VDN, Decomposition.DEC))
    assert reasons(sweep.plan(points)) == {(Why.NEW, "decomposition dec"): 4}


def test_under_td_no_value_lane_is_trained_again_for_a_new_alpha(sweep: Sweep) -> None:
    sweep.launch(make_points(value_learning=(ValueLearning.TD,)))
    plan = sweep.plan(make_points(value_learning=(ValueLearning.TD,), alphas=(0.1, 1.0, 3.0)))
    assert plan.retrained_value_lanes == 0


def test_only_limits_what_is_trained_and_leaves_the_rest_waiting(sweep: Sweep) -> None:
    points = make_points()
    chosen = frozenset(point.run_id for point in points if point.seed == 1)
    end = sweep.launch(points, selected=chosen)
    assert sweep.done == chosen
    assert (end.status.done, end.status.wanted, end.status.outside) == (2, 2, 0)
    assert reasons(sweep.plan(points)) == {(Why.NEW, "seed 0"): 2}


def test_a_started_pack_is_resumed_as_it_was_even_where_it_would_now_be_packed_otherwise(sweep: Sweep) -> None:
    points = make_points(seeds=4)
    sweep.cut(points, points[0])
    started = sweep.unfinished()
    plan = sweep.plan(points, max_lanes=1)
    assert started in plan.packs
    assert plan.resumed == {started.pack_id}
    assert (Why.INTERRUPTED, "resumed from the checkpoint of a started pack") in reasons(plan)
    sweep.launch(points, max_lanes=1)
    assert sweep.done == ids(points)
    assert len(read_attempts(sweep.paths, started.pack_id)) == 2


def test_an_edited_grid_slices_the_wanted_lanes_out_of_a_started_pack(sweep: Sweep) -> None:
    points = make_points(seeds=2, alphas=(0.1, 1.0, 3.0))
    sweep.cut(points, points[0])
    edited = make_points(seeds=2, alphas=(0.1, 3.0, 10.0))
    started = sweep.unfinished()
    plan = sweep.plan(edited)
    [sliced] = [pack for pack in plan.packs if pack.slice_of == started.pack_id]
    assert set(sliced.run_ids) == set(started.run_ids) & ids(edited)
    assert list(sliced.run_ids) == [run for run in started.run_ids if run in ids(edited)], "lanes keep their order"
    assert plan.runs == len(ids(edited) - sweep.done)
    assert not {pack.pack_id for pack in plan.packs if pack.slice_of is None} & {sliced.pack_id}
    sweep.launch(edited)
    assert sweep.done >= ids(edited)


def test_lanes_dropped_and_wanted_again_still_come_from_the_first_packs_checkpoint(sweep: Sweep) -> None:
    points = make_points(seeds=1, alphas=(0.1, 1.0, 3.0))
    sweep.cut(points, points[0])
    started = sweep.unfinished()
    sweep.launch(points[:2])
    [again] = sweep.plan(points).packs
    assert (again.run_ids, again.slice_of) == ((points[2].run_id,), started.pack_id)
    assert resume_dirs(sweep.paths, again) == (sweep.paths.pack_checkpoint(started.pack_id),)


def test_a_slice_of_a_slice_finds_every_checkpoint_it_may_come_from(sweep: Sweep) -> None:
    points = make_points(seeds=1, alphas=(0.1, 1.0, 3.0))
    sweep.cut(points, points[0])
    sweep.cut(points[:2], points[0])
    [part] = sweep.plan(points[:1]).packs
    first, second = Pack(points), Pack(points[:2])
    assert part.slice_of == second.pack_id
    checkpoints = sweep.paths.pack_checkpoint
    assert resume_dirs(sweep.paths, part) == (checkpoints(second.pack_id), checkpoints(first.pack_id))


def test_checkpoints_go_once_nothing_can_be_sliced_from_them(sweep: Sweep) -> None:
    points = make_points(seeds=1, alphas=(0.1, 1.0, 3.0))
    sweep.cut(points, points[0])
    sweep.launch(points[:2])
    assert len(list(sweep.paths.checkpoints.iterdir())) == 1, "the third lane may still be wanted"
    sweep.launch(points)
    assert not list(sweep.paths.checkpoints.iterdir())


def test_one_bad_run_cannot_take_the_others_of_its_pack_with_it(sweep: Sweep) -> None:
    points = make_points(seeds=4)
    bad = points[5]
    behave(sweep.data, Behaviour(raising=(bad.run_id,)))
    end = sweep.launch(points, max_lanes=128)
    assert sweep.done == ids(points) - {bad.run_id}
    assert end.status.failed == 1
    [group] = end.status.failures
    assert group.gave_up == (bad.run_id,)
    assert group.example.cause.error == "ArithmeticError"

    plan = sweep.plan(points)
    assert not plan.packs, "what failed for good is not tried again by itself"
    assert plan.gave_up == (bad.run_id,)

    behave(sweep.data, Behaviour())
    plan = sweep.plan(points, retry_failed=True)
    assert plan.runs == 1
    assert {why for why, _ in reasons(plan)} == {Why.FAILED}
    assert sweep.launch(points, retry_failed=True).status.done == len(points)
    assert not read_failures(sweep.paths)
    assert list(sweep.paths.failures.glob("*/*.forgiven")), "forgiven, not forgotten"


def test_a_disk_that_is_full_for_a_while_costs_waiting_and_nothing_else(sweep: Sweep) -> None:
    points = make_points()
    behave(sweep.data, Behaviour(refused=(points[0].run_id, points[-1].run_id), times=5))
    end = sweep.launch(points)
    assert end.status.done == len(points)
    assert not end.hopeless
    assert failed_attempts(sweep.paths) == {}
    assert len(list(sweep.paths.packs.glob("*.json"))) == len(list(sweep.paths.results.glob("*"))), "a pack was halved"


def test_a_pack_that_fails_once_is_tried_again_whole(sweep: Sweep) -> None:
    points = make_points()
    behave(sweep.data, Behaviour(raising=(points[0].run_id,), times=1))
    end = sweep.launch(points)
    assert end.status.done == 4
    assert not end.status.failures, "failures of finished runs no longer count"
    assert sorted(stand_in.trainings(sweep.data)).count(points[3].run_id) <= 2


def test_retrying_puts_packs_together_again_that_were_halved(sweep: Sweep) -> None:
    points = make_points(seeds=1, alphas=(0.1, 1.0, 3.0, 10.0))
    behave(sweep.data, Behaviour(raising=tuple(ids(points))))
    assert sweep.launch(points).status.failed == 4
    behave(sweep.data, Behaviour())
    [pack] = sweep.plan(points, retry_failed=True).packs
    assert set(pack.run_ids) == ids(points)
    assert sweep.launch(points, retry_failed=True).status.done == 4
    assert [file.pack_id for file in read_done(sweep.paths).files] == [pack.pack_id]


def test_a_launch_stops_where_everything_fails_instead_of_taking_every_pack_apart(sweep: Sweep) -> None:
    points = make_points(seeds=32, alphas=(0.1,))
    behave(sweep.data, Behaviour(raising=tuple(ids(points))))
    end = sweep.launch(points, max_lanes=1)
    assert end.hopeless
    assert len(read_failures(sweep.paths)) == 20
    behave(sweep.data, Behaviour())
    assert sweep.launch(points, retry_failed=True).status.done == len(points)


def test_packs_halved_by_one_launch_stay_halved_in_the_next(sweep: Sweep) -> None:
    points = make_points(seeds=2)
    behave(sweep.data, Behaviour(raising=(points[0].run_id,)))
    sweep.launch(points, selected=frozenset(ids(points)))
    seen = len(read_failures(sweep.paths))
    sweep.launch(points)
    assert len(read_failures(sweep.paths)) == seen, "nothing that failed for good was tried again"


def test_diverged_runs_are_done_and_never_tried_again(sweep: Sweep) -> None:
    points = make_points()
    behave(sweep.data, Behaviour(diverging=(points[1].run_id,)))
    end = sweep.launch(points)
    assert (end.status.done, end.status.diverged) == (4, 1)
    assert not sweep.plan(points).packs


def test_runs_whose_weights_were_deleted_are_trained_again_and_published_once(sweep: Sweep) -> None:
    points = make_points()
    sweep.launch(points)
    victim = next(sweep.paths.weights.iterdir())
    lost = read_done(sweep.paths).files
    victim.unlink()
    plan = sweep.plan(points)
    assert {why for why, _ in reasons(plan)} == {Why.WEIGHTS}
    assert 0 < plan.runs < 4
    sweep.launch(points)
    assert sweep.done == ids(points)
    assert len(read_done(sweep.paths).files) == len(lost)


def test_what_is_kept_is_fixed_when_a_sweep_begins(sweep: Sweep) -> None:
    sweep.launch(make_points(seeds=1), keep=Keep.NONE)
    with pytest.raises(Exception, match="keep"):
        sweep.launch(make_points(seeds=2), keep=Keep.ALL)
    assert sweep.launch(make_points(seeds=2)).status.done == 4


def test_the_same_run_in_another_extraction_is_not_mistaken_for_done(sweep: Sweep) -> None:
    sweep.launch(make_points())
    plan = sweep.plan(make_points() + make_points(extraction=Extraction.AWR))
    assert reasons(plan) == {(Why.NEW, "extraction awr"): 4}


def test_a_plan_of_a_sweep_that_does_not_exist_creates_no_directory(tmp_path: Path) -> None:
    make_plan(make_points(), SweepPaths(tmp_path / "none"), Capacity(slots=1, max_lanes=4))
    assert not (tmp_path / "none" / "results").exists()
