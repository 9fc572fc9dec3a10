"""Measure the reference policies of the home-made tasks: `python scripts/reference_policies.py [--task TASK]... [--cloning]`.

It writes trainers/reference_policies.csv, and its table in docs/data.md. All tasks take about four minutes of CPU time. With
`--task` only these tasks are measured, and all other rows stay. With `--cloning` clones of every dataset are trained instead,
in about fifteen minutes of CPU time; each is written at once. With `--no-measuring` rows are only repeated, for versions of
the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The folder of this script has a coverage.py, which numba would take for the package of that name.
sys.path[:] = [str(ROOT), *(place for place in sys.path if Path(place or ".").resolve() != ROOT / "scripts")]

from recipe_sweep.search_spaces.tasks import TASKS  # noqa: E402 (the path above makes it importable from anywhere)
from recipe_sweep.search_spaces.vocabulary import Source  # noqa: E402
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES  # noqa: E402
from recipe_sweep.trainers.environments.registry import is_playable  # noqa: E402
from recipe_sweep.trainers.reference_clones import measure_clone  # noqa: E402
from recipe_sweep.trainers.reference_policies import effort_of, measure, of_each_version  # noqa: E402
from recipe_sweep.trainers.reference_table import (  # noqa: E402
    TABLE,
    Kind,
    Reference,
    read_references,
    write_references,
)

PAGE = ROOT / "docs" / "data.md"
BEGIN, END = "<!-- begin: written by scripts/reference_policies.py -->", "<!-- end -->"


def tasks() -> tuple[str, ...]:
    """List the tasks with home-made data, which every machine can measure, and those of which only published numbers exist."""
    return tuple(name for name, task in TASKS.items() if Source.HOMEGROWN in task.datasets or not is_playable(name))


def render(text: str, rows: Sequence[Reference]) -> str:
    """Replace the page's table with one that has every reference: a line for each task and source."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    places = dict.fromkeys((row.task, row.source, row.version) for row in rows)
    head = f"| task | source | version | {' | '.join(Kind)} |", "|---|---|---|" + "---|" * len(Kind)
    lines = (_line(*place, [row for row in rows if (row.task, row.source, row.version) == place]) for place in places)
    return "\n".join([before + BEGIN, *head, *lines, END + after])


def _line(task: str, source: Source, version: str, rows: Sequence[Reference]) -> str:
    cells = ("<br>".join(_text(row) for row in rows if row.policy is kind) or "-" for kind in Kind)
    return f"| {task} | {source} | {version} | {' | '.join(cells)} |"


def _text(row: Reference) -> str:
    score = round(RETURN_SCALES[row.source, row.task, row.version].score(row.mean), 3) + 0.0  # no -0.0
    return f"{row.dataset} {row.mean:,.1f} ± {row.error:,.1f} ({score:.3f})".strip()


def main() -> None:
    """Measure what the options name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=tasks(), help="measure only this task; may be repeated")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--cloning", action="store_true", help="train clones instead, of every dataset")
    kind.add_argument("--no-measuring", action="store_true", help="only repeat rows for versions of the same bytes")
    options = parser.parse_args()
    chosen = () if options.no_measuring else options.task or tasks()
    if options.cloning:
        for task in chosen:
            for dataset in TASKS[task].datasets.get(Source.HOMEGROWN, ()):
                _replace([measure_clone(task, dataset, effort_of(task).transitions)])
        return
    _replace([row for task in chosen for row in measure(task)])


def _replace(measured: Sequence[Reference]) -> None:
    """Write the table and the page, with these rows in place of older ones."""
    rows = list(of_each_version(measured))
    places = {row[:4] for row in rows}
    rows += [row for row in read_references() if row[:4] not in places]
    rows = sorted(of_each_version(rows), key=lambda row: (tasks().index(row.task), row.policy is Kind.CLONING))
    write_references(rows)
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
    what = f" after {len(measured)} new rows" if measured else ""
    print(f"wrote {TABLE.resolve().relative_to(ROOT)} and {PAGE.relative_to(ROOT)}{what}", flush=True)


if __name__ == "__main__":
    main()
