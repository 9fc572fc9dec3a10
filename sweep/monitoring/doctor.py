"""Looks for faults in a sweep: duplicate rows, weights without rows, damaged files, changed data, stuck packs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import RecipeSweepError, UserInputError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX
from recipe_sweep.sweep.files.failure_file import START_ERROR, read_failures
from recipe_sweep.sweep.files.kinds import RESULTS
from recipe_sweep.sweep.files.overlooked import silence
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import point_from_text
from recipe_sweep.sweep.files.reading import meaningful
from recipe_sweep.sweep.files.sweep_file import is_rehearsal, read_sweep_file
from recipe_sweep.sweep.locks.lease import visible_launch
from recipe_sweep.sweep.monitoring.damage import damaged_files
from recipe_sweep.sweep.monitoring.stuck import packs_at_work, stuck_packs
from recipe_sweep.sweep.planning.search_rounds import readable_rounds
from recipe_sweep.sweep.results.done import DoneRuns, read_done
from recipe_sweep.sweep.results.read import newer_sentence, read_rows
from recipe_sweep.sweep.results.schema_version import SCHEMA_VERSION


class Severity(StrEnum):
    """How bad a finding is. A note needs no action, and what is ok was looked at and found right."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One fault or note, and what to do about it."""

    severity: Severity
    text: str
    remedy: str = ""


def examine(paths: SweepPaths) -> tuple[Finding, ...]:
    """Check a sweep's files; return findings, problems first. Write nothing but the index."""
    try:
        done = read_done(paths)
    except RecipeSweepError as error:
        return (Finding(Severity.PROBLEM, str(error)),)
    launch = visible_launch(paths.lease)
    idle = launch is None
    stuck = stuck_packs(paths, launch, packs_at_work(paths, launch, done), done)
    findings = [
        *(_damaged(error) for error in damaged_files(paths) if not _is_orphan(paths, done, error.path)),
        *_newer(paths, done),
        *(Finding(Severity.PROBLEM, pack.text, pack.remedy) for pack in stuck),
        *_starts(paths, done),
        *_kind(paths, done),
        *_rows(done),
        *_search(paths),
        *_contents(paths, done),
        *_data(paths),
        *_weights(paths, done, idle),
        *_leftovers(paths, done, idle),
    ]
    return tuple(sorted(findings, key=lambda finding: finding.severity is Severity.NOTE))


def _damaged(error: DamagedFileError) -> Finding:
    silence(error.path)
    return Finding(Severity.PROBLEM, f"{error.path} is not {error.expected} but {error.found}: {error.follows}", error.remedy)


def _is_orphan(paths: SweepPaths, done: DoneRuns, path: Path) -> bool:
    """Check whether this is a file of weights that no results name. `_weights` reports it."""
    return path.parent == paths.weights and path.name not in _named(paths, done)


def _named(paths: SweepPaths, done: DoneRuns) -> set[str]:
    return {paths.pack_weights(file.pack_id, file.epoch, file.attempt).name for file in done.files}


def _newer(paths: SweepPaths, done: DoneRuns) -> Iterator[Finding]:
    sentence = newer_sentence(paths.results, (file.schema_version for file in done.files))
    if sentence is not None:
        silence(paths.results)
        yield Finding(Severity.NOTE, sentence, "nothing needs to be done; to see these columns, use the newer one")


def _starts(paths: SweepPaths, done: DoneRuns) -> Iterator[Finding]:
    """Find packs whose workers died before they began, if their runs are still not done."""
    failures = [failure for failure in read_failures(paths) if failure.cause.error == START_ERROR]
    waiting = [failure for failure in failures if not set(failure.run_ids) <= done.file_of.keys()]
    for message in dict.fromkeys(failure.cause.message for failure in waiting):
        hosts = ", ".join(sorted({failure.host for failure in waiting if failure.cause.message == message}))
        yield Finding(
            Severity.PROBLEM, f"on {hosts}, {message}", "fix the environment that workers start in, then launch again"
        )


def _kind(paths: SweepPaths, done: DoneRuns) -> Iterator[Finding]:
    rehearsal = is_rehearsal(paths)
    if rehearsal:
        yield Finding(Severity.NOTE, "this is a rehearsal: its results are made up")
    for file in done.files:
        if file.rehearsal is not rehearsal:
            kind = "made-up results in a real sweep" if file.rehearsal else "real results in a rehearsal"
            yield Finding(Severity.PROBLEM, f"{paths.pack_result(file.pack_id)} holds {kind}", "move the file away")


def _rows(done: DoneRuns) -> Iterator[Finding]:
    for run_id, packs in done.duplicates.items():
        yield Finding(
            Severity.PROBLEM,
            f"run {run_id} has a row in each of the packs {', '.join(packs)}",
            f"readers take the one of pack {done.file_of[run_id].pack_id}" if run_id in done.file_of else "",
        )


