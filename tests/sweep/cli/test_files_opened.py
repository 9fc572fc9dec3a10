"""A command reads a results file once, because a sweep has hundreds of them and each costs a millisecond."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import recipe_sweep
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results import read
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SWEEP = "sweeps/little"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each results file of a done sweep was opened since. No index knows its packs."""
    here = stand_in_sweep(tmp_path, monkeypatch)
    (here / "inline.yaml").write_text("backend: inline\nmax_lanes: 1\n")
    call(*LAUNCH)
    SweepPaths(Path(SWEEP)).done_index.unlink()
    counts: Counter[str] = Counter()
    check = read._check_ends

    def counted(path: Path) -> None:
        counts[path.name] += 1
        check(path)

    monkeypatch.setattr(read, "_check_ends", counted)
    return counts


def test_status_of_a_sweep_without_an_index_reads_its_results_twice(opened: Counter[str]) -> None:
    call("status", SWEEP)
    assert len(opened) > 1
    assert set(opened.values()) == {1}
    call("status", SWEEP)
    assert set(opened.values()) == {1}, "and the next time not at all"


@pytest.mark.parametrize(
    "ask",
    [lambda: recipe_sweep.open(SWEEP).best(), lambda: call("recommend", SWEEP, "-o", "next.yaml")],
    ids=["best", "recommend"],
)
def test_an_answer_reads_the_results_twice(ask: Callable[[], object], opened: Counter[str]) -> None:
    call("status", SWEEP)
    opened.clear()
    ask()
    assert len(opened) > 1
    assert set(opened.values()) == {1}
