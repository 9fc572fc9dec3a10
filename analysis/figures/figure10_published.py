"""Figure 10: OMIGA and MAC-Flow, as published and with Mix (paper 7): a panel for each family, a group of bars per dataset.

Below the bars are the differences of each pair of a family, with intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from recipe_sweep.analysis.figures.canvas import Brush, Frame, Pen, Sheet, rectangle, round_ticks
from recipe_sweep.analysis.figures.captions import ALPHA
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.style import CLONING, FAINT, INK, style, wrapped
from recipe_sweep.analysis.findings.named_triples import TripleBar, TripleGroup, triple_groups
from recipe_sweep.analysis.number_text import measured
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM, SENTENCE
from recipe_sweep.search_spaces.triples import Triple
from recipe_sweep.sweep.results.samples import Lacking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BAR_INCHES, HEIGHT_INCHES, GAP_INCHES = 0.3, 1.75, 0.5
MARGIN_INCHES = {"left": 0.55, "right": 0.15, "top": 0.42, "bottom": 0.34}
BAR_HALF, CAP_HALF = 0.42, 0.1
FEWEST_SLOTS = 4
"""Bars for which a group has room, so that its name fits below."""
NOTE_POINTS, LEGEND_POINTS, LEGEND_INCHES = 6.8, 7.0, 0.42
LINE_INCHES = NOTE_POINTS * 1.35 / 72.0
ZERO = Pen(INK, 0.6, order=3.0)
CLONED = Pen(CLONING, 0.9, dash=(4.0, 2.0), order=3.2)
REACH = Pen(INK, 0.7, order=3.5)
NO_TRIPLES = "no run is of OMIGA or of MAC-Flow"
STRAIGHT_THROUGH = (
    "MAC-Flow in discrete tasks: Q reads the straight-through action, because the released code passes no gradient of Q there."
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 10, if the sweep has scores of any triple."""
    groups = triple_groups(material.results.runs, material.wanted, material.rule)
    families = _families(groups)
    if not any(math.isfinite(bar.value) for group in groups for bar in group.bars):
        return Lacking(NO_TRIPLES)
    figure = _draw(groups, families, _note(groups, material))
    says = (
        NO_CLAIM if material.coverage.rehearsal else f"Scores of published algorithms with and without Mix. {_standing(groups)}"
    )
    numbers = (Numbers("figure10", bars_frame(groups)), Numbers("figure10_differences", differences_frame(groups)))
    return (Drawing("figure10", figure, says, numbers),)


def bars_frame(groups: Sequence[TripleGroup]) -> pd.DataFrame:
    """Tabulate the bars: one row per triple, dataset and seed count."""
    import pandas as pd

    rows = [
        {
            "task": group.task,
            "dataset": group.dataset,
            "algorithm": bar.triple.title,
            "return" if group.is_return else "score": bar.value,
            "seeds": sum(math.isfinite(part) for part in bar.parts),
            "configurations": bar.choices,
            "wanted": bar.wanted,
            "missing": bar.wanted - bar.done,
            "cloning": group.cloning,
        }
        for group in groups
        for bar in group.bars
    ]
    return pd.DataFrame(rows)


def differences_frame(groups: Sequence[TripleGroup]) -> pd.DataFrame:
    """Tabulate the differences within seeds: one row per pair of a family and dataset."""
    import pandas as pd

    columns = ("task", "dataset", "algorithm", "minus", "difference", "low", "high", "p_value", "seeds")
    rows = [
        (group.task, group.dataset, one.first.title, one.minus.title, *one.estimate[:4], one.estimate.seeds)
        for group in groups
        for one in group.differences
    ]
    return pd.DataFrame(rows, columns=columns)


def _families(groups: Sequence[TripleGroup]) -> dict[str, list[Triple]]:
    """List the triples that the groups have, by family."""
    found: dict[str, list[Triple]] = {}
    for triple in dict.fromkeys(bar.triple for group in groups for bar in group.bars):
        found.setdefault(triple.family, []).append(triple)
    return found


def _standing(groups: Sequence[TripleGroup]) -> str:
    """Count on how many datasets each variant is ahead of its base."""
    ahead: dict[tuple[str, str], list[bool]] = {}
    for group in groups:
        for one in group.differences:
            if one.minus.is_base and math.isfinite(one.estimate.value):
                ahead.setdefault((one.first.title, one.minus.title), []).append(one.estimate.value > 0.0)
    return " ".join(f"{first} is ahead of {minus} on {sum(won)} of {len(won)}." for (first, minus), won in ahead.items())


def _note(groups: Sequence[TripleGroup], material: Material) -> list[str]:
    """Write the sentences below the figure."""
    said = [
        f"Bars: mean over seeds at the {ALPHA} or regularisation that the other half of the seeds chooses, on each dataset.",
        "Whiskers: lowest and highest seed's part; they are no intervals.",
    ]
    if any(bar.triple.extraction.has_flow for group in groups for bar in group.bars):
        said.append(STRAIGHT_THROUGH)
    if any(math.isfinite(group.cloning) for group in groups):
        said.append(f"Dashed: behaviour cloning (AWR with {ALPHA} 0) with the same networks, steps and data.")
    if material.coverage.rehearsal:
        return [SENTENCE, *said, material.coverage.sentence(), NO_CLAIM]
    told = list(_difference_sentences(groups))
    head = ["Differences within seeds, with 95 % intervals of each alone:"] if told else []
    return [*said, material.coverage.sentence(), *head, *told]


