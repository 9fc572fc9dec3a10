"""Claims about battles follow the truth, are silent about other sweeps, and take no part of their error."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.findings.battles import ALIKE, leads
from recipe_sweep.analysis.findings.claims import Claim, Verdict, claims
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Chance, Decomposition
from tests.analysis.synthetic import synthetic_points

SMALL = {"brac_alphas": (0.1, 1.0), "awr_alphas": (1.0, 3.0), "taus": (0.7,)}
CLAIMED = ("mix-wins-smacv2", "all-alike-smacv1")


def points_of(seeds: int) -> tuple[DesignPoint, ...]:
    seen = range(seeds)
    return (
        *synthetic_points(("smac_3m", "smac_2s3z"), ("good", "medium"), seen, **SMALL),
        *synthetic_points(("smac_terran_5_vs_5", "smac_zerg_5_vs_5"), ("replay",), seen, **SMALL),
    )


def blocks(points: Sequence[DesignPoint], score: Callable[[DesignPoint], float]) -> list[TaskPanels]:
    runs = pd.DataFrame(
        [
            {"run_id": one.run_id, "score": score(one), "status": "finished", "scale_min": 0.0, "scale_max": 20.0}
            for one in points
        ]
    )
    return [task_panels(one, np.random.default_rng(0), 50) for one in task_scores(runs, points_table(points))]


def noise(point: DesignPoint) -> float:
    return float(np.random.default_rng(int(point.run_id, 16)).normal())


def drawn(point: DesignPoint) -> bool:
    family = TASKS[point.task].family
    assert family is not None
    return family.drawn


def as_claimed(point: DesignPoint) -> float:
    """Mix wins where chance is large, and only there."""
    return 0.5 + 0.2 * (drawn(point) and point.decomposition is Decomposition.MIX) + 0.004 * noise(point)


def turned(point: DesignPoint) -> float:
    """VDN beats Mix where chance is large, and Cen is far behind where it is not."""
    vdn, cen = point.decomposition is Decomposition.VDN, point.decomposition is Decomposition.CEN
    return 0.5 + (0.1 * vdn if drawn(point) else -0.2 * cen) + 0.01 * noise(point)


def by_name(found: Sequence[Claim]) -> dict[str, Claim]:
    return {claim.name: claim for claim in found}


@pytest.mark.parametrize(("world", "verdict"), [(as_claimed, Verdict.HOLDS), (turned, Verdict.FAILS)])
def test_both_claims_on_smac_follow_the_truth(world: Callable[[DesignPoint], float], verdict: Verdict) -> None:
    found = by_name(claims(blocks(points_of(6), world)))
    assert {name: found[name].verdict for name in CLAIMED} == dict.fromkeys(CLAIMED, verdict)


def test_the_sizes_are_those_of_the_world() -> None:
    found = by_name(claims(blocks(points_of(6), turned)))
    assert float(found["mix-wins-smacv2"].ours.split()[0]) == pytest.approx(-0.1, abs=0.02)
    low, high = found["all-alike-smacv1"].low, found["all-alike-smacv1"].high
    assert low is not None
    assert high is not None
    assert ALIKE < low < 0.2 < high + 0.02


def test_noise_that_hides_a_difference_settles_nothing() -> None:
    found = by_name(claims(blocks(points_of(4), lambda point: 0.5 + 0.3 * noise(point))))
    assert {found[name].verdict for name in CLAIMED} == {Verdict.OPEN}


def test_two_seeds_give_a_number_and_no_verdict() -> None:
    found = by_name(claims(blocks(points_of(2), as_claimed)))
    for name in CLAIMED:
        assert found[name].verdict is Verdict.OPEN
        assert "4 seeds" in found[name].why


def test_without_a_decomposition_the_claim_waits_and_other_families_answer_nothing() -> None:
    points = [one for one in points_of(5) if one.decomposition is not Decomposition.DEC]
    found = by_name(claims(blocks(points, as_claimed)))
    assert "every other decomposition on SMACv2" in found["mix-wins-smacv2"].why
    for name in ("mix-wins-drawn-skirmish", "all-alike-fixed-skirmish"):
        assert found[name].verdict is Verdict.OPEN
        assert "skirmish" in found[name].why


def test_a_lead_is_not_due_to_the_choice_of_the_best_of_many() -> None:
    """Mix has twenty configurations, the others one each, and all have one mean. The best of twenty looks better."""
    alphas = tuple(np.geomspace(0.01, 1.0, 9))
    everything = synthetic_points(("smac_3m",), ("good",), range(6), brac_alphas=alphas, awr_alphas=(1.0,), taus=(0.9,))
    points = [one for one in everything if one.decomposition is Decomposition.MIX or one.alpha == 1.0]
    (block,) = blocks(points, lambda point: 0.5 + 0.1 * noise(point))
    assert all(one.mean.low < 0.0 < one.mean.high for one in leads([block.scores]))


def skirmishes(seeds: int, chance: Chance = Chance.FULL) -> tuple[DesignPoint, ...]:
    return (
        *synthetic_points(("skirmish_3m", "skirmish_2s3z"), ("good",), range(seeds), chance=chance, **SMALL),
        *synthetic_points(("skirmish_5v5",), ("replay",), range(seeds), chance=chance, **SMALL),
    )


def gains_by_chance(point: DesignPoint) -> float:
    """Mix wins with full chance, and is like the others with fixed chance."""
    return 0.5 + 0.2 * (point.chance is Chance.FULL and point.decomposition is Decomposition.MIX) + 0.01 * noise(point)


def loses_by_chance(point: DesignPoint) -> float:
    return 1.0 - gains_by_chance(point)


@pytest.mark.parametrize(("world", "verdict"), [(gains_by_chance, Verdict.HOLDS), (loses_by_chance, Verdict.FAILS)])
def test_whether_chance_favours_mix_follows_the_truth(world: Callable[[DesignPoint], float], verdict: Verdict) -> None:
    found = by_name(claims(blocks((*skirmishes(6), *skirmishes(6, Chance.FIXED)), world)))
    assert found["chance-favours-mix"].verdict is verdict


def test_without_fixed_chance_the_question_of_chance_is_open() -> None:
    found = by_name(claims(blocks(skirmishes(5), gains_by_chance)))["chance-favours-mix"]
    assert found.verdict is Verdict.OPEN
    assert "full and with fixed chance" in found.why


def test_skirmish_is_judged_by_claims_of_its_own_and_with_the_usual_chance_alone() -> None:
    """With fixed chance Mix is far behind. A claim that counted these runs would not hold."""

    def world(point: DesignPoint) -> float:
        mix = point.decomposition is Decomposition.MIX
        return 0.5 + mix * (0.2 * drawn(point) if point.chance is Chance.FULL else -0.4) + 0.004 * noise(point)

    found = by_name(claims(blocks((*skirmishes(6), *skirmishes(6, Chance.FIXED)), world)))
    assert found["mix-wins-drawn-skirmish"].verdict is Verdict.HOLDS
    assert found["all-alike-fixed-skirmish"].verdict is Verdict.HOLDS
    assert all(found[name].verdict is Verdict.OPEN for name in CLAIMED)
