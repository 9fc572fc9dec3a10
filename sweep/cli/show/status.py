"""Prints the state of a sweep: tables for people, and JSON with the same content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import NO_SCORE, design_words, plain_table, value_cells
from recipe_sweep.sweep.estimates.estimate_file import Score
from recipe_sweep.sweep.estimates.eta import Eta
from recipe_sweep.sweep.estimates.spending import Spending
from recipe_sweep.sweep.files.failure_file import FailureGroup
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import is_rehearsal
from recipe_sweep.sweep.monitoring.best_so_far import BestSoFar
from recipe_sweep.sweep.monitoring.status import AxisProgress, DeadLaunch, RunningPack, SweepStatus
from recipe_sweep.sweep.planning.opening import Target
from recipe_sweep.sweep.results.setting_text import setting_text, value_text
from recipe_sweep.sweep.units import device_time, duration, memory, percent, span

_SHOWN_PACKS = 16
_SHOWN_BEST = 6
_BAR_WIDTH = 50
_WORDY = ("pack", "trains", "step")
GO_ON = "to continue, launch again: finished runs are kept, and packs go on from their checkpoints"


class _Use(NamedTuple):
    """A column of running packs that is shown if it is known of any of them."""

    name: str
    value: Callable[[RunningPack], float | None]
    text: Callable[[float], str]


_USE = (
    _Use("score", lambda pack: pack.score, "{:.2f}".format),
    _Use("CPU", lambda pack: pack.cpus, percent),
    _Use("memory", lambda pack: pack.memory_bytes, memory),
    _Use("GPU memory", lambda pack: pack.gpu_memory_bytes, memory),
)


def print_status(console: Console, target: Target, status: SweepStatus, axes: Sequence[AxisProgress]) -> None:
    """Print the state of a sweep."""
    mark = "[red]REHEARSAL[/red], made-up results: " if is_rehearsal(target.paths) else ""
    console.print(f"{mark}[bold]{target.grid.name}[/bold] in {escape(str(target.paths.root))}")
    console.print(status_view(status))
    if axes:
        console.print(_progress_by_axis(axes))
    for line in failure_lines(status.failures, str(target.paths.root), target.paths):
        console.print(line)


def live_view(status: SweepStatus) -> RenderableType:
    """Lay out the state of a sweep for a screen that updates itself: a bar, and the best scores so far, beside all else."""
    share = (status.done + status.under_way) / status.wanted if status.wanted else 1.0
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH), percent(share))
    lines = [Text(f"best so far: {best_text(best)}") for best in status.best[:_SHOWN_BEST]]
    if len(status.best) > _SHOWN_BEST:
        lines.append(Text(f"... and of {len(status.best) - _SHOWN_BEST} more datasets", style="dim"))
    return Group(bar, status_view(status), *lines)


def best_text(best: BestSoFar) -> str:
    """Write a configuration with its score: `mix td brac 0.92 on expert (alpha 0.1), 4 seeds`."""
    details = ", ".join(f"{axis} {value_text(value)}" for axis, value in best.details)
    beside = f" ({details})" if details else ""
    found = best.leader
    return f"{design_words(found.point)} {found.score:.2f} on {best.place}{beside}, {counted(found.seeds, 'seed')}"


def status_view(status: SweepStatus) -> RenderableType:
    """Lay out counts, speed and running packs, as `status` and a live launch both show them."""
    parts: list[RenderableType] = [Text.from_markup(line) for line in _status_lines(status)]
    if status.spent.packs:
        parts.append(Text(_spent(status.spent)))
    if status.score is not None:
        parts.append(Text(f"launch {status.score.epoch}: {status.score.text}"))
    if status.died is not None:
        parts.append(Text(f"{status.died.text}\n  {GO_ON}", style="yellow"))
    if status.packs:
        parts.append(_packs(status.packs))
    parts += [Text(f"{pack.text}\n  {pack.remedy}", style="yellow") for pack in status.stuck]
    return Group(*parts)


def status_line(status: SweepStatus) -> str:
    """Write counts and speed in one line of plain text, for logs."""
    return "; ".join(Text.from_markup(line).plain for line in _status_lines(status))


def status_json(target: Target, status: SweepStatus, axes: Sequence[AxisProgress]) -> str:
    """Write the state as JSON."""
    launch = status.launch
    content = {
        "name": target.grid.name,
        "directory": str(target.paths.root),
        "rehearsal": is_rehearsal(target.paths),
        "wanted": status.wanted,
        "done": status.done,
        "diverged": status.diverged,
        "pruned": status.pruned,
        "running": status.running,
        "failed": status.failed,
        "waiting": status.waiting,
        "outside": status.outside,
        "run_steps_per_s": status.run_steps_per_s,
        "eta_s": status.eta and status.eta.seconds,
        "eta_low_s": status.eta and status.eta.low,
        "eta_high_s": status.eta and status.eta.high,
        "spent": vars(status.spent),
        "score": status.score and _score_content(status.score),
        "launch": launch and {"host": launch.process.host, "pid": launch.process.pid, "since": launch.since.isoformat()},
        "died": status.died and _died_content(status.died),
        "packs": [vars(pack) for pack in status.packs],
        "stuck": [vars(pack) | {"text": pack.text, "remedy": pack.remedy} for pack in status.stuck],
        "failures": [
            {
                "error": group.example.cause.error,
                "message": group.example.cause.message,
                "frame": group.example.cause.frame,
                "runs": len(group.run_ids),
                "gave_up": len(group.gave_up),
                "packs": group.packs,
                "traceback": group.example.traceback,
                "log": str(target.paths.pack_log(group.example.pack_id, group.example.attempt)),
                "reproduce": _reproduce(str(target.paths.root), group),
            }
            for group in status.failures
        ],
        "axes": [vars(progress) | {"value": setting_text(progress.value)} for progress in axes],
    }  # fmt: skip
    return json_text(content)


def _died_content(died: DeadLaunch) -> dict[str, object]:
    """Write a launch that died, for JSON."""
    seen = died.seen and died.seen.isoformat()
    return vars(died) | {"since": died.since.isoformat(), "seen": seen, "text": died.text}


def _score_content(score: Score) -> dict[str, object]:
    """Write a score for JSON."""
    return {
        "launch": score.epoch,
        "estimated_s": score.estimate.wall_s,
        "took_s": score.outcome and score.outcome.took_s,
        "error": score.error,
        "text": score.text,
    }


def _status_lines(status: SweepStatus) -> Iterable[str]:
    states = [f"[green]{status.done:,} of {status.wanted:,} done[/green]"]
    states += [f"{status.diverged:,} diverged"] if status.diverged else []
    states += [f"{status.pruned:,} pruned"] if status.pruned else []
    states += [f"{status.running:,} running"] if status.running else []
    states += [f"{status.waiting:,} waiting"] if status.waiting else []
    states += [f"[red]{status.failed:,} failed[/red]"] if status.failed else []
    states += [f"{status.outside:,} outside this grid"] if status.outside else []
    yield ", ".join(states)
    if status.unscored:
        yield f"{counted(status.unscored, 'run')}: {NO_SCORE}"
    if status.packs:
        yield f"{status.run_steps_per_s:,.0f} steps x runs per second{_eta(status.eta)}"
    elif status.launch is not None:
        yield f"launch {status.launch.epoch} at work on {status.launch.process.host}, pid {status.launch.process.pid}"
    if status.stuck:
        yield f"[yellow]{counted(len(status.stuck), 'pack')} {agreeing(len(status.stuck), 'is', 'are')} stuck[/yellow]"


def _eta(eta: Eta | None) -> str:
    if eta is None:
        return ""
    text = f", about {duration(eta.seconds)} to go"
    if eta.low is None or eta.high is None:
        return text
    return f"{text} (9 in 10: {duration(eta.low)} to {duration(eta.high)})"


def _spent(spent: Spending) -> str:
    if spent.gpu_s:
        devices = f"{device_time(spent.gpu_s, 'GPU')} and {device_time(spent.cpu_s, 'CPU')}"
        return f"cost so far: {devices} ({span(spent.gpu_s / spent.runs)} of GPU per run)"
    return f"cost so far: {device_time(spent.cpu_s, 'CPU')} ({span(spent.cpu_s / spent.runs)} per run)"


def _packs(packs: Sequence[RunningPack]) -> Table:
    columns = [column for column in _USE if any(column.value(pack) is not None for pack in packs)]
    table = plain_table("pack", "trains", "runs", "step", "speed", *(column.name for column in columns))
    table.padding = (0, 2, 0, 0)
    for place in table.columns:
        place.no_wrap, place.justify = place.header == "pack", "left" if place.header in _WORDY else "right"
    for pack in packs[:_SHOWN_PACKS]:
        share = f"{pack.step:,} of {pack.steps:,}, {percent(pack.step / pack.steps)}"
        use = ("" if (value := column.value(pack)) is None else column.text(value) for column in columns)
        table.add_row(pack.pack_id, pack.label.replace("/", " "), str(pack.runs), share, f"{pack.run_steps_per_s:,.0f}/s", *use)
    if len(packs) > _SHOWN_PACKS:
        table.add_row("...", f"and {len(packs) - _SHOWN_PACKS} more")
    return table


def _progress_by_axis(axes: Sequence[AxisProgress]) -> Table:
    table = plain_table("axis", "done/wanted runs per value")
    by_axis: dict[str, list[tuple[str, str]]] = {}
    for progress in axes:
        by_axis.setdefault(progress.axis, []).append((value_text(progress.value), f"{progress.done:,}/{progress.wanted:,}"))
    for axis, pairs in by_axis.items():
        table.add_row(axis, "   ".join(value_cells(pairs)))
    return table


def failure_lines(groups: Sequence[FailureGroup], grid: str, paths: SweepPaths) -> Iterable[str]:
    """List failures by cause: how many runs, the last frame, the log, and a command that reproduces it."""
    if groups:
        causes = "1 cause" if len(groups) == 1 else f"{len(groups):,} causes"
        yield f"[red]failures: {counted(sum(len(group.run_ids) for group in groups), 'run')}, {causes}[/red]"
    for group in groups:
        yield _failure_text(group, grid, paths)


def _failure_text(group: FailureGroup, grid: str, paths: SweepPaths) -> str:
    cause, example = group.example.cause, group.example
    gave_up, runs = len(group.gave_up), len(group.run_ids)
    state = "given up" if gave_up == runs else f"{gave_up:,} given up, the others will be tried again"
    return (
        f"[red]{counted(runs, 'run')} failed ({state})[/red]: {cause.error}: {escape(cause.message)}\n"
        f"  at         {escape(cause.frame)}\n"
        f"  log        {escape(str(paths.pack_log(example.pack_id, example.attempt)))}\n"
        f"  reproduce  {escape(_reproduce(grid, group))}"
    )


def _reproduce(grid: str, group: FailureGroup) -> str:
    return pasted("recipe-sweep", "run", grid, "--run", group.run_ids[0])
