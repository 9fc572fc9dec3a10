"""The registry of figures, and those that only real diagnostics and weights fill: what is drawn is what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.analysis.errors import MissingFigureError, UnknownFigureError
from recipe_sweep.analysis.figures.figure1_support import support_frame
from recipe_sweep.analysis.figures.figure8_value_learning import likeness, values_frame
from recipe_sweep.analysis.figures.registry import AbsentFigure, WrittenFigure, figure_kinds, write_figures
from recipe_sweep.analysis.report.report import write_report
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import ActionSample, Lacking, LearnedQ, NothingLearned, PolicyActions, ValueSample
from tests.analysis.synthetic import material_of, result_row, synthetic_points, write_sweep
from tests.words import VALUE_LEARNERS

RNG = np.random.default_rng(0)
TRAINING = (3, 4, 5, 6)


def loops(seeds: int = 4) -> tuple[DesignPoint, ...]:
    """What figures 3 to 6 compare: TD with BRAC, under each normalisation."""
    return synthetic_points(
        datasets=("expert",),
        seeds=range(seeds),
        decompositions=(Decomposition.MIX, Decomposition.VDN, Decomposition.DEC),
        value_learners=(ValueLearning.TD,),
        extractions=(Extraction.BRAC,),
        brac_alphas=(0.03,),
        critic_norms=(CriticNorm.NONE, CriticNorm.SVN),
        actor_norms=ActorNorm.members(),
    )


def written(points: tuple[DesignPoint, ...], sweep_dir: Path, out: Path, *numbers: int) -> list[WrittenFigure]:
    drawn = list(write_figures(figure_kinds(numbers), material_of(points, sweep_dir), out))
    assert not [one for one in drawn if isinstance(one, AbsentFigure)]
    return [one for one in drawn if isinstance(one, WrittenFigure)]


def test_numbers_that_are_no_figures_are_all_refused_at_once() -> None:
    with pytest.raises(UnknownFigureError) as refused:
        figure_kinds((3, 12, 13))
    assert [problem.file for problem in refused.value.problems] == ["--figure 12", "--figure 13"]


def test_a_figure_without_data_is_an_error_alone_and_a_sentence_beside_others(tmp_path: Path) -> None:
    points = loops(1)
    write_sweep(tmp_path, points)
    out = tmp_path / "out"
    with pytest.raises(MissingFigureError, match=r"Figure 8 is not drawn: .*launch figures1and8"):
        write_report(tmp_path, points, 0, out, kinds=figure_kinds((8,)))
    assert not out.exists()
    paths = write_report(tmp_path, points, 0, out, kinds=figure_kinds((3, 8)))
    assert [figure.name for figure in paths.figures] == ["figure3"]
    assert [absent.kind.number for absent in paths.absent] == [8]


def test_what_a_sweep_lacks_of_the_compared_variants_is_named(tmp_path: Path) -> None:
    points = tuple(point for point in loops(1) if point.decomposition is not Decomposition.VDN)
    write_sweep(tmp_path, points)
    (absent,) = write_figures(figure_kinds((3,)), material_of(points, tmp_path), tmp_path)
    assert isinstance(absent, AbsentFigure)
    assert "of vdn (critic_norm none, actor_norm none); `recipe-sweep launch figures3to6`" in absent.sentence


def test_curves_of_training_are_the_geometric_means_of_what_was_recorded(tmp_path: Path) -> None:
    import pandas as pd

    points = loops()
    write_sweep(tmp_path, points)
    (figure,) = written(points, tmp_path, tmp_path / "out", 3)
    numbers = pd.read_csv(figure.numbers[0])
    plain = [
        point for point in points
        if (point.decomposition, point.critic_norm, point.actor_norm) == (Decomposition.VDN, CriticNorm.NONE, ActorNorm.NONE)
    ]  # fmt: skip
    recorded = [dict(result_row(point)["diagnostics"])["q_max_abs"] for point in plain]  # type: ignore[call-overload]
    mine = numbers[(numbers["quantity"] == "q_max_abs") & (numbers["decomposition"] == "vdn")]
    np.testing.assert_allclose(mine["middle"], np.exp(np.log(recorded).mean(axis=0)))


def test_the_same_diagnostics_give_the_same_bytes(tmp_path: Path) -> None:
    points = loops()
    write_sweep(tmp_path, points)
    first, second = (written(points, tmp_path, tmp_path / name, *TRAINING) for name in ("one", "two"))
    assert [figure.name for figure in first] == [f"figure{number}" for number in TRAINING]
    for one, two in zip(first, second, strict=True):
        for path, again in zip((*one.paths, *one.numbers), (*two.paths, *two.numbers), strict=True):
            assert path.read_bytes() == again.read_bytes(), path.name


class Known(NothingLearned):
    """Runs whose weights know what a test gives them."""

    def __init__(
        self, points: tuple[DesignPoint, ...], actions: ActionSample | None = None, values: ValueSample | None = None
    ) -> None:
        super().__init__()
        self._points, self._actions, self._values = points, actions, values

    def kept(self, *, critics: bool) -> tuple[DesignPoint, ...]:  # type: ignore[override]
        return self._points

    def actions(self, points: Sequence[DesignPoint]) -> ActionSample | Lacking:  # type: ignore[override]
        return self._actions if self._actions is not None else super().actions(points)

    def values(self, points: Sequence[DesignPoint]) -> ValueSample | Lacking:  # type: ignore[override]
        return self._values if self._values is not None else super().values(points)


def policies(points: tuple[DesignPoint, ...]) -> ActionSample:
    """BRAC leaves the unit square of the data in every second action, AWR does what the data do."""
    square = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    actions = np.tile(square, (5, 1))[:, None]
    beyond = actions.copy()
    beyond[::2] *= 1.5
    observations = np.arange(20.0)[:, None, None]
    return ActionSample(
        task="simple_spread",
        dataset="expert",
        bounds=(-1.0, 1.0),
        observations=observations,
        actions=actions,
        other_observations=observations,
        other_actions=actions,
        policies=tuple(
            PolicyActions(
                point.run_id, point.decomposition, point.extraction, point.alpha, point.seed,
                beyond if point.extraction is Extraction.BRAC else actions,
            )
            for point in points
        ),
    )  # fmt: skip


def test_actions_outside_the_data_are_counted_and_their_distance_is_to_what_the_data_do(tmp_path: Path) -> None:
    points = synthetic_points(
        datasets=("expert",), decompositions=(Decomposition.CEN,), value_learners=(ValueLearning.TD,),
        brac_alphas=(0.1,), awr_alphas=(1.0,),
    )  # fmt: skip
    frame = support_frame(policies(points)).groupby("extraction")[["outside_hull", "outside_bounds", "distance"]].mean()
    assert frame.loc["brac", ["outside_hull", "outside_bounds"]].tolist() == [0.5, 0.5]
    assert frame.loc["awr"].tolist() == [0.0, 0.0, 0.0]
    write_sweep(tmp_path, points)
    material = material_of(points, tmp_path, Known(points, actions=policies(points)))
    (figure,) = write_figures(figure_kinds((1,)), material, tmp_path / "out")
    assert isinstance(figure, WrittenFigure)
    assert "BRAC 50%" in figure.says
    assert "AWR 0%" in figure.says


@pytest.mark.parametrize(
    ("others", "says"),
    [
        (slice(0, 0), "has only 0 others"),
        (slice(0, 9), "has only 9 others"),
        (slice(None, None, 2), "lie on one line"),
    ],
    ids=["small", "nearly", "line"],
)
def test_data_too_small_or_too_plain_for_figure_1_leave_the_report_whole(tmp_path: Path, others: slice, says: str) -> None:
    points = synthetic_points(
        datasets=("expert",), decompositions=(Decomposition.CEN,), value_learners=(ValueLearning.TD,),
        brac_alphas=(0.1,), awr_alphas=(1.0,),
    )  # fmt: skip
    sample = policies(points)
    few = sample._replace(other_observations=sample.other_observations[others], other_actions=sample.other_actions[others])
    write_sweep(tmp_path, points)
    (absent,) = write_figures(figure_kinds((1,)), material_of(points, tmp_path, Known(points, actions=few)), tmp_path / "out")
    assert isinstance(absent, AbsentFigure)
    assert says in absent.sentence


def values() -> ValueSample:
    """SARSA orders the data's actions as TD does, IQL the other way round."""
    q = RNG.normal(size=(50, 2))
    return ValueSample(
        "simple_spread", "expert", RNG.uniform(-1.0, 1.0, size=(50, 2, 2)),
        tuple(
            LearnedQ(learner, 1.0, 0.9 if learner is ValueLearning.IQL else None, 0, scale * q, scale * q.sum(axis=1))
            for learner, scale in zip(VALUE_LEARNERS, (1.0, 3.0, -2.0), strict=True)
        ),
    )  # fmt: skip


