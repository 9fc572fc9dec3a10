"""The numbers of Figure 7 as Markdown and CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from recipe_sweep.analysis.figures.captions import Coverage, figure7_note
from recipe_sweep.analysis.figures.style import DECOMPOSITION_NAMES, EXTRACTION_NAMES, VALUE_LEARNING_NAMES
from recipe_sweep.analysis.findings.panels import Bar, Choice, Panel, Range, TaskPanels
from recipe_sweep.analysis.findings.sensitivity import alpha_curves
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE
from recipe_sweep.analysis.results.scores import DECOMPOSITIONS, EXTRACTIONS, VALUE_LEARNERS, Configuration, ScoreRule
from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd

ALPHA, TAU = "\N{GREEK SMALL LETTER ALPHA}", "\N{GREEK SMALL LETTER TAU}"
EDGES = {"low": "\N{DOWNWARDS ARROW}", "high": "\N{UPWARDS ARROW}", "": ""}
NOTHING = "\N{EN DASH}"

Axis = TypeVar("Axis", ValueLearning, Extraction)


def figure7_markdown(
    blocks: Sequence[TaskPanels], coverage: Coverage, rule: ScoreRule, notes: Sequence[str], picture: str | None = None
) -> str:
    """The whole page: the sentence on Mix, the caption, and for each task its bars, its choices and its datasets."""
    caption = figure7_note(blocks, coverage, rule)
    parts = [f"> **{SENTENCE}**"] if coverage.rehearsal else []
    parts += ["# Best performance according to design choices", f"**{caption[-1]}**", f"{caption[-2]}"]
    parts += [f"![Figure 7]({picture})"] if picture else []
    parts += [" ".join(caption[:-2])]
    parts += ["Please note:\n\n" + "\n".join(f"- {note}" for note in notes)] if notes else []
    for block in blocks:
        parts += [f"## {block.scores.title}", bars_table(block), choices_table(block), datasets_table(block)]
    return "\n\n".join(parts) + "\n"


def bars_table(block: TaskPanels) -> str:
    """One row per panel, one column per decomposition: value and interval, best in bold, runner-up in italics."""
    rows = [
        (_value_learning(panel), _extraction(panel), *(_bar_text(panel.bar(name)) for name in DECOMPOSITIONS))
        for panel in block.panels
    ]
    header = ("value learning", "extraction", *(DECOMPOSITION_NAMES[name] for name in DECOMPOSITIONS))
    return (
        "Normalised return with its 95 % interval (under 4 seeds: each seed in round brackets). "
        f"**Best**, *runner-up*; a rank is no test, so compare the intervals.{_cloning_text(block)}\n\n"
        + _markdown(header, rows)
    )


def _cloning_text(block: TaskPanels) -> str:
    return f" Behaviour cloning: {_number(block.cloning)}." if math.isfinite(block.cloning) else ""


def choices_table(block: TaskPanels) -> str:
    """One row per bar: its best configuration on each dataset, its other estimates, and what is wrong with it."""
    datasets = block.scores.datasets
    header = ("design", *datasets, "selection-corrected", "percentile", "seeds", "diverged", "missing")
    rows = []
    edges = choices = 0
    for panel in block.cells:
        for bar in panel.bars:
            found = {choice.dataset: choice for choice in bar.choices}
            choices += sum(choice.configuration is not None for choice in bar.choices)
            edges += sum(bool(choice.edge) for choice in bar.choices)
            design = f"{DECOMPOSITION_NAMES[bar.decomposition]}, {_value_learning(panel)}, {_extraction(panel)}"
            percentile = _range_text(bar.percentile) if bar.percentile else NOTHING
            counts = (str(bar.seeds), f"{bar.diverged} of {bar.wanted}", f"{bar.missing} of {bar.wanted}")
            rows.append(
                (design, *(_choice_text(found.get(name)) for name in datasets), _number(bar.corrected), percentile, *counts)
            )
    if np.isfinite(block.scores.cloning).any():
        means = [_number(score) for score in block.scores.cloning_by_dataset.tolist()]
        rows.append(("behaviour cloning", *means, *(NOTHING,) * (len(header) - 1 - len(means))))
    return (
        f"Best configuration of each dataset. {EDGES['low']} and {EDGES['high']}: the best {ALPHA} is the smallest or the "
        f"largest of its grid, so a better one may lie outside ({edges} of {choices}).\n\n" + _markdown(header, rows)
    )


def datasets_table(block: TaskPanels) -> str:
    """One row per dataset: mean score of each extraction at each alpha, over all designs and seeds that have it."""
    points = alpha_curves(block.scores)
    columns = sorted({(EXTRACTIONS.index(point.extraction), point.alpha) for point in points})
    scores = {(point.dataset, EXTRACTIONS.index(point.extraction), point.alpha): point.score for point in points}
    header = ("dataset", *(f"{EXTRACTION_NAMES[EXTRACTIONS[e]]} {ALPHA} {short(alpha)}" for e, alpha in columns))
    rows = [
        (dataset, *(_number(scores.get((dataset, e, alpha), math.nan)) for e, alpha in columns))
        for dataset in block.scores.datasets
    ]
    return (
        "By dataset: mean over decompositions, value learners and seeds. Under BRAC a large "
        f"{ALPHA} is nearly behaviour cloning; under AWR a small one is.\n\n" + _markdown(header, rows)
    )


def bars_frame(blocks: Sequence[TaskPanels]) -> pd.DataFrame:
    """Every number of the figure: one row per bar (dataset `all`), and one per bar and dataset with its best configuration.

    `value_learning` or `extraction` is `mean` in the marginal panels.
    """
    import pandas as pd

    rows = [row for block in blocks for panel in block.panels for bar in panel.bars for row in _rows(block, panel, bar)]
    return pd.DataFrame(rows)


def configurations_frame(blocks: Sequence[TaskPanels]) -> pd.DataFrame:
    """Every configuration that the best was chosen from: its seeds' mean, spread and range."""
    import pandas as pd

    rows = [_configuration_row(block, tuple(where)) for block in blocks for where in _configured(block)]
    return pd.DataFrame(rows)


