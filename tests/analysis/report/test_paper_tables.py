"""Tables for a paper: the right marks, and text that LaTeX and Markdown take as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.analysis.report.paper_tables import PaperTable, as_latex, as_markdown
from recipe_sweep.analysis.report.plain_text import in_latex
from tests.analysis.report.test_page import page
from tests.analysis.synthetic import synthetic_points, write_sweep

TABLE = PaperTable(
    "spread", "Scores & more.", ("a", "b", "Mix"), (("TD", "BRAC", "0.50"), ("IQL", "AWR", "0.70")), ((0, 0, 2), (0, 0, 1))
)


def test_best_is_bold_and_the_runner_up_told_apart_in_both() -> None:
    latex = as_latex(TABLE)
    assert r"TD & BRAC & \underline{0.50} \\" in latex
    assert r"IQL & AWR & \textbf{0.70} \\" in latex
    assert latex.index(r"\toprule") < latex.index(r"\midrule") < latex.index(r"\bottomrule")
    markdown = as_markdown(TABLE)
    assert "| TD | BRAC | *0.50* |" in markdown
    assert "| IQL | AWR | **0.70** |" in markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("simple_spread", r"simple\_spread"),
        ("95 % & more", r"95 \% \& more"),
        ("|Q| at \N{GREEK SMALL LETTER ALPHA}", r"$|$Q$|$ at $\alpha$"),
        ("a\\b", r"a\textbackslash{}b"),
    ],
)
def test_special_letters_are_text_in_latex(text: str, expected: str) -> None:
    assert in_latex(text) == expected


def test_every_letter_of_a_report_is_one_that_latex_takes(tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert",), brac_alphas=(0.1, 1.0), awr_alphas=(1.0, 3.0), taus=(0.9,))
    page(write_sweep(tmp_path, points), tmp_path, points)
    text = (tmp_path / "tables.tex").read_text(encoding="utf-8")
    assert text.isascii()
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 3
    assert r"\label{tab:claims}" in text
