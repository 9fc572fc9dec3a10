"""`launch`, `rehearse` and `retry`: open the sweep, plan, train, and print the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import typer

from recipe_sweep.cluster.backends.registry import starting
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.studies import SearchSpace
from recipe_sweep.sweep.cli.actions.launch_on_cluster import Consent, Place, launch_on_cluster
from recipe_sweep.sweep.cli.actions.noticing import Noticing, noticing
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.shared import console, open_located
from recipe_sweep.sweep.cli.show.launch_end import mlflow_beside, tell_end, tell_where
from recipe_sweep.sweep.cli.show.live import LaunchDisplay
from recipe_sweep.sweep.cli.show.plan import print_work
from recipe_sweep.sweep.cli.show.search import progress_line
from recipe_sweep.sweep.cli.streams import tell, warn
from recipe_sweep.sweep.clusters.machines import Cluster, alternatives, check_drivable, load_cluster, machines_here
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.estimates.estimate import estimate
from recipe_sweep.sweep.files.on_cluster import check_here
from recipe_sweep.sweep.files.overlooked import tell_now
from recipe_sweep.sweep.launch.launch import launch
from recipe_sweep.sweep.launch.options import LaunchOptions, request_of
from recipe_sweep.sweep.monitoring.status import failed_runs
from recipe_sweep.sweep.planning.opening import Located, Target, check_not_elsewhere, locate, opened
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.planning.request import LaunchRequest, check_numerics, check_playable, plan_of
from recipe_sweep.sweep.planning.search_rounds import ask_round, next_points
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.of_sweep import fetched_store
from recipe_sweep.sweep.store.sync import store_the_rest
from recipe_sweep.sweep.travel.choice import way_mistake
from recipe_sweep.sweep.worker.worlds import AS_PAPER, NULL


def launch_grid(options: LaunchOptions, consent: Consent | None = None) -> None:
    """Train or rehearse every run that is not done yet. A search goes on, round after round, until its trials are done.

    Machines that have to be started are started with the user's `consent`, and followed.
    """
    located, cluster = _read_both(options)
    if consent is not None and cluster is not None and cluster.backend.ships_code:
        if options.store is not None:
            open_store(options.store)  # A mistake in it would be found on the cluster, after it has started.
        with noticing(options, cluster) if not consent.detach else nullcontext() as noticed:
            launch_on_cluster(options, Place(cluster, located), consent, noticed)
        return
    _check_nothing_to_leave(consent)
    with _launching(options, cluster) as noticed:
        _launch_grid(options, noticed, located, cluster)


def _check_nothing_to_leave(consent: Consent | None) -> None:
    """Refuse options that mean machines to start, where none are started."""
    given = [] if consent is None else [("--detach", consent.detach), ("--over-budget", consent.over_budget)]
    expected = f"machines to start: a cluster file of {alternatives(starting())}"
    hints = {"--detach": "leave it out; tmux or nohup keep a launch here going", "--over-budget": "leave it out"}
    problems = [
        Problem(name, found="a launch that starts no machines", expected=expected, hint=hints[name])
        for name, is_given in given
        if is_given
    ]
    if problems:
        raise UserInputError(*problems)


def _launch_grid(options: LaunchOptions, noticed: Noticing, located: Located, cluster: Cluster | None) -> None:
    if options.rehearsal is None:
        check_not_elsewhere(located)
        check_here(located.paths, options.cluster)
    store = fetched_store(located.paths, options.store)
    if cluster is not None and (mistake := way_mistake(cluster.resources.travel, None if store is None else store.address)):
        raise cluster.complaint(mistake)
    target = opened(located, options.renumber)
    if target.space is None:
        _train(options, target, request_of(options, target, store), noticed)
    else:
        _search(options, target, target.space, store, noticed)


def _cluster(options: LaunchOptions) -> Cluster | None:
    return None if options.cluster is None else load_cluster(options.cluster, to_start=True)


def _launching(options: LaunchOptions, cluster: Cluster | None) -> AbstractContextManager[Noticing]:
    """Return a context that notices what a launch from here does. Raises ClusterFileError if it cannot use the machines."""
    if cluster is not None:
        check_drivable(cluster, options.reference.text)
    return noticing(options, cluster)


def _read_both(options: LaunchOptions) -> tuple[Located, Cluster | None]:
    """Read the grid and the cluster file. Raises UserInputError with the mistakes of both."""
    mistakes: UserInputError | None = None
    cluster = None
    try:
        cluster = _cluster(options)
    except UserInputError as error:
        mistakes = error
    try:
        located = locate(options.reference, rehearsal=options.rehearsal is not None)
    except UserInputError as error:
        if mistakes is None:
            raise
        raise UserInputError(*mistakes.problems, *error.problems) from error
    if mistakes is not None:
        raise mistakes
    return located, cluster


def end_of_launch(options: LaunchOptions) -> ExitCode:
    """Launch a grid as `launch_grid`, and return how it ended as the command's exit code. Raises as `launch_grid`."""
    try:
        launch_grid(options)
    except typer.Exit as end:
        return ExitCode(end.exit_code)
    return ExitCode.OK