def _configured(block: TaskPanels) -> Iterable[Iterable[int]]:
    return np.argwhere(block.scores.wanted.any(axis=-1)).tolist()


def _configuration_row(block: TaskPanels, where: tuple[int, ...]) -> dict[str, object]:
    task = block.scores
    x, v, e, d, _ = where
    configuration: Configuration = task.configurations[where]
    scores = task.scores[where]
    scores = scores[np.isfinite(scores)]
    return {
        "task": task.task,
        "dataset": task.datasets[d],
        "decomposition": DECOMPOSITIONS[x].value,
        "value_learning": VALUE_LEARNERS[v].value,
        "extraction": EXTRACTIONS[e].value,
        **configuration._asdict(),
        "seeds": scores.size,
        "mean": scores.mean() if scores.size else math.nan,
        "std": scores.std(ddof=1) if scores.size > 1 else math.nan,
        "min": scores.min() if scores.size else math.nan,
        "max": scores.max() if scores.size else math.nan,
        "diverged": int(task.diverged[where].sum()),
        "missing": int((task.wanted[where] & ~task.done[where]).sum()),
        "cloning": float(task.cloning_by_dataset[d]),
    }


def _rows(block: TaskPanels, panel: Panel, bar: Bar) -> list[dict[str, object]]:
    interval, percentile = bar.interval or Range(math.nan, math.nan), bar.percentile or Range(math.nan, math.nan)
    named: dict[str, object] = {
        "task": panel.task,
        "value_learning": "mean" if panel.value_learning is None else panel.value_learning.value,
        "extraction": "mean" if panel.extraction is None else panel.extraction.value,
        "decomposition": bar.decomposition.value,
    }
    whole: dict[str, object] = {
        **named,
        "dataset": "all",
        "score": bar.value,
        "cloning": block.cloning,
        "low": interval.low,
        "high": interval.high,
        "percentile_low": percentile.low,
        "percentile_high": percentile.high,
        "selection_corrected": bar.corrected,
        "rank": bar.rank or None,
        "seeds": bar.seeds,
        "runs": bar.wanted,
        "missing": bar.missing,
        "diverged": bar.diverged,
    }
    cloning = dict(zip(block.scores.datasets, block.scores.cloning_by_dataset.tolist(), strict=True))
    return [whole, *({**named, **_choice_row(choice, cloning[choice.dataset])} for choice in bar.choices)]


def _choice_row(choice: Choice, cloning: float) -> dict[str, object]:
    chosen = choice.configuration
    return {
        "dataset": choice.dataset,
        "score": choice.score,
        "cloning": cloning,
        "alpha": chosen.alpha if chosen else None,
        "tau": chosen.tau if chosen else None,
        "other": chosen.other if chosen else None,
        "alpha_edge": choice.edge or None,
    }


def _bar_text(bar: Bar | None) -> str:
    if bar is None or not math.isfinite(bar.value):
        return NOTHING
    mark = {1: "**", 2: "*"}.get(bar.rank, "")
    text = f"{mark}{_number(bar.value)}{mark}"
    if bar.interval:
        text += f" {_range_text(bar.interval)}"
    elif bar.seed_scores:
        text += f" ({', '.join(map(_number, bar.seed_scores))})"
    return text


def _choice_text(choice: Choice | None) -> str:
    if choice is None or choice.configuration is None:
        return NOTHING
    chosen = choice.configuration
    settings = [f"{ALPHA} {short(chosen.alpha)}{EDGES[choice.edge]}"]
    settings += [f"{TAU} {short(chosen.tau)}"] if chosen.tau is not None else []
    settings += [chosen.other] if chosen.other else []
    return f"{_number(choice.score)} ({', '.join(settings)})"


def _value_learning(panel: Panel) -> str:
    return _name(panel.value_learning, VALUE_LEARNING_NAMES)


def _extraction(panel: Panel) -> str:
    return _name(panel.extraction, EXTRACTION_NAMES)


def _name(value: Axis | None, names: Mapping[Axis, str]) -> str:
    return "mean" if value is None else names[value]


def _range_text(interval: Range) -> str:
    return f"[{_number(interval.low)}, {_number(interval.high)}]"


def _number(value: float) -> str:
    # The addition turns a rounded -0.0 into 0.0.
    return f"{round(value, 2) + 0.0:.2f}" if math.isfinite(value) else NOTHING


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])