def test_likeness_of_values_is_one_of_order_not_of_size(tmp_path: Path) -> None:
    sample = values()
    ranks = {(pair.first, pair.second): (pair.per_agent, pair.total) for pair in likeness(sample.learned)}
    assert ranks[ValueLearning.TD, ValueLearning.SARSA] == pytest.approx((1.0, 1.0))
    assert ranks[ValueLearning.TD, ValueLearning.IQL] == pytest.approx((-1.0, -1.0))
    assert values_frame(sample)["q_sarsa"].to_numpy() == pytest.approx(sample.learned[1].q.ravel())
    points = synthetic_points(
        datasets=("expert",), seeds=(0,), decompositions=(Decomposition.MIX,), extractions=(Extraction.AWR,)
    )
    write_sweep(tmp_path, points)
    (figure,) = write_figures(figure_kinds((8,)), material_of(points, tmp_path, Known(points, values=sample)), tmp_path / "out")
    assert isinstance(figure, WrittenFigure)
    assert "TD and SARSA 1.00" in figure.says


def test_a_sweep_of_no_such_runs_is_told_so_for_every_figure(tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert",), seeds=(0,), extractions=(Extraction.AWR,), awr_alphas=(1.0,), taus=(0.9,))
    write_sweep(tmp_path, points)
    assert len(load_results(tmp_path / "results").runs) == len(points)
    drawn = list(write_figures(figure_kinds(), material_of(points, tmp_path), tmp_path / "out"))
    absent = [one.kind.number for one in drawn if isinstance(one, AbsentFigure)]
    assert absent == [1, 2, 3, 4, 5, 6, 8, 9, 10]
