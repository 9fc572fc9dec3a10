"""`python -m tests.sweep.driver SWEEP DATA JSON`: a launch of a small grid with the stand-in, as a process to kill."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from recipe_sweep.search_spaces.vocabulary import Decomposition, Keep
from recipe_sweep.sweep.cli.show.launch_end import mlflow_beside
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import Rehearsal
from recipe_sweep.sweep.launch.launch import LaunchEnd, launch
from recipe_sweep.sweep.monitoring.status import SweepStatus
from recipe_sweep.sweep.planning.request import LaunchRequest
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources


class Quiet:
    """A display that prints what it is told, and nothing else."""

    def show(self, status: SweepStatus) -> None:
        pass

    def tell(self, text: str) -> None:
        print(text, flush=True)


def request_of(
    root: Path,
    data: Path,
    grid: dict[str, object],
    workload: str = stand_in.NAME,
    seconds_per_run: float | None = None,
    keep: str | None = None,
    **resources: object,
) -> LaunchRequest:
    """A launch of a little grid: `seeds`, `alphas`, `decompositions` and `steps` of it, the rest as in conftest.

    It is a rehearsal where it is said how long its runs pretend to take.
    """
    options = {"seeds": 2, "alphas": (0.1, 1.0), "steps": 40} | grid
    options["alphas"] = tuple(options["alphas"])  # type: ignore[arg-type]
    options["decompositions"] = tuple(Decomposition.of(name) for name in options.get("decompositions", ["vdn"]))  # type: ignore[attr-defined]
    points = make_points(**options)  # type: ignore[arg-type]
    rehearsal = None if seconds_per_run is None else Rehearsal(seconds_per_run)
    request = LaunchRequest("little", {}, points, SweepPaths(root), make_resources(**resources), data, workload=workload)
    return replace(request, rehearsal=rehearsal, keep=None if keep is None else Keep(keep))


def main() -> LaunchEnd:
    root, data, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    beside = partial(mlflow_beside, root, options["resources"].pop("mlflow", False))
    return launch(request_of(root, data, options["grid"], **options["resources"]), Quiet(), beside)


if __name__ == "__main__":
    end = main()
    print(f"done {end.status.done} of {end.status.wanted}", flush=True)
    sys.exit(130 if end.interrupted else 0)