def chosen_world(*, null: bool, as_paper: bool) -> str | None:
    """Name the world that a rehearsal draws from; None for a plain one. Raises UserInputError if both are asked for."""
    if null and as_paper:
        raise UserInputError(Problem("--null --as-paper", found="two worlds", expected="one of the two options"))
    return NULL if null else AS_PAPER if as_paper else None


def retry_failed(options: LaunchOptions) -> None:
    """Train what failed again, and nothing else."""
    with _launching(options, _cluster(options)) as noticed:
        _retry_failed(options, noticed)


def _retry_failed(options: LaunchOptions, noticed: Noticing) -> None:
    located = locate(options.reference)
    check_here(located.paths, options.cluster)
    store = fetched_store(located.paths, options.store)
    target = open_located(located)
    request = request_of(options, target, store)
    failed = failed_runs(target.begun().points, target.paths, request.selected)
    if failed:
        _train(options, target, replace(request, selected=failed), noticed)
        return
    waiting = plan_of(request).runs
    again = pasted("recipe-sweep", "launch", options.reference.text)
    goes_on = (
        f"; {counted(waiting, 'run')} {agreeing(waiting, 'waits', 'wait')}, to train {agreeing(waiting, 'it', 'them')}: {again}"
    )
    tell(f"no run has failed{goes_on if waiting else ''}")


def _search(options: LaunchOptions, target: Target, space: SearchSpace, store: Store | None, noticed: Noticing) -> None:
    request = request_of(options, target, store)
    planned = plan_of(request)  # This refuses a directory of another kind before a round is written to it.
    wanted = (*_to_train(planned), *next_points(space, target.paths))
    check_numerics(request, wanted)
    check_playable(request, wanted)
    while True:
        ask_round(space, target.paths)
        target = target.with_new_rounds()
        request = request_of(options, target, store)
        tell(progress_line(target))
        try:
            _train(options, target, request, noticed)
        except typer.Exit as end:  # A run that was given up leaves its trial without a score. The search goes on.
            if end.exit_code != ExitCode.FAILURE or not next_points(space, target.paths):
                raise
        if not next_points(space, target.paths):
            return


def _train(options: LaunchOptions, target: Target, request: LaunchRequest, noticed: Noticing) -> None:
    planned = plan_of(request)
    check_numerics(request, _to_train(planned))
    check_playable(request, _to_train(planned))
    if planned.packs:
        _train_packs(options, target, request, planned, noticed)
    elif planned.held:
        raise SweepDirectoryError(*(problem for error in planned.damaged for problem in error.problems))
    else:
        _say_nothing_to_do(options, target, request, planned)


def _to_train(planned: Plan) -> Iterator[DesignPoint]:
    return (point for pack in planned.packs for point in pack.points)


def _say_nothing_to_do(options: LaunchOptions, target: Target, request: LaunchRequest, planned: Plan) -> None:
    """Store what is not stored yet, and say where the results are. Raises Exit if runs were given up."""
    if request.store is not None and target.paths.lock_file.exists():
        store_the_rest(request.store, target.paths)
    tell(f"{len(planned.kept)} of {planned.selected} done, nothing to do")
    tell_where(target.paths.root, options.mlflow)
    if planned.gave_up:
        count = len(planned.gave_up)
        tell(f"{counted(count, 'run')} failed earlier; try {agreeing(count, 'it', 'them')} again with --retry-failed")
        raise typer.Exit(ExitCode.FAILURE)


def _train_packs(options: LaunchOptions, target: Target, request: LaunchRequest, planned: Plan, noticed: Noticing) -> None:
    """Launch, and print the result. Raises Exit if not everything was trained."""
    screen, root = console(), target.paths.root
    machines = machines_here(request.resources)
    estimated = estimate(planned, target.paths, machines, request.workload)
    print_work(screen, planned, machines, estimated, request.rehearsal is not None)
    tell_now(warn)
    with LaunchDisplay(screen) as display:
        end = launch(request, noticed.display(display), lambda: mlflow_beside(root, options.mlflow))
    noticed.ended(end.status)
    tell_end(screen, end, options.reference.text, root)
    tell_where(root, options.mlflow)
    if end.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if end.status.failed or end.hopeless or end.status.waiting:
        raise typer.Exit(ExitCode.FAILURE)
