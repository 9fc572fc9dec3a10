"""`replay`: trains finished runs again in their recorded setting, and compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.cli.shared import console, open_reference, workload
from recipe_sweep.sweep.cli.show.bars import stages
from recipe_sweep.sweep.cli.show.replay import print_replay, replay_json
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.errors import UnknownRunError
from recipe_sweep.sweep.files.sweep_file import NO_PINS, read_sweep_file
from recipe_sweep.sweep.monitoring.run_history import find_run
from recipe_sweep.sweep.planning.opening import Reference, Target
from recipe_sweep.sweep.results.done import DoneRuns, ResultFile, read_done
from recipe_sweep.sweep.results.kept import check_trained
from recipe_sweep.sweep.results.recorded import RecordedPack, recorded_pack
from recipe_sweep.sweep.worker.device import check_device, choose_device
from recipe_sweep.sweep.worker.replay import Compared, Replay, replay_pack
from recipe_sweep.trainers.data.catalogue import default_data_root


@dataclass(frozen=True)
class ReplayOptions:
    """Which runs to train again, or how many to draw with which seed; whether without their packs, and where."""

    reference: Reference
    run_ids: Sequence[str]
    sample: int | None
    seed: int
    only: Sequence[str]
    alone: bool
    data: Path | None
    device: str | None
    as_json: bool


@dataclass(frozen=True)
class _Task:
    """A recorded pack with those of its runs that are asked for, and the device for it."""

    pack: RecordedPack
    wanted: frozenset[str]
    device: str


def replay_runs(options: ReplayOptions) -> bool:
    """Train runs again and print the comparison; return whether every promise of the same bits was kept.

    After Ctrl-C the runs that were compared are still printed.
    """
    target = open_reference(options.reference).begun()
    tasks = _tasks(target, options)
    if not options.as_json:
        tell(_announced(tasks, options.alone), flush=True)
    found: list[Compared] = []
    try:
        for compared in _compared(target, tasks, options):
            found.append(compared)
    finally:
        if options.as_json:
            say(replay_json(found))
        elif found:
            print_replay(console(), found)
    return not any(one.broken for one in found)


def _announced(tasks: Sequence[_Task], alone: bool) -> str:
    whole = [task for task in tasks if not (alone or task.pack.same_alone)]
    single = sum(len(task.wanted) for task in tasks if task not in whole)
    parts = [f"{counted(single, 'run')} again, each alone"] if single else []
    if whole:
        members, runs = sum(len(task.pack.runs) for task in whole), sum(len(task.wanted) for task in whole)
        parts.append(f"{counted(len(whole), 'pack')} again with {counted(members, 'run')}, to compare {runs:,} of them")
    return f"training {' and '.join(parts)}; nothing is recorded"


def _compared(target: Target, tasks: Sequence[_Task], options: ReplayOptions) -> Iterator[Compared]:
    sweep = read_sweep_file(target.paths)
    pins = NO_PINS if sweep is None else sweep.pins
    with stages() as begin:
        for number, task in enumerate(tasks, 1):
            root = options.data or default_data_root()
            how = Replay(target.paths, root, pins, task.device, workload(), options.alone)
            advanced = begin(f"pack {number} of {len(tasks)}, {task.pack.pack_id}")
            yield from replay_pack(task.pack, task.wanted, how, advanced)


def _tasks(target: Target, options: ReplayOptions) -> list[_Task]:
    """Find the packs of the runs. Every mistake is found here, before anything is trained."""
    done = read_done(target.paths)
    wanted = set(_named(target, done, options) if options.sample is None else _drawn(target, done, options))
    files = {file.pack_id: file for file in (_file(target, done, run_id) for run_id in sorted(wanted))}
    tasks = []
    for pack_id, file in files.items():
        members = frozenset(run for run in file.run_ids if run in wanted and done.file_of[run].pack_id == pack_id)
        pack = recorded_pack(target.paths, file)
        device = options.device or (pack.setting.device or "cpu").partition(":")[0]
        check_device(device)
        tasks.append(_Task(pack, members, choose_device(device)))
    return tasks


def _named(target: Target, done: DoneRuns, options: ReplayOptions) -> Iterable[str]:
    if not options.run_ids:
        hint = "--sample 20 takes twenty finished runs"
        raise UserInputError(Problem("RUN_ID", found="no run", expected="ids of runs, or --sample N", hint=hint))
    if options.only:
        found = "--only beside ids of runs"
        raise UserInputError(Problem("--only", found=found, expected="--only beside --sample, or ids alone"))
    return [find_run(target, run_id).run_id for run_id in options.run_ids]


def _drawn(target: Target, done: DoneRuns, options: ReplayOptions) -> Iterable[str]:
    assert options.sample is not None
    if options.run_ids:
        found = f"--sample {options.sample} beside ids of runs"
        raise UserInputError(Problem("--sample", found=found, expected="ids of runs or --sample, not both"))
    finished = sorted(point.run_id for point in target.selected(options.only) if point.run_id in done.file_of)
    if not finished:
        raise UnknownRunError(Problem(str(target.paths.root), found="no finished run to draw", expected="finished runs"))
    order = np.random.default_rng(options.seed).permutation(len(finished))
    return [finished[place] for place in order[: options.sample]]


def _file(target: Target, done: DoneRuns, run_id: str) -> ResultFile:
    file = done.file_of.get(run_id)
    if file is None:
        raise UnknownRunError(Problem(f"run {run_id}", found="a run that is not done", expected="a finished run"))
    check_trained(target.paths, file)
    return file
