"""Writes tables for a paper: the bars of Figure 7 and the claims, as Markdown and as LaTeX with booktabs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.figures.inputs import Material
from recipe_sweep.analysis.files import write_text
from recipe_sweep.analysis.findings.claims import FAMILY_SENTENCE, Claim
from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panels import Bar, TaskPanels
from recipe_sweep.analysis.number_text import NOTHING, score, with_interval
from recipe_sweep.analysis.report.plain_text import as_latex_label, in_latex, in_markdown
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE
from recipe_sweep.analysis.results.score_rules import ScoreRule

REFERENCES = (
    "Scores of policies that learn nothing from rewards, mean over the datasets. They were measured once for each dataset."
)


class PaperTable(NamedTuple):
    """One table of plain text. `marks` says which cells are best (1) and runner-up (2)."""

    label: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[int, ...], ...]


class PaperTables(NamedTuple):
    """The files that `write_paper_tables` writes."""

    markdown: Path
    latex: Path


def write_paper_tables(out_dir: Path, material: Material, judged: Sequence[Claim]) -> PaperTables:
    """Write tables.md and tables.tex. Those of a rehearsal have no claims and are marked in every caption.

    Scores with one configuration everywhere have tables of their own where a design has a choice.
    """
    rehearsal, alphas = material.results.rehearsal, material.one_alphas
    tables = [_bars(block, material.rule) for block in material.blocks]
    tables += [_everywhere(block, alphas) for block in material.blocks if alphas.several]
    tables += _references(material.blocks)
    tables += [] if rehearsal else [_claims(judged)]
    if rehearsal:
        tables = [table._replace(caption=f"{SENTENCE} {table.caption}") for table in tables]
    return PaperTables(
        write_text(out_dir / "tables.md", "\n\n".join(map(as_markdown, tables)) + "\n"),
        write_text(out_dir / "tables.tex", _TEX_HEAD + "\n\n".join(map(as_latex, tables)) + "\n"),
    )


_TEX_HEAD = "% Made by recipe-sweep. In the preamble: \\usepackage{booktabs,tabularx}\n\n"


def as_markdown(table: PaperTable) -> str:
    """Format a table as Markdown: best in bold, runner-up in italics."""
    signs = {0: "", 1: "**", 2: "*"}
    lines = [
        f"**{in_markdown(table.caption)}**",
        "",
        _row([in_markdown(cell) for cell in table.header]),
        "|" + "---|" * len(table.header),
    ]
    for cells, marks in zip(table.rows, table.marks, strict=True):
        marked = [f"{signs[mark]}{in_markdown(cell)}{signs[mark]}" for cell, mark in zip(cells, marks, strict=True)]
        lines.append(_row(marked))
    return "\n".join(lines)


def as_latex(table: PaperTable) -> str:
    """Format a table as a LaTeX float with booktabs: best in bold, runner-up underlined."""
    signs: dict[int, Callable[[str], str]] = {0: str, 1: r"\textbf{{{}}}".format, 2: r"\underline{{{}}}".format}
    body = [
        _latex_row([signs[mark](in_latex(cell)) for cell, mark in zip(cells, marks, strict=True)])
        for cells, marks in zip(table.rows, table.marks, strict=True)
    ]
    # Claims are sentences and must wrap; numbers must not.
    wide = max(len(cell) for cells in table.rows for cell in cells) > 40
    columns = "X" * len(table.header) if wide else "l" * 2 + "r" * (len(table.header) - 2)
    begin, end = (
        (rf"\begin{{tabularx}}{{\linewidth}}{{{columns}}}", r"\end{tabularx}")
        if wide
        else (rf"\begin{{tabular}}{{{columns}}}", r"\end{tabular}")
    )
    return "\n".join(
        [
            r"\begin{table}[t]",
            # Six columns with intervals at \small are wider than a page of article.
            r"\centering\small" if wide else r"\centering\scriptsize\setlength{\tabcolsep}{1.5pt}",
            rf"\caption{{{in_latex(table.caption)}}}",
            rf"\label{{tab:{as_latex_label(table.label)}}}",
            begin,
            r"\toprule",
            _latex_row([in_latex(cell) for cell in table.header]),
            r"\midrule",
            *body,
            r"\bottomrule",
            end,
            r"\end{table}",
        ]
    )


def _bars(block: TaskPanels, rule: ScoreRule) -> PaperTable:
    seeds = len(block.scores.seeds)
    caption = (
        f"{block.scores.title}: {rule.noun} of the best configuration per dataset, mean over "
        f"{len(block.scores.datasets)} datasets and {seeds} seeds. Half of the seeds chooses, and the other half scores. "
        f"In brackets: each number's own 95 % interval, from {FEWEST_SEEDS} seeds on."
    )
    caption += f" A run's score is its {rule.words}." if rule != ScoreRule.FINAL else ""
    header = ("value learning", "extraction", *(name.display_name for name in block.decompositions))
    bars = [[panel.bar(name) for name in block.decompositions] for panel in block.panels]
    rows = tuple((*panel.names, *map(_text, row)) for panel, row in zip(block.panels, bars, strict=True))
    marks = tuple((0, 0, *(bar.emphasis if bar else 0 for bar in row)) for row in bars)
    return PaperTable(block.scores.task, caption, header, rows, marks)


def _references(blocks: Sequence[TaskPanels]) -> list[PaperTable]:
    """Tabulate what policies score that learn nothing from rewards; no table if nothing is known of them."""
    found = [(block.scores, one) for block in blocks for one in block.scores.references]
    rows = tuple((task.title, one.name, score(one.mean)) for task, one in found)
    marks = ((0, 0, 0),) * len(rows)
    return [PaperTable("references", REFERENCES, ("task", "policy", "score"), rows, marks)] if rows else []


def _everywhere(block: TaskPanels, alphas: OneAlphas) -> PaperTable:
    caption = (
        f"{block.scores.title}: the best temperature of each dataset, and one for all tasks and datasets. Both are chosen on "
        "one half of the seeds and scored on the other. As in the paper: chosen and scored on all seeds."
    )
    header = ("design", "value learning, extraction", "as in the paper", "best of each dataset", "one everywhere")
    rows = tuple(
        (
            bar.decomposition.display_name,
            ", ".join(panel.names),
            *map(score, (bar.value, bar.corrected, alphas.score(panel, bar))),
        )
        for panel in block.cells
        for bar in panel.bars
    )
    return PaperTable(f"{block.scores.task}-one-alpha", caption, header, rows, ((0,) * len(header),) * len(rows))


def _claims(judged: Sequence[Claim]) -> PaperTable:
    rows = tuple((one.statement, one.paper or NOTHING, one.ours, str(one.verdict), str(one.alone)) for one in judged)
    caption = f"The paper's claims compared with this sweep, with the 95 % interval of each. {FAMILY_SENTENCE}"
    return PaperTable("claims", caption, ("claim", "paper", "here", "verdict", "asked alone"), rows, ((0,) * 5,) * len(rows))


def _text(bar: Bar | None) -> str:
    if bar is None or not math.isfinite(bar.value):
        return NOTHING
    low, high = (bar.interval.low, bar.interval.high) if bar.interval else (None, None)
    return with_interval(bar.score, low, high)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _latex_row(cells: Sequence[str]) -> str:
    # After a rule or the end of a row, LaTeX reads a star or a bracket as an argument.
    guard = "{}" if cells[0].startswith(("*", "[")) else ""
    return guard + " & ".join(cells) + r" \\"
