"""Prints one run: a screen for people, and JSON with the same content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.text import Text

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import NO_SCORE
from recipe_sweep.sweep.cli.show.whole_words import WholeWords
from recipe_sweep.sweep.files.attempt_file import AttemptEnd
from recipe_sweep.sweep.files.kept_code import with_archive
from recipe_sweep.sweep.files.pack_file import PackRecord
from recipe_sweep.sweep.monitoring.run_history import Dossier, Outcome, RunState, Try
from recipe_sweep.sweep.planning.opening import Reference
from recipe_sweep.sweep.results.setting_text import value_text
from recipe_sweep.sweep.units import duration, local_moment, percent, span
from recipe_sweep.trainers.results import RunStatus

_COLUMNS = 4
"""Most pairs of a name and a value on one line."""
_GAP = 2
_SHOWN_TRIES = 8
_SHOWN_EVALUATIONS = 8
_COLOURS = {RunState.DONE: "green", RunState.FAILED: "red", RunState.GAVE_UP: "red"}


class Commands(NamedTuple):
    """Commands to paste for one run; None where there is nothing to run."""

    rerun: str | None
    """trains it alone"""
    replay: str | None
    """trains its pack again and compares"""
    with_its_code: str | None
    """does so with the source that trained it"""


def commands_of(dossier: Dossier, reference: Reference) -> Commands:
    """Write the commands for a run of this sweep. A finished run has more of them."""
    grid, run_id = reference.text, dossier.point.run_id
    sets = reference.override_words
    rerun = replay = with_its_code = None
    if dossier.state is not RunState.OUTSIDE:
        rerun = pasted("recipe-sweep", "run", grid, *sets, "--run", run_id)
    words = ("replay", grid, run_id, *reference.directory_words, *sets)
    if dossier.replayable:
        replay = pasted("recipe-sweep", *words)
    if dossier.code is not None:
        with_its_code = with_archive(dossier.code, *words)
    return Commands(rerun, replay, with_its_code)


def print_dossier(console: Console, dossier: Dossier, commands: Commands) -> None:
    """Show one run, and commands for it."""
    point, colour = dossier.point, _COLOURS.get(dossier.state, "yellow")
    at = f", step {dossier.step:,} of {point.steps:,}" if dossier.step is not None else ""
    console.print(f"run [bold]{point.run_id}[/bold]: [{colour}]{dossier.state}[/{colour}]{at}")
    console.print(_settings(dossier, console.width))
    rows, pasted_ones = list(_rows(dossier)), list(_commands(commands))
    widest = max(len(name) for name, _ in (*rows, *pasted_ones))
    table = WholeWords(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=widest)
    table.add_column()
    for name, content in rows:
        table.add_row(name, content)
    console.print(table)
    for name, command in pasted_ones:  # A newline within a command would end it.
        console.print(Text.assemble((name.ljust(widest + _GAP), "dim"), command), soft_wrap=True)


def dossier_json(dossier: Dossier, commands: Commands) -> str:
    """Write a run as JSON."""
    reason, outcome = dossier.reason, dossier.outcome
    content = {
        "run_id": dossier.point.run_id,
        "state": dossier.state,
        "step": dossier.step,
        "point": dossier.point.canonical(),
        "reason": reason and {"why": reason.why, "detail": reason.detail},
        "packs": [
            {
                "pack_id": record.pack.pack_id,
                "runs": len(record.pack.points),
                "slice_of": record.pack.slice_of,
                "suspect": record.pack.suspect,
                "launch": record.epoch,
                "started_at": record.started_at.isoformat(),
            }
            for record in dossier.packs
        ],
        "attempts": [_try_json(entry) for entry in dossier.tries],
        "outcome": outcome
        and asdict(outcome) | {"started_at": outcome.started_at.isoformat(), "finished_at": outcome.finished_at.isoformat()},
        "files": [{"kind": kind, "path": str(path)} for kind, path in dossier.files],
        **commands._asdict(),
        "code": None if dossier.code is None else str(dossier.code),
    }
    return json_text(content)


def _try_json(entry: Try) -> dict[str, object]:
    attempt, failure = entry.attempt, entry.failure
    return {
        "pack_id": attempt.pack_id,
        "attempt": attempt.number,
        "launch": attempt.epoch,
        "host": attempt.process.host,
        "pid": attempt.process.pid,
        "began_at": attempt.began_at,
        "ended_at": attempt.ended_at,
        "end": _end(entry),
        "cause": failure and asdict(failure.cause),
    }


def _settings(dossier: Dossier, width: int) -> RenderableType:
    """Lay out all axes and settings, as many to a line as fit without being cut."""
    pairs = [(name, value_text(value)) for name, value in dossier.point.canonical().items()]
    columns = next((number for number in range(_COLUMNS, 1, -1) if _needed(pairs, number) <= width), 1)
    lines = -(-len(pairs) // columns)
    table = WholeWords(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    for _ in range(columns):
        table.add_column(style="dim")
        table.add_column()
    for line in range(lines):
        table.add_row(*(text for pair in pairs[line::lines] for text in pair))
    return table


def _needed(pairs: Sequence[tuple[str, str]], columns: int) -> int:
    """Count the characters of a line with so many pairs beside each other."""
    lines = -(-len(pairs) // columns)
    blocks = [pairs[start : start + lines] for start in range(0, len(pairs), lines)]
    return sum(max(len(pair[part]) for pair in block) + _GAP for block in blocks for part in (0, 1))


def _rows(dossier: Dossier) -> Iterable[tuple[str, RenderableType]]:
    if dossier.reason is not None:
        yield "reason", Text(f"{dossier.reason.why}: {dossier.reason.detail}")
    for record in dossier.packs:
        yield "pack", Text(_pack(record))
    left_out = len(dossier.tries) - _SHOWN_TRIES
    for number, entry in enumerate(dossier.tries[-_SHOWN_TRIES:]):
        more = f"({left_out} earlier ones not shown)\n" if left_out > 0 and number == 0 else ""
        yield "attempt", Text(more + _try(entry))
    if not dossier.tries:
        yield "attempt", Text("none yet")
    if dossier.outcome is not None:
        yield from _outcome(dossier.outcome)
    for kind in dict.fromkeys(kind for kind, _ in dossier.files):
        yield kind, Text("\n".join(str(path) for other, path in dossier.files if other == kind))
    if dossier.code is not None:
        yield "code", Text(str(dossier.code))


def _commands(commands: Commands) -> Iterable[tuple[str, str]]:
    yield "rerun", commands.rerun or "the grid no longer has this run: add its values again first"
    if commands.replay is not None:
        yield "replay", commands.replay
    if commands.with_its_code is not None:
        yield "with its code", commands.with_its_code


def _pack(record: PackRecord) -> str:
    pack = record.pack
    origin = f", cut from {pack.slice_of}" + (" because that failed" if pack.suspect else "") if pack.slice_of else ""
    runs = counted(len(pack.points), "run")
    return f"{pack.pack_id}: {runs}{origin}; first started by launch {record.epoch}, {local_moment(record.started_at)}"


def _try(entry: Try) -> str:
    attempt = entry.attempt
    began = datetime.fromisoformat(attempt.began_at)
    took = ""
    if attempt.ended_at is not None:
        took = f", {duration((datetime.fromisoformat(attempt.ended_at) - began).total_seconds())}"
    where = f"{attempt.process.host}, pid {attempt.process.pid}"
    text = f"{attempt.number} at {attempt.pack_id}: {local_moment(began)}{took}, {where}: {_end(entry)}"
    if entry.failure is not None:
        cause = entry.failure.cause
        text += f"\n{cause.error}: {cause.message}\nat {cause.frame}"
    return text


def _end(entry: Try) -> str:
    if entry.attempt.end is not AttemptEnd.OPEN:
        return entry.attempt.end.value
    return "at work" if entry.alive else "killed"


def _outcome(outcome: Outcome) -> Iterable[tuple[str, RenderableType]]:
    diverged = f", diverged at step {outcome.diverged_step:,}" if outcome.diverged_step is not None else ""
    pruned = f", pruned by the search at step {outcome.curve[-1][0]:,}" if outcome.status == RunStatus.PRUNED else ""
    has_score = outcome.score is not None and outcome.score_best is not None
    score = f"score {outcome.score:.3f} (best {outcome.score_best:.3f})" if has_score else NO_SCORE
    won = f", {percent(outcome.win_rate)} of episodes won" if outcome.win_rate is not None else ""
    yield "result", Text(f"{score}{won}{diverged}{pruned}")
    if outcome.curve:
        yield "curve", Text("  ".join(f"{step:,}: {score:.3f}" for step, score in _thinned(outcome.curve)))
    yield (
        "cost",
        Text(
            f"{span(outcome.wall_s)} of wall time and {span(outcome.cpu_s)} of CPU time: "
            f"1/{outcome.lanes} of its pack's, over all attempts"
        ),
    )
    threads = f"{outcome.threads} thread" + ("s" if outcome.threads > 1 else "")
    yield (
        "made by",
        Text(
            f"{outcome.code_version}, torch {outcome.torch_version}, {outcome.device}, {threads}, on {outcome.host}, "
            f"launch {outcome.epoch}, {local_moment(outcome.finished_at)}; data {outcome.data_hash[:16]}"
        ),
    )


def _thinned(curve: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Pick evaluations that are spread evenly, with the last one, so that they fit on a line."""
    every = -(-len(curve) // _SHOWN_EVALUATIONS)
    return list(curve[::-1][::every][::-1])
