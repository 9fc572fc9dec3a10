"""Figure 2: the two-step matrix game, in which a sum of per-agent values undervalues the risky state (paper 4.1, C.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.style import BEST, FAINT, INK, new_figure, style, wrapped
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.results.samples import GameTables, Lacking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAME = "two_step"
SHOWN = (Decomposition.VDN, Decomposition.MIX)
STATES = ("state 1", "state 2-1 (safe)", "state 2-2 (risky)")
SAFE, RISKY = 7.0, ((0.0, 1.0), (1.0, 8.0))
GAMMA = 0.99
HIGHEST = 8.0


def true_values(gamma: float = GAMMA) -> NDArray[np.float64]:
    """Compute the optimal joint values (3, 2, 2). Those of state 1 are discounted once, because it pays nothing itself."""
    first = [[gamma * SAFE] * 2, [gamma * np.max(RISKY)] * 2]
    return np.array([first, np.full((2, 2), SAFE), RISKY])


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 2, if the critics of the game were kept."""
    wanted = material.learned.wanted()
    if isinstance(wanted, Lacking):
        return wanted
    if not shown_runs(wanted):
        return Lacking("the sweep has no runs of VDN or Mix on the two-step game")
    kept = material.learned.kept(critics=True)
    if isinstance(kept, Lacking):
        return kept
    shown = shown_runs(kept)
    if not shown:
        return Lacking("its critics were not kept, or no run is finished")
    tables = material.learned.game_tables(shown)
    if isinstance(tables, Lacking):
        return tables
    verdicts = [
        f"{table.decomposition.display_name} reaches {found:g} on {verdict.partition(chr(10))[2]}"
        for table in tables
        for verdict, found in [_greedy_return(table)]
    ]
    says = f"Joint values learned on the two-step game: {', '.join(verdicts)}."
    return (Drawing("figure2", draw_figure2(tables), says, (Numbers("figure2", tables_frame(tables)),)),)


def shown_runs(points: Sequence[DesignPoint]) -> tuple[DesignPoint, ...]:
    """Choose the runs of the figure: every one of VDN and Mix on the game."""
    return tuple(point for point in points if point.task == GAME and point.decomposition in SHOWN)


def tables_frame(tables: Sequence[GameTables], gamma: float = GAMMA) -> pd.DataFrame:
    """Tabulate every number of the figure: one row per decomposition and cell, with the values of the seeds."""
    import pandas as pd

    states, truth = ("1", "2-1", "2-2"), true_values(gamma)
    rows = [
        {
            "decomposition": table.decomposition.value,
            "state": states[where[0]],
            "action_a": where[1],
            "action_b": where[2],
            "true": truth[where],
            "mean": table.q[:, *where].mean(),
            "two_std": 2.0 * table.q[:, *where].std(ddof=1) if len(table.q) > 1 else np.nan,
            **{f"seed_{number}": value for number, value in enumerate(table.q[:, *where].tolist())},
        }
        for table in tables
        for where in np.ndindex(3, 2, 2)
    ]
    return pd.DataFrame(rows)


def draw_figure2(tables: Sequence[GameTables], gamma: float = GAMMA) -> Figure:
    """Draw one row per decomposition below the true values: three 2 x 2 tables, mean and two standard deviations over seeds.

    Raises:
        ValueError: tables of another shape than (S, 3, 2, 2) and (S,).
    """
    for table in tables:
        if table.q.shape[1:] != (3, 2, 2) or table.greedy_return.shape != table.q.shape[:1]:
            raise ValueError(f"{table.decomposition}: got q {table.q.shape}, greedy_return {table.greedy_return.shape}")
    rows = len(tables) + 1
    width, foot = 6.4, 0.52
    height = 1.42 * rows + 0.35 + foot
    with style():
        figure = new_figure(width, height, foot, gap=0.06)
        axes = figure.subplots(rows, 4, width_ratios=(1, 1, 1, 0.62), squeeze=False)
        _draw_row(axes[0], "true value", true_values(gamma)[None], "optimal return", HIGHEST)
        for cells, table in zip(axes[1:], tables, strict=True):
            _draw_row(cells, table.decomposition.display_name, table.q, *_greedy_return(table))
        for cell, title in zip(axes[0], STATES, strict=False):
            cell.set_title(title, fontsize=8.5, pad=16)
        lines = wrapped([_note(tables, gamma)], width - 0.2, 6.8)
        figure.text(0.015, 0.07 / height, "\n".join(lines), fontsize=6.8, va="bottom", linespacing=1.3)
    return figure


