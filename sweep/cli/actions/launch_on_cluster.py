"""`launch GRID --cluster FILE` with machines that are started: plan, ask, start, and follow.

The launch itself runs on the cluster. This process follows it, and may end or be killed at any time. The same command then
follows again, because the sweep's directory here and the cluster's generated directory say what is up.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import NamedTuple

import typer

from recipe_sweep.cluster.backends.base import Started
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.grid_file import document_text
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.actions.elsewhere import Elsewhere, elsewhere_of
from recipe_sweep.sweep.cli.actions.follow_on_cluster import follow, how_to_attach
from recipe_sweep.sweep.cli.actions.noticing import Noticing
from recipe_sweep.sweep.cli.shared import console
from recipe_sweep.sweep.cli.show.cluster import cluster_lines
from recipe_sweep.sweep.cli.show.launch_end import tell_where
from recipe_sweep.sweep.cli.show.plan import print_work
from recipe_sweep.sweep.cli.streams import tell, warn
from recipe_sweep.sweep.clusters.jobs import Sent, bring_up, prepare, scratch_directory, settled
from recipe_sweep.sweep.clusters.machines import Cluster, machines_of
from recipe_sweep.sweep.clusters.noted import note_sweep
from recipe_sweep.sweep.clusters.up_file import generated_directory, read_record, sent_name
from recipe_sweep.sweep.errors import ClusterStateError
from recipe_sweep.sweep.estimates.budget import Budget, budget_of
from recipe_sweep.sweep.estimates.estimate import estimate
from recipe_sweep.sweep.files.on_cluster import check_here, read_on_cluster
from recipe_sweep.sweep.files.overlooked import tell_now
from recipe_sweep.sweep.launch.options import LaunchOptions, request_of
from recipe_sweep.sweep.planning.opening import Located, Target, check_not_elsewhere, opened
from recipe_sweep.sweep.planning.request import check_numerics, plan_of


@dataclass(frozen=True)
class Consent:
    """What the user has agreed to on the command line: to start machines, and to go over the budget. And whether to follow."""

    yes: bool = False
    over_budget: bool = False
    detach: bool = False


class Place(NamedTuple):
    """A cluster, and the directory here of the sweep that is to run there."""

    cluster: Cluster
    located: Located


def launch_on_cluster(options: LaunchOptions, place: Place, consent: Consent, noticed: Noticing | None = None) -> None:
    """Train the sweep on a cluster and follow it to its end; attach to it if it runs there already.

    Raises UserInputError before anything is started, and ClusterCommandError if a program of the cluster fails. Raises Exit
    with the exit code of the launch there.
    """
    cluster, located = place
    _check_seen(options, consent)
    cluster.check_here()
    target = opened(located, options.renumber)
    elsewhere = elsewhere_of(cluster, target.grid.name, target.paths, options.store)
    options = replace(options, store=elsewhere.address)
    elsewhere.agree(target)
    if _runs_there(cluster, target):
        tell(f"this sweep runs on the cluster of {cluster.path} already: following it")
    else:
        check_not_elsewhere(located)
        check_here(target.paths, None)
        if elsewhere.fetched(target):
            target = opened(located)
        if not _start(options, elsewhere, target, consent):
            return
    if consent.detach:
        tell(how_to_attach(options, cluster))
        return
    follow(options, elsewhere, target, noticed)


def _check_seen(options: LaunchOptions, consent: Consent) -> None:
    """Refuse what follows the end of a launch where nobody here sees the end."""
    given = [name for name, value in (("--notify", options.notify), ("--at-end", options.at_end)) if value is not None]
    if consent.detach and given:
        found = f"{given[0]} beside --detach, so that nobody here sees the end of the launch"
        hint = "`notify: env:NAME` in the cluster file lets the launch there tell you"
        raise UserInputError(Problem(given[0], found=found, expected="one of the two options", hint=hint))


def _runs_there(cluster: Cluster, target: Target) -> bool:
    """Say whether this sweep runs on this cluster. Raises ClusterStateError if another one does."""
    directory = generated_directory(cluster.path)
    record, place = read_record(directory), read_on_cluster(target.paths)
    if record is None:
        return False
    if place is not None and place.generated == str(directory):
        return True
    name = sent_name(directory)
    if name == target.grid.name:  # The command may have been typed in another directory before.
        if record.sweep is None:
            note_sweep(cluster, target.paths)
        return True
    raise ClusterStateError(
        Problem(
            str(cluster.path),
            found=f"a cluster that is up for {'no grid' if name is None else f'the grid {name}'}",
            expected=f"one that is free, for the grid {target.grid.name}",
            hint=f"one cluster file is one cluster: copy it under another name, or end it with "
            f"`{pasted('recipe-sweep', 'cluster', 'down', cluster.path)}`",
        )
    )


def _start(options: LaunchOptions, elsewhere: Elsewhere, target: Target, consent: Consent) -> bool:
    """Show the plan, ask, and start the machines; False if there is nothing to do or the user says no."""
    cluster = elsewhere.cluster
    request = request_of(options, target)
    plan = plan_of(request)
    check_numerics(request, [point for pack in plan.packs for point in pack.points])
    if not plan.packs:
        tell(f"{len(plan.kept)} of {plan.selected} done, nothing to do")
        tell_where(target.paths.root, options.mlflow)
        return False
    _check_sent(cluster, target, options, done=len(plan.kept))
    machines = machines_of(cluster)
    estimated = estimate(plan, target.paths, machines, request.workload)
    budget = budget_of(estimated, machines, cluster.backend.budget_hours())
    screen = console()
    tell(budget.sentence)
    print_work(screen, plan, machines, estimated)
    tell_now(warn)
    for line in cluster_lines(cluster):
        tell(line)
    _check_budget(cluster, budget, consent)
    if not _agreed(cluster, consent):
        tell("nothing was started")
        return False
    with scratch_directory() as scratch:
        order = prepare(settled(cluster), Sent(target.grid.name, document_text(target.grid), _words(options)), scratch)
        order = order.after(elsewhere.newest_epoch())
        bring_up(order, scratch, tell, target.paths, elsewhere.copy)
    return True


def _check_sent(cluster: Cluster, target: Target, options: LaunchOptions, done: int) -> None:
    """Refuse a cluster to which what is done here cannot be sent, because it would be trained a second time."""
    reachable = cluster.backend.reach(Started(generated_directory(cluster.path), None), target.grid.name) is not None
    if not done or reachable or options.store is not None:
        return
    raise UserInputError(
        Problem(
            str(target.paths.root),
            found=f"{counted(done, 'run')} done here, which cannot be sent to a {cluster.backend.name} cluster",
            expected="a sweep that begins there, or one with a store that both reach",
            hint="give it a store with --store s3://BUCKET/PATH, or another directory with --dir",
        )
    )


def _check_budget(cluster: Cluster, budget: Budget, consent: Consent) -> None:
    if budget.over and not consent.over_budget:
        raise UserInputError(
            Problem(
                str(cluster.path),
                found=budget.sentence,
                expected="a plan that fits the budget",
                hint="raise the budget in the cluster file; train a part with --only; or add --over-budget: "
                "the machines end with the budget, and the same command goes on from the checkpoints",
            )
        )


def _agreed(cluster: Cluster, consent: Consent) -> bool:
    """Ask whether to start the machines. Raises UserInputError where nobody can answer."""
    if consent.yes:
        return True
    if not sys.stdin.isatty():
        hint = "add --yes, if you want to start them"
        raise UserInputError(
            Problem(str(cluster.path), found="machines to start, and nobody to ask", expected="--yes", hint=hint)
        )
    return typer.confirm(f"Start the {cluster.backend.name} cluster of {cluster.path}?")


def _words(options: LaunchOptions) -> tuple[str, ...]:
    """Return the options that the launch on the cluster gets as well."""
    words = [word for condition in options.only for word in ("--only", condition)]
    words += [] if options.keep is None else ["--keep", str(options.keep)]
    words += ["--retry-failed"] if options.retry_failed else []
    words += ["--renumber"] if options.renumber else []
    words += [] if options.store is None else ["--store", options.store]
    return tuple(words)
