"""Draw the curves that `recipe-sweep run figure7 ... --curve` wrote to docs/paper-width: `python -m scripts.paper_width`.

All were trained at the paper's width and batch. `<task>-mix-alpha3.csv` is the recipe. `<task>-mix-alpha1.csv` is the recipe
for longer, on two tasks. `<task>-bc.csv` is behaviour cloning.
"""

from __future__ import annotations

import csv
from pathlib import Path

from recipe_sweep.analysis.figures.style import BEST, CLONING, FAINT, PNG_DPI, RUNNER_UP, new_figure, style
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import default_data_root, ensure_dataset
from recipe_sweep.trainers.data.stored.card import Identity, read_card

FOLDER = Path("docs/paper-width")
TASKS = ("2ant", "3hopper", "6halfcheetah", "simple_spread")
LINES = (
    ("mix-alpha1", BEST, "Mix, SARSA, AWR, \N{GREEK SMALL LETTER ALPHA} 1"),
    ("mix-alpha3", RUNNER_UP, "Mix, SARSA, AWR, \N{GREEK SMALL LETTER ALPHA} 3"),
    ("bc", CLONING, "behaviour cloning"),
)


def curve(path: Path) -> tuple[list[int], list[float]]:
    """Read a curve's steps and scores."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [int(row["step"]) for row in rows], [float(row["score"]) for row in rows]


def data_score(task: str) -> float:
    """Compute the mean score of the expert data."""
    card = read_card(
        ensure_dataset(
            Identity(
                task=task, source=Source.HOMEGROWN, dataset="expert", dataset_version="1", dataset_seed=0, dataset_size=100_000
            ),
            default_data_root(),
        )
    )
    return (card.returns.mean - card.scale.minimum) / (card.scale.maximum - card.scale.minimum)


def main() -> None:
    """Draw the figure and write it."""
    with style():
        figure = new_figure(9.0, 2.6, foot=0.28, gap=0.05)
        for axes, task in zip(figure.subplots(1, len(TASKS), sharey=True), TASKS, strict=True):
            for name, colour, label in LINES:
                path = FOLDER / f"{task}-{name}.csv"
                if not path.exists():
                    continue
                steps, scores = curve(path)
                axes.plot(steps, scores, color=colour, linewidth=1.2, marker="o", markersize=2, label=label)
            axes.axhline(data_score(task), color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)), label="expert data, mean")
            axes.set_title(task, fontsize=9, fontweight="bold", loc="left")
            axes.set_xlabel("gradient steps")
            axes.set_xlim(left=0)
        figure.axes[0].set_ylabel("normalised return")
        handles, labels = figure.axes[TASKS.index("3hopper")].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=6.5, loc="lower center", ncols=len(labels))
        figure.savefig(FOLDER.with_suffix(".png"), dpi=PNG_DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()
