"""Which measurement tells a pack's time: the likest one, and none that is of another size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction
from recipe_sweep.sweep.estimates.paces import Basis, Pace, Schedule, Speeds, kind_of, schedule_of
from recipe_sweep.sweep.files.pack import Pack
from tests.sweep.conftest import make_points, make_resources

RESOURCES = make_resources()
PACK = Pack(make_points())
KIND = kind_of(PACK.points, RESOURCES)
SCHEDULE = schedule_of(PACK.points[0])
OTHER = KIND._replace(decomposition="cen")


def finished(s_per_flop: float, lanes: int = 4, **changes: object) -> Pace:
    return Pace(KIND, lanes, s_per_flop, schedule=SCHEDULE) if not changes else replace(finished(s_per_flop, lanes), **changes)  # type: ignore[arg-type]


def time(finished: list[Pace], probed: list[Pace]) -> tuple[float, Basis] | None:
    timed = Speeds(RESOURCES, finished, probed).time(PACK)
    return None if timed is None else (timed.seconds / PACK.cost, timed.basis)


def test_the_likest_measurement_is_taken() -> None:
    same, probe = finished(1.0), Pace(KIND, 4, 2.0)
    alike, other = finished(3.0, kind=OTHER), Pace(OTHER, 4, 4.0)
    assert time([alike, same], [other, probe]) == (pytest.approx(1.0), Basis.FINISHED)
    assert time([alike], [other, probe]) == (pytest.approx(2.0), Basis.PROBED)
    assert time([alike], [other]) == (pytest.approx(3.0), Basis.FINISHED_SIZE)
    assert time([], [other]) == (pytest.approx(4.0), Basis.PROBED_SIZE)
    assert time([], []) is None


@pytest.mark.parametrize(
    "change", [{"hidden": (16, 16)}, {"batch": 32}, {"precision": "bf16"}, {"device": "cuda"}, {"threads": 2}, {"share": 0.5}]
)
def test_a_pace_never_serves_another_size(change: dict[str, object]) -> None:
    kind = KIND._replace(size=KIND.size._replace(**change))  # type: ignore[arg-type]
    assert time([finished(1.0, kind=kind)], [Pace(kind, 4, 1.0)]) is None


def test_of_the_same_kind_the_nearest_number_of_runs_counts_and_their_mean() -> None:
    assert time([finished(9.0, lanes=1), finished(1.0, lanes=5), finished(3.0, lanes=5)], []) == (
        pytest.approx(2.0),
        Basis.FINISHED,
    )


def test_a_finished_pack_that_was_evaluated_more_often_is_not_of_the_same_kind() -> None:
    assert time([finished(1.0, schedule=Schedule(1, 50))], []) == (pytest.approx(1.0), Basis.FINISHED_SIZE)


def test_a_probes_evaluations_are_added_by_runs_and_episodes() -> None:
    timed = Speeds(RESOURCES, [], [Pace(KIND, 4, 0.0, evaluation_s=0.5)]).time(PACK)
    assert timed is not None
    assert timed.seconds == pytest.approx(4 * 2 * 4 * 0.5), "40 steps evaluated every 10, 2 episodes, 4 runs"


def test_more_episodes_at_the_end_are_priced() -> None:
    longer = Pack([replace(point, final_episodes=102) for point in PACK.points])
    timed = Speeds(RESOURCES, [], [Pace(KIND, 4, 0.0, evaluation_s=0.5)]).time(longer)
    assert timed is not None
    assert timed.seconds == pytest.approx(4 * (3 * 2 + 102) * 0.5), "40 steps evaluated every 10, 4 runs"


def test_a_finished_pack_with_fewer_episodes_at_the_end_is_not_of_the_same_kind() -> None:
    longer = Pack([replace(point, final_episodes=102) for point in PACK.points])
    timed = Speeds(RESOURCES, [finished(1.0)], []).time(longer)
    assert timed is not None
    assert timed.basis is Basis.FINISHED_SIZE


def test_designs_and_extractions_are_kinds_of_their_own() -> None:
    kinds = {
        kind_of(make_points(**changes), RESOURCES)  # type: ignore[arg-type]
        for changes in ({}, {"decompositions": (Decomposition.CEN,)}, {"extraction": Extraction.AWR})
    }
    assert len(kinds) == 3


def evaluation(finished: list[Pace], probed: list[Pace], pack: Pack = PACK) -> float | None:
    timed = Speeds(RESOURCES, finished, probed).time(pack)
    return None if timed is None else timed.evaluation


def test_the_share_of_evaluation_is_that_of_packs_of_the_same_kind() -> None:
    assert evaluation([finished(1.0, evaluated=0.2), finished(1.0, evaluated=0.4)], []) == pytest.approx(0.3)
    assert evaluation([finished(1.0)], []) is None, "an older version did not record it"
    assert evaluation([finished(1.0, evaluated=0.2, schedule=Schedule(1, 50))], []) is None, "evaluated more often"
    assert evaluation([finished(1.0, evaluated=0.2, kind=OTHER._replace(task="2ant"))], []) is None, "of another task"


def test_a_probe_tells_the_share_of_evaluation_without_its_checkpoint() -> None:
    probe = Pace(KIND, 4, 1.0 / PACK.cost, evaluation_s=1.0, checkpoint_s=0.25)
    assert evaluation([], [probe]) == pytest.approx(0.75 * 32 / 33), "4 runs, 4 evaluations, 2 episodes"
    assert evaluation([], [replace(probe, checkpoint_s=None)]) is None, "an older file does not say what the checkpoint took"
    assert evaluation([], [replace(probe, kind=OTHER)]) == pytest.approx(0.75 * 32 / 33), "designs are evaluated alike"
