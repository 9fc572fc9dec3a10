"""`doctor`: looks for faults in a sweep, and whether a launch can start on the machines of a cluster file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.cli.actions.plan import disk_of
from recipe_sweep.sweep.cli.shared import open_sweep, without_garbage_collection
from recipe_sweep.sweep.cli.show.findings import findings_json, print_findings, start_json
from recipe_sweep.sweep.cli.streams import say
from recipe_sweep.sweep.clusters.machines import Cluster, load_cluster
from recipe_sweep.sweep.launch.notices import why_not
from recipe_sweep.sweep.launch.options import LaunchOptions, request_of
from recipe_sweep.sweep.monitoring.doctor import Finding, Severity, examine
from recipe_sweep.sweep.monitoring.start_check import check_disk, check_start
from recipe_sweep.sweep.monitoring.store_check import check_own_values
from recipe_sweep.sweep.planning.opening import Reference, Target
from recipe_sweep.sweep.planning.request import plan_of


@dataclass(frozen=True)
class DoctorOptions:
    """A sweep, a cluster file, or both; and how to print."""

    grid: str | None
    directory: Path | None
    cluster: Path | None
    as_json: bool


def look_for_faults(options: DoctorOptions) -> bool:
    """Print what was found; return whether there is no problem. Raises UserInputError if neither grid nor file is given."""
    if options.cluster is not None:
        findings = _start(options, load_cluster(options.cluster, to_start=True))
        if options.as_json:
            say(start_json(options.cluster, options.grid, findings))
    elif options.grid is not None:
        with without_garbage_collection():
            target = open_sweep(options.grid, options.directory, None).begun()
            findings = examine(target.paths)
        if options.as_json:
            say(findings_json(target, findings))
    else:
        expected = "GRID, a sweep to look at; or --cluster FILE, machines to look at; or both"
        raise UserInputError(Problem("doctor", found="neither a grid nor a cluster file", expected=expected))
    if not options.as_json:
        print_findings(findings)
    return not any(finding.severity is Severity.PROBLEM for finding in findings)


def _start(options: DoctorOptions, cluster: Cluster) -> Sequence[Finding]:
    findings = [*check_start(cluster), *check_own_values(cluster)]
    variable = cluster.backend.notice().variable
    problem = None if variable is None else why_not(variable)
    if problem is not None:
        findings.append(Finding(Severity.PROBLEM, f"nobody can be told: {problem.file} is {problem.found}", problem.expected))
    if options.grid is None:
        findings += [check_disk(place, None, "a launch") for place in _places(cluster, Path.cwd())]
    else:
        target = open_sweep(options.grid, options.directory, None)
        findings += _plan(options, target, cluster)
        if target.paths.lock_file.exists():
            findings += examine(target.paths)
    return sorted(findings, key=lambda finding: [*Severity][::-1].index(finding.severity))


def _plan(options: DoctorOptions, target: Target, cluster: Cluster) -> Sequence[Finding]:
    """Compare the disk with the plan's estimate. Raises UserInputError if the grid cannot be planned on these machines."""
    assert options.grid is not None
    launch = LaunchOptions(Reference(options.grid, options.directory), cluster=options.cluster)
    request = request_of(launch, target)
    planned = plan_of(request)
    used = disk_of(request, target, planned)
    found = [check_disk(place, used) for place in _places(cluster, target.paths.root)]
    return [
        *found,
        Finding(Severity.OK, f"{counted(planned.runs, 'run')} in {counted(len(planned.packs), 'pack')} would be trained"),
    ]


def _places(cluster: Cluster, here: Path) -> Sequence[Path]:
    """Return where results would go, as far as it is seen from here."""
    if not cluster.backend.starts_machines:
        return [here]
    shared = cluster.backend.shared_folder()
    return [shared] if shared is not None and shared.is_dir() else []
