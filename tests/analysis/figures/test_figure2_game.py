"""Figure 2: the numbers in its cells are those that were learned, and the framed choice is the greedy one."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from recipe_sweep.analysis.figures.figure2_game import draw_figure2, tables_frame, true_values
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.results.samples import GameTables

RNG = np.random.default_rng(0)
VDN = np.array([[[6.83, 6.81], [6.31, 6.28]], [[7.0, 7.0], [7.0, 7.0]], [[-1.7, 2.3], [2.5, 6.4]]])
MIX = true_values() - 0.01
TABLES = [
    GameTables(Decomposition.VDN, VDN + 0.05 * RNG.normal(size=(5, 3, 2, 2)), np.array([7.0, 7.0, 7.0, 7.0, 0.0])),
    GameTables(Decomposition.MIX, MIX + 0.05 * RNG.normal(size=(5, 3, 2, 2)), np.full(5, 8.0)),
]


def test_true_values_of_the_game_are_those_of_the_paper() -> None:
    np.testing.assert_allclose(true_values(0.99), [[[6.93, 6.93], [7.92, 7.92]], [[7, 7], [7, 7]], [[0, 1], [1, 8]]])


def test_cells_show_the_mean_and_two_standard_deviations_over_seeds() -> None:
    figure = draw_figure2(TABLES)
    rows = np.array(figure.axes).reshape(3, 4)
    for cells, table in zip(rows[1:], TABLES, strict=True):
        for state, axes in enumerate(cells[:3]):
            texts = [text.get_text().replace("\u2212", "-") for text in axes.texts]
            mean, spread = table.q.mean(axis=0)[state], 2 * table.q.std(axis=0, ddof=1)[state]
            expected = [part for m, s in zip(mean.ravel(), spread.ravel(), strict=True) for part in (f"{m:.2f}", f"± {s:.2f}")]
            assert texts == expected


def test_vdn_is_shown_to_choose_the_safe_seven_and_mix_the_risky_eight() -> None:
    rows = np.array(draw_figure2(TABLES).axes).reshape(3, 4)

    def frames(axes: object) -> list[tuple[float, float]]:
        found = [patch for patch in axes.patches if isinstance(patch, Rectangle)]  # type: ignore[attr-defined]
        return [(round(patch.get_x() + 0.47), round(patch.get_y() + 0.46)) for patch in found]

    assert [frames(axes) for axes in rows[1, :3]] == [[(0, 0)], [], []]  # VDN: agent A goes to 2-1
    assert [frames(axes) for axes in rows[2, :3]] == [[(0, 1)], [], [(1, 1)]]  # Mix: to 2-2, and there both act 1
    assert [text.get_text() for text in rows[1, 3].texts] == ["7", "greedy return\n4 of 5 seeds"]
    assert [text.get_text() for text in rows[2, 3].texts] == ["8", "greedy return\n5 of 5 seeds"]


def test_the_framed_choice_is_that_of_most_seeds_not_of_their_mean() -> None:
    # One of five seeds undervalues the risky branch so much that the mean prefers the safe one.
    q = np.repeat(MIX[None], 5, axis=0)
    q[0, 0, 1] = -20.0
    rows = np.array(draw_figure2([GameTables(Decomposition.MIX, q, np.array([7.0, 8.0, 8.0, 8.0, 8.0]))]).axes).reshape(2, 4)
    (frame,) = [patch for patch in rows[1, 0].patches if isinstance(patch, Rectangle)]
    assert round(frame.get_y() + 0.46) == 1
    assert [text.get_text() for text in rows[1, 3].texts] == ["8", "greedy return\n4 of 5 seeds"]


def test_the_numbers_beside_it_are_those_in_its_cells() -> None:
    frame = tables_frame(TABLES)
    assert len(frame) == 2 * 12
    row = frame[
        (frame["decomposition"] == "vdn") & (frame["state"] == "2-2") & (frame["action_a"] == 1) & (frame["action_b"] == 1)
    ]
    q = TABLES[0].q[:, 2, 1, 1]
    assert row["mean"].item() == pytest.approx(q.mean())
    assert row["two_std"].item() == pytest.approx(2 * q.std(ddof=1))
    assert row[[f"seed_{seed}" for seed in range(5)]].to_numpy().ravel() == pytest.approx(q)
    assert row["true"].item() == 8.0


def test_tables_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="got q"):
        draw_figure2([GameTables(Decomposition.MIX, np.zeros((5, 2, 2)), np.zeros(5))])
