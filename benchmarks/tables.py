"""How measurements are shown: a table with one line per case, and sentences for the other measurements.

`python -m benchmarks.tables benchmarks.json` prints stored ones as Markdown.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.beside import Evaluated, Growth, Pair, Share
from benchmarks.case import Case, Measured
from recipe_sweep.search_spaces.vocabulary import Decomposition

FIGURE7_SHARE = {"td": 0.25, "sarsa": 0.25, "iql": 0.5}
"""Share of each value learner in the paper's 16,384 runs."""
COLUMNS = (
    "task",
    "design",
    "runs",
    "ms per run",
    "median",
    "of alone",
    "GFLOP",
    "of least",
    "of peak",
    "MB",
    "of model",
)
TASKS_OF_SHAPE = {"3hopper": 2}
"""How many tasks a measured task stands for: 3hopper stands for simple_spread as well, because both have three agents."""


def case_table(title: str, found: Sequence[Measured], peak: float) -> Table:
    """Draw one line per case."""
    out = Table(title=heading(title, peak), title_justify="left", box=None, pad_edge=False)
    for name in COLUMNS[:2]:
        out.add_column(name, no_wrap=True)
    for name in COLUMNS[2:]:
        out.add_column(name, justify="right")
    for row in case_rows(found, peak):
        out.add_row(*row)
    return out


def heading(title: str, peak: float) -> str:
    """Write a table's heading."""
    return f"{title}: matrix products reach {peak / 1e9:.1f} GFLOP/s"


def case_rows(found: Sequence[Measured], peak: float) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each case, in the order of `COLUMNS`."""
    for each in found:
        alone = cost_alone(each, found)
        yield (
            each.case["task"],
            Case(**each.case).name,
            str(each.lanes),
            f"{1e3 * each.cpu_s / each.lanes:,.1f}",
            f"{1e3 * each.median_cpu_s / each.lanes:,.1f}",
            f"{each.cpu_s / alone:.2f}" if alone and each.lanes > 1 else "",
            f"{each.flops / 1e9 / each.lanes:,.2f}",
            f"{each.flops / each.least_flops:.3f}",
            f"{each.flops / each.cpu_s / peak:.2f}",
            f"{each.peak_bytes / 1e6:,.0f}",
            f"{each.peak_bytes / each.model_bytes:.2f}",
        )


def cost_alone(pack: Measured, found: Sequence[Measured], what: str = "cpu_s") -> float | None:
    """Compute what the runs of a pack cost when each is trained alone; extractions have equal numbers of runs."""
    shape = ("task", "decomposition", "value_learning", "hidden", "batch")
    alone = {
        each.case["extractions"][0]: float(getattr(each, what))
        for each in found
        if each.lanes == 1 and all(each.case[key] == pack.case[key] for key in shape)
    }
    extractions = pack.case["extractions"]
    if not set(extractions) <= alone.keys():
        return None
    return sum(alone[name] for name in extractions) * pack.lanes / len(extractions)


def mixture_lines(found: Sequence[Measured]) -> Iterator[str]:
    """Yield the costs of Figure 7's mixture of runs, if all of its families were measured."""
    families = [each for each in found if each.lanes == 8 and len(each.case["extractions"]) == 2]
    if len({each.case["decomposition"] for each in families}) < len(Decomposition):
        return
    for what, words in (
        ("cpu_s", "CPU-seconds"),
        ("median_cpu_s", "median CPU-seconds"),
        ("flops", "counted operations"),
        ("least_flops", "least operations"),
    ):
        packed = alone = 0.0
        for each in families:
            weight = FIGURE7_SHARE[each.case["value_learning"]] * TASKS_OF_SHAPE.get(each.case["task"], 1)
            lone = cost_alone(each, found, what)
            assert lone is not None
            packed += weight * float(getattr(each, what))
            alone += weight * lone
        yield f"the runs of Figure 7 in families, of as many alone: {packed / alone:.3f} by {words}"


def beside_lines(name: str, found: Any) -> Iterator[str]:
    """Put what `benchmarks.beside` found into sentences. Tuples that were stored as JSON have become lists."""
    if name == "evaluation":
        for each in itertools.starmap(Evaluated, found):
            share = each.evaluation_s / (each.evaluation_s + each.steps_s)
            yield (
                f"evaluation of {each.runs} runs, {each.task}: {each.evaluation_s:.1f} CPU-s, "
                f"{100 * share:.2f} % of what 50,000 steps and it take together"
            )
    elif name == "profile":
        for title, shares in found.items():
            named = (f"{each.name} {100 * each.share:.1f} %" for each in itertools.starmap(Share, shares))
            yield f"a step, {title}: {'; '.join(named)}"
    elif name == "growth":
        growth = Growth(*found)
        yield f"{growth.steps:,} steps: {growth.early_mb:.1f} MB after a tenth, {growth.late_mb:.1f} MB at the end"
    elif name == "pair":
        pair = Pair(*found)
        yield (
            f"two packs at once make {sum(pair.both):.2f} steps a second, one by itself {pair.alone:.2f}: "
            f"{sum(pair.both) / pair.alone:.2f} times"
        )


def markdown(stored: Any) -> Iterator[str]:
    """Yield the Markdown lines of what `python -m benchmarks` stored."""
    for title, section in stored.items():
        if "cases" in section:
            found = [Measured(**case) for case in section["cases"]]
            yield from (
                f"**{heading(title, section['peak_flops'])}**",
                "",
                f"| {' | '.join(COLUMNS)} |",
                "|---" * len(COLUMNS) + "|",
            )
            yield from (f"| {' | '.join(row)} |" for row in case_rows(found, section["peak_flops"]))
            yield from ("", *(f"- {line}" for line in mixture_lines(found)), "")
        else:
            yield from (f"- {line}; load average {section['load']:.1f}" for line in beside_lines(title, section["found"]))


if __name__ == "__main__":
    print("\n".join(markdown(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
