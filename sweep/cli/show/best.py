"""Prints the best configuration of each design on each dataset of a grid: a table, and JSON with the same content."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.console import Console

from recipe_sweep.analysis.findings.dataset_best import DatasetBest, DesignOnDataset
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.runs import OWN_COLUMNS, settings_text, varying_names
from recipe_sweep.sweep.cli.show.text import design_words, plain_table

Bests = Mapping[DesignOnDataset, DatasetBest]


def print_bests(console: Console, found: Bests, beside: Bests | None, points: Sequence[DesignPoint]) -> None:
    """Print one line per design and dataset, the best of a dataset first; beside it the score of the other sweep."""
    others = () if beside is None else ("other sweep",)
    table = plain_table("dataset", "design", "configuration", "score", "corrected", "seeds", "of", *others)
    table.padding = (0, 2, 0, 0)
    for column in table.columns:
        column.no_wrap = column.header not in ("dataset", "configuration", "other sweep")
        column.justify = "right" if column.header in ("score", "corrected", "seeds", "of", "other sweep") else "left"
    settings = [name for name in varying_names(points) if name not in OWN_COLUMNS]
    for key, best in _ordered(found):
        point = best.point
        other = None if beside is None else beside.get(key)
        table.add_row(
            f"{point.task} {point.dataset}",
            design_words(point),
            _configuration(point, settings),
            f"{best.score:.3f}",
            _number(best.corrected),
            f"{best.seeds:,}",
            f"{best.configurations:,}",
            *(() if beside is None else (_number(None if other is None else other.corrected),)),
        )
    console.print(table)
    for line in _remarks(found, beside):
        console.print(line, highlight=False)


def bests_json(found: Bests, beside: Bests | None) -> str:
    """Write the best configurations as JSON."""
    designs = [
        _content(best) | ({} if beside is None else {"beside": _content(beside[key]) if key in beside else None})
        for key, best in _ordered(found)
    ]
    return json_text({"designs": designs})


def _ordered(found: Bests) -> list[tuple[DesignOnDataset, DatasetBest]]:
    """Sort by task and dataset, in the order of the grid, then by score."""
    places = {key[:2]: place for place, key in reversed(list(enumerate(found)))}
    return sorted(found.items(), key=lambda item: (places[item[0][:2]], -item[1].score))


def _configuration(point: DesignPoint, settings: Sequence[str]) -> str:
    return settings_text(point, [*(name for name in ("alpha", "tau") if getattr(point, name) is not None), *settings])


def _remarks(found: Bests, beside: Bests | None) -> list[str]:
    lines = ["corrected: half of the seeds choose the configuration, and the others score it"]
    if any(math.isnan(best.corrected) for best in found.values()):
        lines.append("no corrected score where there is one seed: it cannot both choose and score")
    if beside is not None:
        shared = counted(len(found.keys() & beside.keys()), "design")
        lines.append(f"other sweep: its corrected score; both sweeps have {shared}")
    return lines


def _number(score: float | None) -> str:
    return "-" if score is None or math.isnan(score) else f"{score:.3f}"


def _content(best: DatasetBest) -> dict[str, object]:
    point = best.point
    return {
        "task": point.task,
        "source": point.source,
        "dataset": point.dataset,
        "decomposition": point.decomposition,
        "value_learning": point.value_learning,
        "extraction": point.extraction,
        "alpha": point.alpha,
        "tau": point.tau,
        "config_id": point.config_id,
        "point": point.canonical() | {"seed": None},
        "score": best.score,
        "corrected": None if math.isnan(best.corrected) else best.corrected,
        "seeds": best.seeds,
        "configurations": best.configurations,
        "run_ids": [run.run_id for run in best.runs],
    }
