"""Prints the state of a search and what it found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import plain_table
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import Target
from recipe_sweep.sweep.planning.search_rounds import Best, best_beside, best_of, progress, scored_runs


@dataclass(frozen=True)
class Compared:
    """The best trial of one study, and the best of the same study in another sweep, if it has one."""

    searched: Best
    beside: Best | None


def progress_line(target: Target) -> str:
    """Say how many trials a search wants, has begun and has finished."""
    assert target.space is not None
    search, stand = target.space.search, progress(target.space, target.paths)
    seeds = len(set(target.grid.axes.seed))
    return (
        f"search: {search.sampler}, {counted(stand.studies, 'study')} of {counted(search.trials, 'trial')} "
        f"in rounds of {search.batch}, "
        f"{counted(stand.wanted * seeds, 'run')} with {counted(seeds, 'seed')}; "
        f"{stand.asked} of {counted(stand.wanted, 'trial')} begun in "
        f"{counted(stand.rounds, 'round')}, {stand.told} finished"
        + (f", {stand.pruned} of them pruned" if stand.pruned else "")
        + _outside(stand.outside)
    )


def compared(target: Target, beside: SweepPaths | None) -> tuple[Compared, ...]:
    """Find the best trial of each study, and the best of another sweep."""
    assert target.space is not None
    others = scored_runs(beside) if beside is not None else []
    return tuple(Compared(best, best_beside(best.study, others)) for best in best_of(target.space, target.paths))


def best_table(pairs: Sequence[Compared]) -> Table:
    """Make a table with one line per study."""
    others = any(pair.beside for pair in pairs)
    more = ("configurations", "best of the other sweep", "score") if others else ()
    table = plain_table("study", "trials", "best of the search", "score", *more)
    for pair in pairs:
        beside = _cells(pair.beside) if pair.beside is not None else ("", "none", "")
        table.add_row(_label(pair.searched), *_cells(pair.searched), *(beside if others else ()))
    return table


def best_json(pairs: Sequence[Compared]) -> str:
    """Write the best trials as JSON."""
    studies = [
        {"study": _label(pair.searched), "study_id": pair.searched.study.study_id, "search": _content(pair.searched)}
        | {"beside": pair.beside and _content(pair.beside)}
        for pair in pairs
    ]
    return json_text({"studies": studies})


def _content(best: Best) -> dict[str, object]:
    runs = [point.run_id for point in best.study.points(best.choice)] if best.study.holds(best.choice) else []
    return {"trials": best.trials, **best.choice._asdict(), "score": best.score, "run_ids": runs}


def _cells(best: Best) -> Iterable[str]:
    tau = "" if best.choice.tau is None else f" tau {best.choice.tau:.3g}"
    return str(best.trials), f"alpha {best.choice.alpha:.3g}{tau}", f"{best.score:.3f}"


def _label(best: Best) -> str:
    point = best.study.templates[0]
    return f"{point.environment}/{point.dataset} {point.decomposition} {point.value_learning} {point.extraction}"


def _outside(count: int) -> str:
    if not count:
        return ""
    does = agreeing(count, "is outside the present ranges and does", "are outside the present ranges and do")
    return f"; {counted(count, 'earlier trial')} {does} not count"
