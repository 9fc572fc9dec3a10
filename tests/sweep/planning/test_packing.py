from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.points import point_from_canonical, points_from_json, points_to_json
from recipe_sweep.sweep.planning.packing import PACKS_PER_SLOT, halves, pack_points
from tests.sweep.conftest import make_point
from tests.words import EXTRACTIONS, VALUE_LEARNERS


@st.composite
def grids(draw: st.DrawFn) -> tuple[DesignPoint, ...]:
    """Points as edited grids leave them: any subset of a small product."""
    points = [
        make_point(
            decomposition=decomposition,
            value_learning=learner,
            tau=tau,
            extraction=extraction,
            alpha=alpha,
            seed=seed,
            hidden=hidden,
        )
        for decomposition in (Decomposition.VDN, Decomposition.DEC)
        for learner in VALUE_LEARNERS
        for tau in ((0.7, 0.9) if learner is ValueLearning.IQL else (None,))
        for extraction in EXTRACTIONS
        for alpha in (0.1, 1.0, 10.0)
        for seed in range(4)
        for hidden in ((8,), (8, 8))
    ]
    chosen = draw(st.sets(st.integers(0, len(points) - 1), min_size=1, max_size=80))
    return tuple(points[index] for index in sorted(chosen))


@settings(deadline=None, max_examples=60)
@given(grids(), st.integers(1, 20), st.integers(1, 8))
def test_every_run_is_in_exactly_one_pack_of_its_kind_and_no_pack_is_too_large(
    points: tuple[DesignPoint, ...], max_lanes: int, slots: int
) -> None:
    packs = pack_points(points, max_lanes, slots)
    assert Counter(run for pack in packs for run in pack.run_ids) == Counter(point.run_id for point in points)
    assert all(len(pack.points) <= max_lanes for pack in packs)
    assert all(len({point.pack_key for point in pack.points}) == 1 for pack in packs)
    assert len({pack.pack_id for pack in packs}) == len(packs)
    assert [pack.cost for pack in packs] == sorted((pack.cost for pack in packs), reverse=True)


@settings(deadline=None, max_examples=40)
@given(grids(), st.integers(1, 20), st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_packing_does_not_depend_on_the_order_of_the_points(
    points: tuple[DesignPoint, ...], max_lanes: int, slots: int, shuffler: random.Random
) -> None:
    shuffled = list(points)
    shuffler.shuffle(shuffled)
    assert pack_points(shuffled, max_lanes, slots) == pack_points(points, max_lanes, slots)


@settings(deadline=None, max_examples=60)
@given(grids(), st.integers(1, 20))
def test_a_value_lane_is_torn_apart_only_where_it_alone_is_too_large(points: tuple[DesignPoint, ...], max_lanes: int) -> None:
    packs = pack_points(points, max_lanes, slots=1)
    sizes = Counter(point.value_lane_id for point in points)
    for lane, size in sizes.items():
        holders = [pack for pack in packs if any(point.value_lane_id == lane for point in pack.points)]
        assert len(holders) == 1 or size > max_lanes


@settings(deadline=None, max_examples=60)
@given(grids(), st.integers(1, 20), st.integers(10_000, 10_000_000))
def test_no_pack_of_several_runs_needs_more_memory_than_there_is(
    points: tuple[DesignPoint, ...], max_lanes: int, room: int
) -> None:
    packs = pack_points(points, max_lanes, slots=1, room=room)
    assert sorted(run for pack in packs for run in pack.run_ids) == sorted(point.run_id for point in points)
    assert all(pack.memory.total <= room or len(pack.points) == 1 for pack in packs)
    assert all(len(pack.points) <= max_lanes for pack in packs)
    assert pack_points(points, max_lanes, slots=1, room=10**15) == pack_points(points, max_lanes, slots=1)


@settings(deadline=None, max_examples=60)
@given(grids(), st.integers(1, 8))
def test_no_slot_idles_where_seeds_could_have_been_split(points: tuple[DesignPoint, ...], slots: int) -> None:
    packs = pack_points(points, max_lanes=128, slots=slots)
    assert len(packs) >= PACKS_PER_SLOT * slots or all(len(pack.seeds) == 1 for pack in packs)


@settings(deadline=None, max_examples=40)
@given(grids(), st.integers(2, 20))
def test_halves_share_a_failed_pack_without_loss_until_a_run_is_alone(points: tuple[DesignPoint, ...], max_lanes: int) -> None:
    for pack in pack_points(points, max_lanes, slots=1):
        todo, alone = [pack], []
        while todo:
            part = todo.pop()
            if len(part.points) == 1:
                alone.append(part.run_ids[0])
            else:
                parts = halves(part.points, part.pack_id)
                assert sum(len(half.points) for half in parts) == len(part.points)
                assert all(half.suspect and half.slice_of == part.pack_id for half in parts)
                todo += parts
        assert sorted(alone) == sorted(pack.run_ids)


def test_lanes_are_ordered_value_lane_by_value_lane() -> None:
    points = [make_point(seed=seed, alpha=alpha) for alpha in (0.1, 1.0) for seed in (1, 0)]
    [pack] = pack_points(points, 128, slots=0)
    assert [(point.seed, point.alpha) for point in pack.points] == [(0, 0.1), (0, 1.0), (1, 0.1), (1, 1.0)]
    assert pack.value_lanes == 2


def test_one_lane_per_pack_is_one_run_per_trial() -> None:
    points = [make_point(seed=seed, alpha=alpha) for alpha in (0.1, 1.0) for seed in (0, 1)]
    assert [len(pack.points) for pack in pack_points(points, 1, slots=1)] == [1] * 4


def test_the_papers_sweep_is_192_trials() -> None:
    points = expand(read_grid("figure7")).points
    packs = pack_points(points, max_lanes=128, slots=1)
    by_learner = Counter((pack.points[0].value_learning, len(pack.points), pack.value_lanes) for pack in packs)
    assert by_learner == {
        (ValueLearning.TD, 64, 64): 64,
        (ValueLearning.SARSA, 64, 8): 64,
        (ValueLearning.IQL, 128, 16): 64,
    }


def test_a_pack_is_named_by_its_members_in_their_order() -> None:
    one, two = make_point(seed=0), make_point(seed=1)
    assert Pack((one, two)).pack_id != Pack((two, one)).pack_id
    assert Pack((one, two), slice_of="other", suspect=True).pack_id == Pack((one, two)).pack_id


@settings(deadline=None, max_examples=30)
@given(grids())
def test_points_survive_being_written_and_read(points: tuple[DesignPoint, ...]) -> None:
    assert points_from_json(points_to_json(points)) == points
    assert all(point_from_canonical(point.canonical()) == point for point in points)


def test_every_preset_survives_being_written_and_read() -> None:
    for preset in ("demo", "svn_ablation", "two_step"):
        points = expand(read_grid(preset)).points
        assert points_from_json(points_to_json(points)) == points


def test_a_point_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ValueError, match="newer version"):
        point_from_canonical(make_point().canonical() | {"colour": "red"})
