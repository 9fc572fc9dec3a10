"""A task whose data come from two sources: no bar and no score averages them, in no output of a report."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from recipe_sweep.analysis.report.advice import advise
from recipe_sweep.analysis.report.report import write_report
from recipe_sweep.search_spaces.vocabulary import Source
from tests.analysis.synthetic import synthetic_points, write_sweep


def test_a_task_of_two_sources_has_a_block_for_each_and_is_recommended_for_by_its_name(tmp_path: Path) -> None:
    shape = {"seeds": range(4), "datasets": ("expert",), "brac_alphas": (0.1,), "awr_alphas": (1.0,), "taus": (0.9,)}
    ours = synthetic_points(**shape)  # type: ignore[arg-type]
    theirs = [dataclasses.replace(one, source=Source.OG_MARL, dataset_seed=None, dataset_size=None) for one in ours]
    points = (*ours, *theirs)
    root, name = write_sweep(tmp_path / "sweep", points), ours[0].task
    written = write_report(root, points, failures=0, out_dir=tmp_path / "report", resamples=50)
    assert written.table is not None
    assert [f"({one})" in written.table.read_text() for one in ("homegrown", "og_marl")] == [True, True]
    found = advise(root, points, task=name, dataset=None, budget=None)
    assert found.recipe is not None, "both sources are of this task"
    assert f"On {name} (homegrown), {name} (og_marl)" in found.sentences[0]
