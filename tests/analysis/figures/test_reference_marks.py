"""Figure 7 has a mark, an entry of its legend and a sentence for every policy that learns nothing and is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recipe_sweep.analysis.figures.figure7_designs import draw_figure7
from recipe_sweep.analysis.figures.reference_marks import legend_inches
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.references import NAMES
from recipe_sweep.analysis.results.scores import ScoreRule
from tests.analysis.results.test_references import ANT, panels, present, scored
from tests.analysis.synthetic import look_of, note_of


def drawn(block: TaskPanels) -> tuple[list[str], str]:
    """The legend's entries of reference policies, and the note."""
    note = note_of([block], Coverage(16, 16, 0, False), ScoreRule.FINAL)
    figure = draw_figure7([block], note, look_of([block]))
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return [label for label in labels if label in NAMES], " ".join(note)


def test_every_policy_that_is_known_is_marked_and_named() -> None:
    block = panels(scored(ANT, present()))
    labels, note = drawn(block)
    assert labels[:3] == ["doing nothing", "uniform actions", "the data's own policy"]
    assert "Marks on the right" in note
    assert legend_inches([block]) > 0.0


def test_beside_made_up_scores_nothing_is_marked() -> None:
    block = panels(scored(ANT, None))
    labels, note = drawn(block)
    assert labels == []
    assert "Marks on the right" not in note
    assert legend_inches([block]) == 0.0


def test_a_policy_above_every_bar_is_inside_the_panels() -> None:
    task = scored(ANT, present())
    far = replace(task, references=tuple(one._replace(by_dataset=one.by_dataset + 3.0) for one in task.references))
    block = panels(far)
    figure = draw_figure7([block], ["note"], look_of([block]))
    texts = [text.get_text() for text in figure.axes[0].texts]
    ticks = [float(text) for text in texts if text.replace(".", "").isdigit()]
    assert max(ticks) == pytest.approx(3.0, abs=1.0)
