"""Worlds: what a report is tried in must be what the world says, or its verdicts are checked against a wrong truth."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.worker.rehearsal import SCALE, made_up, results_in, world_results
from recipe_sweep.sweep.worker.world_scores import Floats, draw, facts_of, true_scores
from recipe_sweep.sweep.worker.worlds import UNIT, WORLDS, Chance, Missing, World, world_named
from recipe_sweep.trainers.results import RunStatus
from tests.sweep.conftest import make_point
from tests.words import EXTRACTIONS

SEEDS = 400
PINNED = 70.79363695352303
"""Last return of one run in the rehearsals of 0.1.0."""


def points(seeds: int = SEEDS) -> tuple[DesignPoint, ...]:
    """Two decompositions and both extractions under two value learners, at their best alphas."""
    return tuple(
        make_point(
            decomposition=decomposition,
            value_learning=learner,
            extraction=extraction,
            alpha=extraction.rehearsed_alpha,
            seed=seed,
            numerics=1,  # What is drawn follows from a run's id, which holds the numerics.
        )
        for decomposition in (Decomposition.MIX, Decomposition.VDN)
        for learner in (ValueLearning.TD, ValueLearning.SARSA)
        for extraction in EXTRACTIONS
        for seed in range(seeds)
    )


def by_design(values: Floats) -> Floats:
    """Values (decomposition, value learner, extraction, seed)."""
    return values.reshape(2, 2, 2, -1)


def test_a_run_scores_the_same_alone_and_in_any_pack() -> None:
    every = points(seeds=3)
    for world in WORLDS:
        if world.missing is Missing.NONE:
            together = draw(world, facts_of(every), 5)
            alone = [draw(world, facts_of([point]), 5) for point in every]
            assert together.scores.tolist() == [one.scores[0] for one in alone], world.name
            assert together.diverged.tolist() == [one.diverged[0] for one in alone], world.name


def test_two_draws_of_a_world_have_nothing_in_common() -> None:
    facts = facts_of(points())
    first, second = (draw(world_named("null"), facts, number).scores for number in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06


@pytest.mark.parametrize("world", [world for world in WORLDS if not world.chance.tied], ids=lambda world: world.name)
def test_designs_differ_by_what_the_world_says(world: World) -> None:
    facts = facts_of(points())
    drawn = draw(world, facts)
    # The first seed of a design is as good as any: the truth does not depend on the seed.
    expected = by_design(true_scores(world, facts))[..., 0]
    found = by_design(drawn.scores * drawn.spans)
    # Luck that seeds share falls out of a difference to another design of the same seed.
    difference = (found - found[1, 1, 1]).mean(axis=-1) / UNIT
    error = np.sqrt((found - found[1, 1, 1]).var(axis=-1) / SEEDS) / UNIT
    assert np.all(np.abs(difference - (expected - expected[1, 1, 1])) <= 4.0 * error + 1e-12)


def test_chance_has_the_size_that_the_world_says() -> None:
    for name, sizes in (("null", (1.0, 1.0)), ("noisy-brac", (3.0, 1.0)), ("exponential", (1.0, 1.0))):
        found = by_design(draw(world_named(name), facts_of(points())).scores) / UNIT
        for extraction, size in enumerate(sizes):
            # Of two designs of one seed, so that their shared luck is gone.
            deviation = (found[0, 0, extraction] - found[1, 1, extraction]).std() / np.sqrt(2.0)
            assert deviation == pytest.approx(size, rel=0.15), (name, extraction)


def test_rare_things_are_as_rare_as_the_world_says() -> None:
    facts = facts_of(points())
    assert draw(world_named("ones"), facts).scores.tolist() == [1.0] * len(facts.runs)
    assert (draw(world_named("rate-97"), facts).scores == 1.0).mean() == pytest.approx(0.97, abs=0.01)
    fallen = draw(world_named("null"), facts).scores - draw(world_named("collapse"), facts).scores
    assert (fallen > 0.0).mean() == pytest.approx(0.1, abs=0.02)
    diverged = draw(world_named("diverged"), facts).diverged
    assert diverged[facts.following].mean() == pytest.approx(0.1, abs=0.03)
    assert not diverged[~facts.following].any(), "no critic follows the actor there"


def test_a_half_done_sweep_lacks_later_seeds_alone() -> None:
    facts = facts_of(points(seeds=8))
    mixing = draw(world_named("half-done-mix"), facts).done
    assert mixing[~facts.mixing].all()
    assert mixing[facts.mixing].tolist() == ([True] * 4 + [False] * 4) * 4
    some = by_design(draw(world_named("half-done"), facts, 1).done.astype(np.float64))
    assert some[..., :4].all()
    assert set(some.sum(axis=-1).ravel()) == {4.0, 8.0}, "a design is done or half done"


def test_a_run_ends_with_the_score_that_was_drawn_and_learns_no_more_before_that() -> None:
    world, every = world_named("diverged"), points(seeds=20)
    drawn = draw(world, facts_of(every))
    results = world_results(world, every, drawn)
    assert [SCALE.score(one.curve[-1].return_mean) for one in results] == pytest.approx(drawn.scores.tolist())
    assert [one.status is RunStatus.DIVERGED for one in results] == drawn.diverged.tolist()
    assert all(one.diverged_step is not None for one in results if one.status is RunStatus.DIVERGED)
    # Evaluations at 30 and 40 of 40 steps differ by chance alone, or a report would call the runs still learning.
    rise = np.mean([one.curve[-1].return_mean - one.curve[-2].return_mean for one in results])
    assert abs(rise) < 0.5
    assert all(one.curve[0].return_mean < one.curve[-1].return_mean for one in results)


def test_runs_that_all_score_1_have_no_noise_in_their_evaluations() -> None:
    ended = results_in("ones", points(seeds=1))
    assert {(at.return_mean, at.return_std) for one in ended for at in one.curve[-2:]} == {(100.0, 0.0)}


def test_a_row_states_another_noise_of_its_evaluation_than_its_score_has() -> None:
    world, every = world_named("few-episodes"), points()
    drawn = draw(world, facts_of(every))
    episodes = every[0].episodes_at_the_end
    stated = np.array([one.curve[-1].return_std for one in world_results(world, every, drawn)]) / np.sqrt(episodes - 1)
    np.testing.assert_allclose(stated / SCALE.maximum, drawn.evaluation_errors)
    noisier = by_design(drawn.scores - draw(world_named("null"), facts_of(every)).scores) / UNIT
    assert noisier[:, :, 0].std() == pytest.approx(2.0, rel=0.1)
    assert not noisier[:, :, 1].any(), "AWR is as it is where nothing differs"
    assert by_design(stated)[0, 0, 0, 0] > 5.0 * by_design(stated)[0, 0, 1, 0]


def test_without_a_world_a_rehearsal_makes_up_what_it_always_made_up() -> None:
    every = points(seeds=2)
    assert results_in(None, every) == [made_up(point) for point in every]
    # Pinned: a rehearsal that is resumed by a newer version must not change its numbers.
    assert made_up(make_point(numerics=1)).curve[-1].return_mean == pytest.approx(PINNED, rel=1e-12)


def test_an_unknown_world_is_named_and_not_taken_for_a_plain_rehearsal() -> None:
    with pytest.raises(SweepDirectoryError, match="'from-the-future'"):
        results_in("from-the-future", points(seeds=1))


def test_every_world_has_a_name_of_its_own_and_the_null_ones_say_so() -> None:
    names = [world.name for world in WORLDS]
    assert len(set(names)) == len(names)
    assert {world.name for world in WORLDS if not world.null} == {
        *(f"{kind}-{size}" for kind in ("mix", "awr", "td", "all") for size in ("0.25", "0.5", "1")),
        "as-paper",
    }
    assert {world.chance for world in WORLDS} == set(Chance)
    assert {world.missing for world in WORLDS} == set(Missing)