def _search(paths: SweepPaths) -> Iterator[Finding]:
    asked = Counter(asked for each in readable_rounds(paths) for asked in each.trials)
    for each in (each for each, count in asked.items() if count > 1):
        values = f"alpha {each.choice.alpha:g}" + ("" if each.choice.tau is None else f" tau {each.choice.tau:g}")
        yield Finding(Severity.PROBLEM, f"study {each.study_id} was asked for {values} twice", "the sampler counts it twice")


def _contents(paths: SweepPaths, done: DoneRuns) -> Iterator[Finding]:
    """Find rows whose id is not the hash of their point, and packs whose data or code differ."""
    sweep = read_sweep_file(paths)
    versions: dict[tuple[str, str], int] = {}
    for file in done.files:
        try:
            content = _rows_and_points(paths.pack_result(file.pack_id))
        except DamagedFileError as error:
            if file.schema_version <= SCHEMA_VERSION:  # A newer file may have points that this version does not know.
                yield _damaged(error)
            continue
        for row, point in content:
            if point.run_id != row["run_id"]:
                yield Finding(Severity.PROBLEM, f"row {row['run_id']} of pack {file.pack_id} holds the point of {point.run_id}")
            pinned = sweep.data_hashes.get(point.dataset_id) if sweep else None
            if pinned is not None and pinned != row["data_hash"]:
                yield Finding(
                    Severity.PROBLEM, f"run {row['run_id']} was trained on data {row['data_hash']}, but {pinned} is pinned"
                )
            made_by = (row["code_version"], row["torch_version"])
            versions[made_by] = versions.get(made_by, 0) + 1
    if len(versions) > 1:
        listed = "; ".join(f"{runs} by {code} with torch {torch}" for (code, torch), runs in sorted(versions.items()))
        yield Finding(Severity.NOTE, f"runs were trained by different versions: {listed}")


def _data(paths: SweepPaths) -> Iterator[Finding]:
    """Find datasets that differ from what the sweep has pinned. Read every byte of them."""
    from recipe_sweep.trainers.data.comparison import Pin, compare_stored
    from recipe_sweep.trainers.data.errors import DataError

    sweep = read_sweep_file(paths)
    if sweep is None or sweep.rehearsal is not None:
        return
    root = Path(sweep.data_root)
    for key in sorted({*sweep.data_hashes, *sweep.data_fingerprints}):
        here = [directory for directory in root.glob("*/*/*/*") if directory.name == key and directory.is_dir()]
        if not here and key in sweep.data_fingerprints:
            yield Finding(Severity.NOTE, f"dataset {key} is not in {root}: its bytes were not compared")
        for directory in here:
            try:
                compare_stored(directory, root, Pin(sweep.data_hashes.get(key), sweep.data_fingerprints.get(key)))
            except DataError as error:
                text = "; ".join(f"{each.file}: found {each.found}, expected {each.expected}" for each in error.problems)
                yield Finding(Severity.PROBLEM, f"data changed: {text}", error.problems[0].hint or "")
            except UserInputError as error:  # The task may be of a plugin that is not here.
                yield Finding(Severity.PROBLEM, f"{directory} cannot be compared with its fingerprint: {error}")


def _rows_and_points(path: Path) -> Sequence[tuple[dict[str, Any], DesignPoint]]:
    """Read the rows of a results file and their points. Raises DamagedFileError if a point is invalid."""
    try:
        rows = read_rows(path, ("run_id", "point", "data_hash", "code_version", "torch_version")).to_pylist()
    except (DamagedFileError, FileNotFoundError):  # `damaged_files` reports it.
        return ()
    with meaningful(path, RESULTS):
        return [(row, point_from_text(row["point"])) for row in rows]


def _weights(paths: SweepPaths, done: DoneRuns, idle: bool) -> Iterator[Finding]:
    named = _named(paths, done)
    for file in done.files:
        if file.weights_missing:
            yield Finding(
                Severity.PROBLEM,
                f"the weights of pack {file.pack_id} ({counted(len(file.run_ids), 'run')}) are gone",
                "a launch trains these runs again",
            )
    unknown = {error.path.stem for error in done.damaged}  # Weights that no row names may belong to these.
    if idle:
        for path in sorted(paths.weights.glob("[!.]*.safetensors")):
            if path.name not in named and path.name.partition(".")[0] not in unknown:
                yield Finding(Severity.NOTE, f"{path} belongs to no results", "it may be removed")


def _leftovers(paths: SweepPaths, done: DoneRuns, idle: bool) -> Iterator[Finding]:
    if not idle:
        return
    for path in sorted(_temporary_files(paths.root)):
        yield Finding(Severity.NOTE, f"{path} was being written when a process died", "it may be removed")
    for path in sorted(paths.checkpoints.glob("*")) if paths.checkpoints.exists() else []:
        if path.name in done.pack_ids:
            yield Finding(Severity.NOTE, f"{path} is the checkpoint of a finished pack", "it may be removed")


def _temporary_files(root: Path) -> Iterator[Path]:
    """Find temporary files. `rglob` would compile its pattern again in each of a thousand folders."""
    for folder, _, names in os.walk(root):
        found = (Path(folder, name) for name in names if name.startswith(".") and name.endswith(TEMPORARY_SUFFIX))
        yield from (path for path in found if path.is_file())
