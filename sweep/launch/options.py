"""The options of a launch as typed, and the request made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.clusters.machines import load_resources
from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.files.sweep_file import Rehearsal
from recipe_sweep.sweep.planning.opening import Reference, Target
from recipe_sweep.sweep.planning.request import LaunchRequest
from recipe_sweep.sweep.store.base import Store


@dataclass(frozen=True)
class LaunchOptions:
    """The options that plan, launch, rehearse and retry share. None means the default that the command's help names."""

    reference: Reference
    only: Sequence[str] = ()
    cluster: Path | None = None
    data: Path | None = None
    keep: Keep | None = None
    retry_failed: bool = False
    renumber: bool = False
    store: str | None = None
    mlflow: bool = True
    workload: str = REAL
    rehearsal: Rehearsal | None = None
    notify: str | None = None
    at_end: str | None = None


def request_of(options: LaunchOptions, target: Target, store: Store | None = None) -> LaunchRequest:
    """Make the request of a launch from its options and its sweep.

    Raises UserInputError for `only` with a search, and for every mistake in it or in the cluster file.
    """
    if options.only and target.space is not None:
        raise UserInputError(
            Problem(
                f"--only {options.only[0]}",
                found="a part of a search",
                expected="the whole search, because each round has trials of all studies",
            )
        )
    selected = frozenset(point.run_id for point in target.selected(options.only)) if options.only else None
    return LaunchRequest(
        name=target.grid.name,
        grid=target.document,
        points=target.points,
        paths=target.paths,
        resources=load_resources(options.cluster),
        data_root=options.data,
        selected=selected,
        keep=options.keep,
        retry_failed=options.retry_failed,
        workload=options.workload,
        rehearsal=options.rehearsal,
        store=store,
    )
