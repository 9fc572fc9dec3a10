from __future__ import annotations

from dataclasses import replace

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.estimates.spending import Spending, spending
from recipe_sweep.sweep.results.done import ResultFile

FILE = ResultFile(
    "aaaa", 1, 1, ("a", "b", "c", "d"), (), (), 1, 1, Keep.NONE, "cpu", wall_s=400.0, cpu_s=100.0, rehearsal=False
)
ON_GPU = replace(FILE, pack_id="bbbb", run_ids=("e", "f"), epoch=7, device="cuda:0")


def share(epoch: int) -> float:
    return {7: 0.25}[epoch]


def test_gpu_hours_are_counted_by_the_share_that_a_pack_had() -> None:
    assert spending([FILE, ON_GPU], set("abcdef"), share) == Spending(6, 2, 800.0, 200.0, 100.0)


def test_only_the_runs_that_are_looked_at_are_counted() -> None:
    assert spending([FILE, ON_GPU], {"a"}, share) == Spending(1, 1, 100.0, 25.0, 0.0)
    assert spending([], {"a"}, share) == Spending(0, 0, 0.0, 0.0, 0.0)
