"""Names and messages of a sweep that are markup: a report shows them, and nothing that reads it acts on them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_sweep.analysis.figures.registry import figure_kinds
from recipe_sweep.analysis.report.paper_tables import PaperTable, as_latex, as_markdown
from recipe_sweep.analysis.report.plain_text import as_latex_label, in_latex, in_markdown
from recipe_sweep.analysis.report.report import write_report
from recipe_sweep.analysis.report.two_sweeps_files import load_side, write_comparison
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS, TaskEntry
from recipe_sweep.search_spaces.vocabulary import Decomposition, Source, ValueLearning
from recipe_sweep.sweep.results.spreadsheet import harmless
from tests.analysis.report.test_page import page
from tests.analysis.synthetic import synthetic_points, write_pack

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of script": "</script><script>alert(1)</script>",
    "picture": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x="',
    "link": "[click](javascript:alert(1))",
    "template": "{{ 7 * 7 }}{% raw %}",
    "formula": '=HYPERLINK("http://evil","x")',
    "cells": "a | b `c` **d**\n# e",
    "latex": r"\input{/etc/passwd} & 50% $x_1^2$ #1 ~ {",
    "letters": "M\u00fcller \u4e2d \U0001f600 \u200b",
}
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acts: list[str] = []
        self.scripts = 0
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.acts += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        addresses = [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.acts += [f"{tag} {address[:40]}" for address in addresses if not address.startswith(("#", "data:"))]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class Reported(NamedTuple):
    """Two sweeps full of such names, reported on and compared."""

    out: Path
    comparison: Path

    def read(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")


def with_hostile_hosts(path: Path) -> None:
    table = pq.read_table(path)
    texts = list(HOSTILE.values())
    for name in ("host", "device", "code_version", "torch_version"):
        column: Any = pa.array([texts[row % len(texts)] for row in range(len(table))])
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    pq.write_table(table, path)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    here = tmp_path_factory.mktemp("hostile")
    task, texts = HOSTILE["latex"], list(HOSTILE.values())
    datasets, versions = {Source.REGISTERED: tuple(texts)}, {Source.REGISTERED: "1"}
    TASKS._entries[task] = TaskEntry(task, " ".join(texts), datasets, versions)
    try:
        points = _points(task, texts)
        sides = []
        for number, name in enumerate((HOSTILE["attribute"], HOSTILE["picture"])):
            sweep = here / name
            mine = points[number:]  # so that the second lacks a run
            for start in range(0, len(mine), 16):
                with_hostile_hosts(write_pack(sweep / "results", mine[start : start + 16], pack_id=f"pack{start:04d}"))
            if number == 0:
                page(sweep, here / "report", points)
                write_report(sweep, points, 0, here / "report", kinds=figure_kinds([7]))
            sides.append(load_side(name, sweep, points, 0))
        write_comparison(*sides, here / "comparison")
        yield Reported(here / "report", here / "comparison")
    finally:
        del TASKS._entries[task]


def _points(task: str, datasets: list[str]) -> tuple[DesignPoint, ...]:
    return synthetic_points(
        tasks=(task,), datasets=datasets, seeds=(0,), brac_alphas=(0.1,), awr_alphas=(1.0,),
        decompositions=(Decomposition.MIX, Decomposition.VDN), value_learners=(ValueLearning.SARSA,),
    )  # fmt: skip


def test_a_page_shows_them_and_runs_none(reported: Reported) -> None:
    for path in (reported.out / "index.html", reported.comparison / "index.html"):
        text = path.read_text(encoding="utf-8")
        read = Reader(text)
        assert read.acts == []
        assert read.scripts == Reader(re.sub("alert", "", text)).scripts <= 4
        assert "alert(1)" in "".join(read.words), "shown as text"


def test_markdown_has_no_tags_no_links_and_the_same_cells_in_each_row(reported: Reported) -> None:
    names = [reported.out / "figure7.md", reported.out / "tables.md", reported.comparison / "comparison.md"]
    for path in names:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<!\\)<[A-Za-z/!?]", text), path.name
        assert not re.search(r"(?<!\\)\]\((?!figure7\.png)", text), path.name
        assert not re.search(r"(?<!\\)`[^`\n]*c[^`\n]*(?<!\\)`", text), path.name
        for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block


def test_latex_has_no_command_but_ours(reported: Reported) -> None:
    text = reported.read("tables.tex")
    assert text.isascii()
    assert r"\textbackslash{}input\{/etc/passwd\} \& 50\%" in text
    assert r"\input" not in text
    assert "\\'" not in re.sub(r"[ -~\n]", "", text)
    assert re.sub(r"\\[{}]", "", text).count("{") == re.sub(r"\\[{}]", "", text).count("}")


def test_no_cell_of_a_reports_csv_begins_like_a_formula(reported: Reported) -> None:
    tables = [*reported.out.glob("*.csv"), *reported.comparison.glob("*.csv")]
    assert len(tables) > 2
    cells = [
        cell
        for path in tables
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True))
        for cell in row
    ]
    texts = [cell for cell in cells if not re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", cell)]
    assert [text for text in texts if harmless(text) != text] == []
    assert f"'{HOSTILE['formula']}" in texts


@hostile
def test_a_text_is_one_line_of_plain_text_in_markdown_and_latex(text: str) -> None:
    assert "\n" not in in_markdown(text)
    assert re.sub(r"\\([\\`*|<\]])", r"\1", in_markdown(text)) == text.replace("\n", " ")
    assert in_latex(text).isascii()
    assert not re.search(r"(?<!\\)[%#]", in_latex(text))
    assert re.fullmatch(r"[A-Za-z0-9_.:-]+", as_latex_label(text))


@hostile
def test_a_table_for_a_paper_keeps_its_rows_and_columns(text: str) -> None:
    table = PaperTable(text, text, (text, "b"), ((text, "0.5 [0.4, 0.6]"), ("[x]", text)), ((0, 1), (0, 2)))
    latex, markdown = as_latex(table), as_markdown(table)
    rows = [line for line in latex.splitlines() if line.endswith(r" \\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [1, 1, 1]
    assert not any(row.startswith(("[", "*")) for row in rows)
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines()[2:]] == [3, 3, 3, 3]
    assert "0.5 [0.4, 0.6]" in markdown, "intervals stay as they are"


@pytest.mark.parametrize(
    "text", ["simple_spread", "MA-MuJoCo - 2ant", "0.50 [0.40, 0.60]", "Mix > VDN, < 5 %", "medium-expert#1"]
)
def test_ordinary_texts_are_not_changed_in_markdown(text: str) -> None:
    assert in_markdown(text) == text


def test_letters_with_accents_are_set_in_latex() -> None:
    assert in_latex("M\u00fcller, \u00e9t\u00e9, \u00df") == r"M\"{u}ller, \'{e}t\'{e}, \ss{}"
    assert in_latex("\u4e2d") == "[U+4E2D]"
