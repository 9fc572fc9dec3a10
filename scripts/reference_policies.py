"""Measure the reference policies of the home-made tasks: `python scripts/reference_policies.py [--task TASK]...`.

It writes trainers/reference_policies.csv, and its table in docs/data.md. All tasks take about five minutes of CPU time. With
`--task` only these tasks are measured, and all other rows stay. With `--no-measuring` rows are only repeated, for versions
of the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recipe_sweep.search_spaces.tasks import TASKS  # noqa: E402 (the path above makes it importable from anywhere)
from recipe_sweep.search_spaces.vocabulary import Source  # noqa: E402
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES  # noqa: E402
from recipe_sweep.trainers.reference_policies import (  # noqa: E402
    TABLE,
    Kind,
    Reference,
    measure,
    of_each_version,
    read_references,
    write_references,
)

PAGE = ROOT / "docs" / "data.md"
BEGIN, END = "<!-- begin: written by scripts/reference_policies.py -->", "<!-- end -->"


def tasks() -> tuple[str, ...]:
    """List the tasks with home-made data, which every machine can measure."""
    return tuple(name for name, task in TASKS.items() if Source.HOMEGROWN in task.datasets)


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
    """Measure, and write the table and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=tasks(), help="measure only this task; may be repeated")
    parser.add_argument("--no-measuring", action="store_true", help="only repeat rows for versions of the same bytes")
    options = parser.parse_args()
    chosen = () if options.no_measuring else options.task or tasks()
    rows = [row for row in (read_references() if TABLE.exists() else ()) if row.task not in chosen]
    for task in chosen:
        rows += measure(task)
        print(f"measured {task}", flush=True)
    rows = sorted(of_each_version(rows), key=lambda row: tasks().index(row.task))
    write_references(rows)
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
    print(f"wrote {TABLE.resolve().relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
