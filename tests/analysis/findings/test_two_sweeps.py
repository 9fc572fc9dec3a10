"""Two sweeps side by side: what differs, by how much, and how sure, on scores that are counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from recipe_sweep.analysis.errors import NothingToReportError
from recipe_sweep.analysis.findings.two_sweeps import Comparison, Side, compare
from recipe_sweep.analysis.report.two_sweeps_files import comparison_text, load_side, write_comparison
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, Extraction, Source, ValueLearning
from recipe_sweep.sweep.results.schema import REHEARSAL
from tests.analysis import synthetic
from tests.analysis.synthetic import synthetic_points, write_sweep
from tests.words import DECOMPOSITIONS

Score = Callable[[DesignPoint], float]
EIGHT_ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def few(seeds: range = range(4), datasets: tuple[str, ...] = ("expert",), **axes: object) -> tuple[DesignPoint, ...]:
    """Mix and VDN under SARSA and AWR at one alpha."""
    chosen = {
        "decompositions": (Decomposition.MIX, Decomposition.VDN),
        "value_learners": (ValueLearning.SARSA,),
        "extractions": (Extraction.AWR,),
        "awr_alphas": (3.0,),
    }
    return synthetic_points(seeds=seeds, datasets=datasets, **chosen | axes)  # type: ignore[arg-type]


@pytest.fixture
def side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Side]:
    plain = synthetic.result_row

    def build(name: str, points: tuple[DesignPoint, ...], score: Score, **columns: object) -> Side:
        monkeypatch.setattr(
            synthetic, "result_row", lambda point, **where: {**plain(point, **where), "score": score(point), **columns}
        )
        return load_side(name, write_sweep(tmp_path / name, points), points, 0)

    return build


def of(comparison: Comparison, decomposition: str) -> tuple[float, float, float]:
    (one,) = [one for one in comparison.differences if one.decomposition == decomposition]
    return one.difference.value, one.difference.low, one.difference.high


def test_with_the_same_seeds_differences_are_taken_within_them(side: Callable[..., Side]) -> None:
    gains = (0.1, 0.2, 0.3, 0.2)
    first = side("a", few(), lambda point: 0.1 * point.seed)
    second = side("b", few(), lambda point: 0.1 * point.seed + gains[point.seed])
    comparison = compare(first, second)
    value, low, high = of(comparison, "Mix")
    assert value == pytest.approx(0.2)
    expected = stats.ttest_1samp(gains, 0.0).confidence_interval()
    # The gains are symmetric about their mean, so the interval is the classical one.
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert all(one.paired for one in comparison.differences)
    assert all(one.settled for one in comparison.differences)
    assert comparison.same_runs == 8


def test_with_other_seeds_the_difference_is_of_two_independent_means(side: Callable[..., Side]) -> None:
    first = side("a", few(), lambda point: (0.0, 0.2, 0.1, 0.1)[point.seed])
    second = side("b", few(range(4, 8)), lambda point: (0.3, 0.5, 0.4, 0.4)[point.seed - 4])
    comparison = compare(first, second)
    value, low, high = of(comparison, "Mix")
    assert value == pytest.approx(0.3)
    expected = stats.ttest_ind((0.3, 0.5, 0.4, 0.4), (0.0, 0.2, 0.1, 0.1), equal_var=False).confidence_interval()
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert not any(one.paired for one in comparison.differences)
    assert comparison.same_runs == 0


def test_under_four_seeds_there_is_a_difference_and_no_interval(side: Callable[..., Side]) -> None:
    first, second = (side(name, few(range(2)), lambda point, to=to: to) for name, to in (("a", 0.1), ("b", 0.3)))
    comparison = compare(first, second)
    assert [one.difference.value for one in comparison.differences] == pytest.approx([0.2, 0.2])
    assert not any(one.difference.known or one.settled for one in comparison.differences)
    assert "higher than a in 2 of 2 designs, lower in 0" in comparison.summary
    assert "no difference is significant" in comparison.summary


def test_more_temperatures_to_choose_from_give_a_sweep_no_higher_scores(side: Callable[..., Side]) -> None:
    axes = {"decompositions": DECOMPOSITIONS, "value_learners": (ValueLearning.SARSA, ValueLearning.TD)}
    one, eight = (few(range(8), ("expert", "random"), awr_alphas=alphas, **axes) for alphas in ((3.0,), EIGHT_ALPHAS))
    drawn = stats.norm.rvs(size=len(eight), random_state=0).tolist()
    chance = {point.run_id: value for point, value in zip(eight, drawn, strict=True)}
    comparison = compare(side("a", one, lambda point: 0.0), side("b", eight, lambda point: chance[point.run_id]))
    assert {one.configurations for one in comparison.differences} == {(1, 8)}
    # The best of 8 means over 8 seeds is 0.5 too high on average.
    assert abs(np.mean([one.difference.value for one in comparison.differences])) < 0.25
    assert "| no | 1 and 8 |" in comparison_text(comparison)


def test_one_seed_still_gives_a_difference_of_the_best_configurations(side: Callable[..., Side]) -> None:
    first = side("a", few(range(1)), lambda point: 0.1)
    second = side("b", few(range(1), awr_alphas=(1.0, 3.0)), lambda point: 0.1 * point.alpha)
    assert [one.difference.value for one in compare(first, second).differences] == pytest.approx([0.2, 0.2])


def test_scores_are_over_the_datasets_that_both_have(side: Callable[..., Side]) -> None:
    first = side("a", few(datasets=("expert", "random")), lambda point: {"expert": 0.8, "random": 0.0}[point.dataset])
    second = side("b", few(), lambda point: 0.9)
    comparison = compare(first, second)
    for one in comparison.differences:
        assert (one.first, one.second) == pytest.approx((0.8, 0.9))
    assert comparison.alone == ("Only a has MPE - simple spread on random; these are left out of the scores here.",)


def test_what_differs_is_told_field_by_field(side: Callable[..., Side]) -> None:
    first = side("a", few(), lambda point: 0.1)
    second = side("b", few(critic_norms=(CriticNorm.NONE,)), lambda point: 0.2, code_version="0.2.0", data_hash="other")
    told = {(one.kind, one.name): (one.first, one.second) for one in compare(first, second).settings}
    assert told["grid", "critic_norm"] == ("none, svn", "none")
    assert told["made with", "code_version"] == ("0.1.0", "0.2.0")
    assert told["data", "simple_spread expert (homegrown)"][1] == "other"
    assert not any(name == "seed" for _, name in told)


def test_a_sweep_beside_itself_differs_in_nothing(side: Callable[..., Side]) -> None:
    one = side("a", few(), lambda point: 0.1 * point.seed)
    comparison = compare(one, one)
    assert comparison.settings == ()
    assert "in 0 of 2 designs, lower in 0, the same in 2" in comparison.summary


def test_sweeps_with_nothing_in_common_say_so(side: Callable[..., Side]) -> None:
    comparison = compare(side("a", few(), lambda point: 0.1), side("b", few(tasks=("2ant",)), lambda point: 0.1))
    assert comparison.summary.startswith("Nothing to compare")
    assert len(comparison.alone) == 2


def test_the_files_are_the_same_for_the_same_results(side: Callable[..., Side], tmp_path: Path) -> None:
    first, second = (side(name, few(), lambda point, to=to: to + 0.02 * point.seed) for name, to in (("a", 0.1), ("b", 0.3)))
    one, two = (write_comparison(first, second, tmp_path / name) for name in ("one", "two"))
    for former, latter in zip(one[:3], two[:3], strict=True):
        assert Path(former).read_bytes() == Path(latter).read_bytes()
    table = pd.read_csv(one.numbers)
    assert table["difference"].tolist() == pytest.approx([0.2, 0.2])
    text = one.text.read_text()
    assert one.summary in text
    assert "| Mix, SARSA, AWR | 0.13 | 0.33 | +0.200 |" in text
    assert one.summary in one.page.read_text()


def test_of_a_rehearsal_nothing_is_concluded(side: Callable[..., Side], tmp_path: Path) -> None:
    first, second = side("a", few(), lambda point: 0.1), side("b", few(), lambda point: 0.2, data_hash=REHEARSAL)
    paths = write_comparison(first, second, tmp_path / "out")
    for path in paths[:2]:
        text = Path(path).read_text()
        assert SENTENCE in text
        assert "scores higher" not in text
    assert paths.summary == SENTENCE


def test_a_side_without_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NothingToReportError, match="none of the 8 wanted runs"):
        load_side("a", tmp_path, few(), 0)


def of_other_source(points: tuple[DesignPoint, ...]) -> tuple[DesignPoint, ...]:
    return tuple(replace(one, source=Source.OG_MARL, dataset_seed=None, dataset_size=None) for one in points)


def test_two_sources_of_a_task_are_compared_as_if_they_were_on_one_scale(side: Callable[..., Side]) -> None:
    first, second = side("a", few(), lambda point: 0.1), side("b", of_other_source(few()), lambda point: 0.9)
    comparison = compare(first, second)
    assert comparison.summary.startswith("Nothing to compare")
    names = [f"MPE - simple spread ({source})" for source in ("homegrown", "og_marl")]
    assert comparison.alone == (f"Only a has {names[0]}.", f"Only b has {names[1]}.")


def test_a_task_is_missed_because_the_other_sweep_has_it_of_another_source_as_well(side: Callable[..., Side]) -> None:
    both = (*few(), *of_other_source(few()))
    first = side("a", few(), lambda point: 0.1)
    second = side("b", both, lambda point: 0.2 if point.source is Source.HOMEGROWN else 0.9)
    comparison = compare(first, second)
    assert [one.difference.value for one in comparison.differences] == pytest.approx([0.1, 0.1])
    assert {one.task for one in comparison.differences} == {"simple_spread (homegrown)"}
    assert comparison.alone == ("Only b has MPE - simple spread (og_marl).",)


def test_sweeps_on_two_versions_of_the_data_are_compared_on_the_newer_scale(side: Callable[..., Side], tmp_path: Path) -> None:
    """Equal returns score 0.4 on one scale and 0.5 on the other, and nothing differs."""
    axes = {"tasks": ("two_step",), "datasets": ("uniform",)}
    first = side("a", few(**axes), lambda point: 0.4, scale_min=0.0, scale_max=10.0)
    second = side("b", few(**axes), lambda point: 0.5, scale_min=0.0, scale_max=8.0)
    write_comparison(first, second, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert table["difference"].tolist() == pytest.approx([0.0] * len(table))
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert text.count("were on 2 scales") == 1
