"""Launches a sweep from Python."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.validation import one_of
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.cli.actions.launch import end_of_launch
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.shared import rehearsed_workload, workload
from recipe_sweep.sweep.cli.streams import warn
from recipe_sweep.sweep.files.overlooked import overlooked
from recipe_sweep.sweep.files.sweep_file import Rehearsal
from recipe_sweep.sweep.interface.opened import Sweep
from recipe_sweep.sweep.launch.options import LaunchOptions
from recipe_sweep.sweep.planning.opening import Reference, locate, opened


class LaunchKeywords(TypedDict, total=False):
    """Further keywords of `recipe_sweep.launch`, named as the options of `recipe-sweep launch`."""

    only: Sequence[str]
    """filters such as `seed=0,1`"""
    cluster: str | os.PathLike[str]
    """a cluster file; without it, this machine"""
    data: str | os.PathLike[str]
    """the directory of datasets"""
    keep: str
    """which weights are kept: `none`, `actor` or `all`"""
    retry_failed: bool
    renumber: bool
    store: str
    """a store's address, such as `s3://my-bucket/my-sweep`"""
    mlflow: bool
    notify: str
    """who is told how the launch goes: `env:NAME`, an environment variable with an address of apprise"""


def launch(
    grid: str | os.PathLike[str] | Mapping[str, Any],
    *,
    directory: str | os.PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    rehearse: bool = False,
    **options: Unpack[LaunchKeywords],
) -> Sweep:
    """Train every run of the grid that is not done yet, as `recipe-sweep launch`, and open the sweep.

    `grid` is a file, a preset's name, a sweep's directory, or a mapping with the keys of a grid file. A notebook shows a table
    that updates itself; interrupt its cell to stop, and call again to continue. `rehearse` makes results up, in a directory
    of its own. The other keywords are those of `LaunchKeywords`.

    Warns if runs have failed. Raises KeyboardInterrupt if it was stopped, and UserInputError with every mistake in the grid
    and the options.

    >>> import recipe_sweep
    >>> sweep = recipe_sweep.launch("my-grid.yaml", mlflow=False)
    16 of 16 done, nothing to do
    ...
    >>> sweep
    <Sweep demo: 16 of 16 runs done, in sweeps/demo>
    """
    if threading.current_thread() is not threading.main_thread():
        problem = Problem(
            "launch", found="another thread", expected="the main thread, because only it can be stopped by Ctrl-C"
        )
        raise UserInputError(problem)
    reference = _reference(grid, directory, overrides)
    launched = _options(reference, rehearse, options)
    with overlooked() as heard:
        try:
            end = end_of_launch(launched)
        except UserInputError as error:
            for problem in error.problems:
                heard.silence(problem.file)
            raise
        finally:
            heard.tell(warn)
    if end is ExitCode.INTERRUPTED:
        raise KeyboardInterrupt("the launch was stopped; launch again to continue")
    if end is not ExitCode.OK:
        warnings.warn("not every run was trained: `sweep.runs` has the status of each", stacklevel=2)
    return Sweep(opened(locate(reference, rehearsal=rehearse)).begun())


def _reference(
    grid: str | os.PathLike[str] | Mapping[str, Any], directory: str | os.PathLike[str] | None, overrides: Sequence[str]
) -> Reference:
    place = None if directory is None else Path(directory)
    if not isinstance(grid, Mapping):
        return Reference(os.fspath(grid), place, tuple(overrides))
    named = Reference("the grid", place, tuple(overrides), grid)
    # Messages name commands to type. There the sweep's directory stands for a grid that is in no file.
    return Reference(str(locate(named).paths.root), place, tuple(overrides), grid)


def _options(reference: Reference, rehearse: bool, given: LaunchKeywords) -> LaunchOptions:
    if unknown := given.keys() - LaunchKeywords.__annotations__.keys():
        raise TypeError(f"launch() got an unexpected keyword argument {min(unknown)!r}")
    cluster, data, keep = given.get("cluster"), given.get("data"), given.get("keep")
    return LaunchOptions(
        reference,
        tuple(given.get("only", ())),
        None if cluster is None else Path(cluster),
        None if data is None else Path(data),
        None if keep is None else _kept(keep),
        retry_failed=given.get("retry_failed", False),
        renumber=given.get("renumber", False),
        store=given.get("store"),
        mlflow=given.get("mlflow", True),
        notify=given.get("notify"),
        workload=rehearsed_workload() if rehearse else workload(),
        rehearsal=Rehearsal() if rehearse else None,
    )


def _kept(word: str) -> Keep:
    if word not in {keep.value for keep in Keep}:
        raise UserInputError(Problem("launch", None, "keep", repr(word), one_of([keep.value for keep in Keep])))
    return Keep(word)
