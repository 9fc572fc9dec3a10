"""Encodes the numbers that the page's scripts draw as JSON: bars, curves over alpha, configurations with their curves."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from recipe_sweep.analysis.figures.inputs import Material
from recipe_sweep.analysis.findings.choices import Choice
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panels import Bar, Panel, TaskPanels, shown_decompositions
from recipe_sweep.analysis.findings.sensitivity import alpha_curves
from recipe_sweep.analysis.report.configuration_table import ConfigurationRow, Curve
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

DIGITS = 4
"""Decimals of a score: finer than the noise of seeds, and a page of 16,384 runs stays small."""


_MARKS = {Mark.BEST: "best", Mark.TIED: "tied", Mark.BELOW: "below", Mark.BEHIND: "behind", Mark.UNRANKED: ""}
"""Classes of the page's style sheet."""


def figures_json(material: Material, rows: Sequence[ConfigurationRow], found: Sequence[Choice]) -> str:
    """Encode all numbers as one JSON text. A number that is not finite is null. Values of axes are places in `words`."""
    content = {
        "words": {
            "decomposition": [value.display_name for value in _decompositions(material.blocks)],
            "value_learning": [value.display_name for value in ValueLearning.members()],
            "extraction": [value.display_name for value in Extraction.members()],
        },
        "tasks": [_task(block, material) for block in material.blocks],
        "choices": [_choice(choice) for choice in found],
        "configurations": [_configuration(row) for row in rows],
    }
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def _decompositions(blocks: Sequence[TaskPanels]) -> Sequence[Decomposition]:
    """List all decompositions up to the last that is shown, because places must stay the same."""
    last = max(map(Decomposition.place, shown_decompositions(blocks)), default=-1)
    return Decomposition.members()[: last + 1]


def _task(block: TaskPanels, material: Material) -> dict[str, Any]:
    scores = block.scores
    return {
        "task": scores.task,
        "title": scores.title,
        "datasets": list(scores.datasets),
        "seeds": len(scores.seeds),
        "cloning": _number(block.cloning),
        "cloning_by_dataset": [_number(value) for value in scores.cloning_by_dataset.tolist()],
        "panels": [_panel(panel, scores.datasets, material) for panel in block.panels],
        "alpha": [
            [
                scores.datasets.index(point.dataset),
                Extraction.place(point.extraction),
                -1 if point.decomposition is None else Decomposition.place(point.decomposition),
                point.alpha,
                *map(_number, (point.score, point.low, point.high)),
                point.runs,
            ]
            for point in alpha_curves(scores, by_decomposition=True)
            if point.runs
        ],
    }


def _panel(panel: Panel, datasets: Sequence[str], material: Material) -> dict[str, Any]:
    """Encode a panel. If it averages over an axis, that axis is null."""
    return {
        "value_learning": None if panel.value_learning is None else ValueLearning.place(panel.value_learning),
        "extraction": None if panel.extraction is None else Extraction.place(panel.extraction),
        "still": material.learning.still(panel),
        "bars": [{**_bar(bar, datasets), "everywhere": _everywhere(panel, bar, material.one_alphas)} for bar in panel.bars],
        "level": _number(panel.best.score) if panel.best is not None and any(bar.difference for bar in panel.bars) else None,
    }


def _bar(bar: Bar, datasets: Sequence[str]) -> dict[str, Any]:
    return {
        "decomposition": Decomposition.place(bar.decomposition),
        "value": _number(bar.value),
        "mark": _MARKS[bar.mark],
        "saturated": bar.saturated,
        "interval": None if bar.interval is None else [_number(bar.interval.low), _number(bar.interval.high)],
        "corrected": _number(bar.corrected),
        "score": _number(bar.score),
        "difference": None if bar.difference is None else [_number(bar.difference.low), _number(bar.difference.high)],
        "seeds": bar.seeds,
        "seed_scores": [_number(score) for score in bar.seed_scores],
        "corrected_seeds": [_number(score) for score in bar.corrected_seeds],
        "wanted": bar.wanted,
        "missing": bar.missing,
        "diverged": bar.diverged,
        "choices": [
            {
                "dataset": datasets.index(choice.dataset),
                "score": _number(choice.score),
                "alpha": choice.configuration.alpha,
                "tau": choice.configuration.tau,
                "other": choice.configuration.other,
                "edge": choice.edge,
            }
            for choice in bar.choices
            if choice.configuration is not None
        ],
    }


def _everywhere(panel: Panel, bar: Bar, alphas: OneAlphas) -> dict[str, Any] | None:
    """Encode a bar's score with one configuration everywhere. None if no design has a choice, or this one lacks runs.

    A marginal panel averages over designs, and so has no single configuration: its alpha is null.
    """
    score = alphas.score(panel, bar)
    if not alphas.several or not math.isfinite(score):
        return None
    designs = [one for one in alphas.of(panel, bar) if one is not None]
    chosen = designs[0].configuration if panel.value_learning is not None and panel.extraction is not None else None
    settings = (None, None, None) if chosen is None else (chosen.alpha, chosen.tau, chosen.other)
    return {"score": _number(score), **dict(zip(("alpha", "tau", "other"), settings, strict=True))}


def _choice(choice: Choice) -> dict[str, Any]:
    """Encode the profiles alone. The page has the other numbers in its table."""
    return {
        "axis": choice.axis,
        "thresholds": [_number(threshold) for threshold in choice.thresholds],
        "values": [
            {"name": one.name, "profile": [[_number(end) for end in share] for share in one.profile]} for one in choice.values
        ],
    }


def _configuration(row: ConfigurationRow) -> list[Any]:
    curve = None if row.curve is None else _curve(row.curve)
    places, settings, counts = row[:5], (row.alpha, row.tau, row.other), (row.wanted, row.done, row.diverged)
    return [*places, *settings, *counts, *map(_number, (row.mean, row.std, row.low, row.high)), curve]


def _curve(curve: Curve) -> list[list[Any]]:
    return [curve.steps.tolist(), *([_number(value) for value in line.tolist()] for line in curve[1:])]


def _number(value: float) -> float | None:
    # The addition turns a rounded -0.0 into 0.0.
    return round(value, DIGITS) + 0.0 if math.isfinite(value) else None