def _draw_row(cells: Sequence[Axes], name: str, q: NDArray[np.floating], verdict: str, paid: float) -> None:
    values, spread = q.mean(axis=0), 2.0 * q.std(axis=0, ddof=1) if len(q) > 1 else None
    for state, axes in enumerate(cells[:3]):
        of_state = None if spread is None else spread[state]
        _draw_table(axes, values[state], of_state, _greedy_cells(q, state), first=state == 0)
    cells[0].set_ylabel(name, fontsize=9.5, fontweight="bold", labelpad=4)
    cells[3].axis("off")
    best = paid >= HIGHEST
    cells[3].text(
        0.5, 0.58, f"{paid:g}", transform=cells[3].transAxes, ha="center", va="center", fontsize=20, color=BEST if best else INK
    )
    cells[3].text(0.5, 0.30, verdict, transform=cells[3].transAxes, ha="center", va="center", fontsize=7, color=FAINT)


def _draw_table(
    axes: Axes,
    values: NDArray[np.floating],
    spread: NDArray[np.floating] | None,
    chosen: list[tuple[int, int, int]],
    first: bool,
) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("values", ["#ffffff", "#fbdcc0", BEST])
    axes.imshow(values, cmap=shades, vmin=0.0, vmax=HIGHEST, aspect="auto")
    for row in range(2):
        for column in range(2):
            value = values[row, column]
            colour = "white" if value > 0.84 * HIGHEST else INK
            up = 0.0 if spread is None else -0.12
            axes.text(
                column, row + up, f"{value:.2f}".replace("-", "\u2212"), ha="center", va="center", fontsize=9, color=colour
            )
            if spread is not None:
                axes.text(
                    column,
                    row + 0.24,
                    f"\u00b1 {spread[row, column]:.2f}",
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color=colour,
                )
    for row, column, wide in chosen:
        frame = Rectangle((column - 0.47, row - 0.46), wide - 0.06, 0.92, fill=False, edgecolor=INK, linewidth=1.6)
        axes.add_patch(frame)
    axes.set_xticks((0, 1), ("B: 0", "B: 1"), fontsize=6.5)
    axes.set_yticks((0, 1), ("A: \u2192 2-1", "A: \u2192 2-2") if first else ("A: 0", "A: 1"), fontsize=6.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    for side in axes.spines.values():
        side.set_visible(True)


def _greedy_cells(q: NDArray[np.floating], state: int) -> list[tuple[int, int, int]]:
    """Find the cells that most of the seeds' tables (S, 3, 2, 2) choose, as frames (row, column, width).

    In state 1 that is agent A's row, then the best cell of the next state. A state that is not visited has no frame. State
    2-1 has none either, because every action pays the same.
    """
    row = _most_frequent(q[:, 0].mean(axis=-1).argmax(axis=-1))
    if state == 0:
        return [(row, 0, 2)]
    best = _most_frequent(q[:, state].reshape(len(q), -1).argmax(axis=-1))
    return [(best // 2, best % 2, 1)] if row == 1 and state == 2 else []


def _most_frequent(choices: NDArray[np.intp]) -> int:
    return int(np.bincount(choices).argmax())


def _greedy_return(table: GameTables) -> tuple[str, float]:
    """Find the return that most seeds reach, and say how many reach it."""
    found, counts = np.unique(np.round(table.greedy_return, 6), return_counts=True)
    return f"greedy return\n{counts.max()} of {len(table.q)} seeds", float(found[counts.argmax()])


def _note(tables: Sequence[GameTables], gamma: float) -> str:
    seeds = sorted({len(table.q) for table in tables})
    count = " or ".join(str(number) for number in seeds)
    discount = f"\N{GREEK SMALL LETTER GAMMA} = {gamma:g}"
    return (
        f"Joint Q learned from data with every joint action equally often: mean \u00b1 two standard deviations over {count} "
        f"seeds. In state 1 agent A alone decides (true values discounted by {discount}). Frames: the greedy choice of most "
        "seeds. A sum of per-agent values cannot hold [[0, 1], [1, 8]]: it undervalues the risky state."
    )