def _difference_sentences(groups: Sequence[TripleGroup]) -> Iterator[str]:
    for group in groups:
        told = [
            f"{one.first.title} minus {one.minus.title} {measured(one.estimate[:3])}"
            for one in group.differences
            if math.isfinite(one.estimate.value)
        ]
        if told:
            yield f"{group.title} {group.dataset}: {', '.join(told)}."


def _draw(groups: Sequence[TripleGroup], families: dict[str, list[Triple]], note: Sequence[str]) -> Figure:
    """Draw a panel for each family, with a legend and the sentences of `note` below."""
    slots = {family: max(len(members) + 1, FEWEST_SLOTS) for family, members in families.items()}
    widths = {family: BAR_INCHES * count * len(groups) for family, count in slots.items()}
    width = max(MARGIN_INCHES["left"] + sum(widths.values()) + GAP_INCHES * (len(widths) - 1) + MARGIN_INCHES["right"], 5.6)
    lines = wrapped(note, width - 0.25, NOTE_POINTS)
    foot = LEGEND_INCHES + LINE_INCHES * len(lines) + 0.1
    scale, left = _limits(groups), MARGIN_INCHES["left"]
    height = MARGIN_INCHES["top"] + HEIGHT_INCHES + MARGIN_INCHES["bottom"] + foot
    with style():
        sheet = Sheet(width, height)
        name = "average performance (return)" if all(group.is_return for group in groups) else "score"
        bottom = foot + MARGIN_INCHES["bottom"]
        sheet.text(0.14, bottom + HEIGHT_INCHES / 2, name, 7.5, rotation=90)
        for number, (family, members) in enumerate(families.items()):
            across = (-0.5, slots[family] * len(groups) - 0.5)
            frame = Frame(left, bottom, widths[family], HEIGHT_INCHES, across, scale)
            middles = [i * slots[family] + (len(members) - 1) / 2 for i in range(len(groups))]
            names = [f"{group.title}\n{group.dataset}" for group in groups]
            sheet.frame(frame, "white", round_ticks(*scale, 5), number == 0, list(zip(middles, names, strict=True)))
            sheet.text(left + widths[family] / 2, frame.top + 0.07, family, 8.0, va="bottom", fontweight="bold")
            for i, group in enumerate(groups):
                _draw_group(
                    sheet, frame, i * slots[family], [b for b in group.bars if b.triple.family == family], group.cloning
                )
            sheet.line(ZERO, [frame.at(across[0], 0.0), frame.at(across[1], 0.0)])
            left += widths[family] + GAP_INCHES
        figure = sheet.finish()
        _draw_legend(figure, groups, families, foot / height)
        top = (foot - LEGEND_INCHES) / height
        figure.text(0.012, top, "\n".join(lines), fontsize=NOTE_POINTS, va="top", ha="left", linespacing=1.3)
    return figure


def _limits(groups: Sequence[TripleGroup]) -> tuple[float, float]:
    values = [value for group in groups for bar in group.bars for value in (bar.value, *bar.parts)]
    finite = [value for value in (0.0, *values, *(group.cloning for group in groups)) if math.isfinite(value)]
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return (low - 0.06 * span if low < 0.0 else 0.0), high + 0.08 * span


def _draw_group(sheet: Sheet, frame: Frame, first: float, bars: Sequence[TripleBar], cloning: float) -> None:
    for x, bar in enumerate(bars, start=int(first)):
        if not math.isfinite(bar.value):
            continue
        corners = (*frame.at(x - BAR_HALF, 0.0), *frame.at(x + BAR_HALF, bar.value))
        hatch = "" if bar.done == bar.wanted else "////"
        sheet.area(Brush(bar.triple.colour, alpha=0.8, hatch=hatch), rectangle(*corners))
        parts = [part for part in bar.parts if math.isfinite(part)]
        sheet.line(REACH, [frame.at(x, min(parts)), frame.at(x, max(parts))])
        for end in (min(parts), max(parts)):
            sheet.line(REACH, [frame.at(x - CAP_HALF, end), frame.at(x + CAP_HALF, end)])
    if math.isfinite(cloning) and bars:
        sheet.line(CLONED, [frame.at(first - 0.5, cloning), frame.at(first + len(bars) - 0.5, cloning)])


def _draw_legend(figure: Figure, groups: Sequence[TripleGroup], families: dict[str, list[Triple]], top: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    named: dict[str, str] = {}
    for members in families.values():
        for triple in members:
            label = "as published" if triple.is_base else f"+ {triple.title.partition(' + ')[2]}"
            named.setdefault(label, triple.colour)
    handles: list[Line2D | Patch] = [Patch(facecolor=colour, alpha=0.8, label=label) for label, colour in named.items()]
    if any(math.isfinite(group.cloning) for group in groups):
        handles.append(Line2D([], [], color=CLONING, linewidth=0.9, linestyle=(0, (4, 2)), label="behaviour cloning"))
    if any(bar.done < bar.wanted for group in groups for bar in group.bars):
        handles.append(Patch(facecolor=FAINT, edgecolor="white", hatch="////", label="some runs missing"))
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, top), "ncols": len(handles)}
    figure.legend(handles=handles, **place, frameon=False, fontsize=LEGEND_POINTS, handlelength=1.2, columnspacing=1.2)
