"""Little sweeps that hold a file of every kind, to be copied and damaged."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.estimates.calibration import SCHEMA_VERSION, Calibration, ProbedPack
from recipe_sweep.sweep.estimates.estimate_file import BasisCount, Estimate, write_estimate
from recipe_sweep.sweep.estimates.paces import Basis, Kind, Size
from recipe_sweep.sweep.estimates.probe_process import Ready, Timing
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.failure_file import read_failures
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results.done import read_done
from tests.sweep.commands import LAUNCH, call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, Cut, behave

SWEEP = Path("sweeps/little")
SEARCH = ("search_spread", "--set", "settings.steps=40", "--set", "settings.eval_every=10", "--set", "search.trials=2")


def lay(directory: Path, patch: pytest.MonkeyPatch) -> None:
    """A sweep of four packs in the directory: two are done, one has failed, one was killed while it was trained."""
    stand_in_sweep(directory, patch)
    (directory / "inline.yaml").write_text("backend: inline\nmax_lanes: 1\n")
    call(*LAUNCH, "--only", "seed=0", "--keep", "all")
    fails, cut = (point for point in open_target("little.yaml").points if point.seed == 1)
    behave(directory / "data", Behaviour(raising=(fails.run_id,)))
    call(*LAUNCH, "--only", f"alpha={fails.alpha}", expect=ExitCode.FAILURE)
    behave(directory / "data", Behaviour(cutting=(cut.run_id,)))
    with pytest.raises(Cut):
        call(*LAUNCH)
    behave(directory / "data", Behaviour())
    _measure(SweepPaths(SWEEP))


def lay_search(directory: Path, patch: pytest.MonkeyPatch) -> None:
    """A search that was brought to its end."""
    stand_in_sweep(directory, patch)
    call("launch", *SEARCH, *LAUNCH[2:])


def some_runs() -> dict[str, str]:
    """A run that is done, in the pack whose files are damaged, and one that has failed."""
    paths = SweepPaths(SWEEP)
    done = read_done(paths)
    first = min(done.pack_ids)
    return {
        "DONE": next(run for run, file in done.file_of.items() if file.pack_id == first),
        "RUN": read_failures(paths)[0].run_ids[0],
    }


def a_file(kind: str) -> Path:
    """A file of each kind that the little sweep holds."""
    paths = SweepPaths(SWEEP)
    done = min(read_done(paths).pack_ids)
    failed = read_failures(paths)[-1]
    [open_pack] = [path.stem for path in paths.progress.glob("[!.]*.json") if path.stem != failed.pack_id]
    epoch = max(int(path.stem) for path in paths.lease.glob("*.json"))
    return {
        "sweep.json": paths.lock_file,
        "results": paths.pack_result(done),
        "weights": next(paths.weights.glob(f"{done}.*")),
        "record of a pack": paths.pack_record(open_pack),
        "attempt": paths.pack_attempt(open_pack, 1),
        "attempt that failed": paths.pack_attempt(failed.pack_id, 1),
        "claim": paths.pack_claim(open_pack),
        "failure": paths.pack_failure(failed.pack_id, failed.attempt),
        "progress": paths.progress / f"{open_pack}.json",
        "checkpoint": next(paths.pack_checkpoint(open_pack).glob("*.json")),
        "lease": paths.lease / f"{epoch:06d}.json",
        "lock": paths.lease / "lock",
        "heartbeat": paths.lease / f"{epoch:06d}.heartbeat",
        "launch": paths.launch_file(failed.epoch),
        "estimate": paths.estimate_file(epoch),
        "outcome": paths.outcome_file(1),
        "source": next(paths.code.glob("*.tar.gz")),
        "calibration": paths.calibration,
        "index": paths.done_index,
        "log": paths.pack_log(failed.pack_id, failed.attempt),
    }[kind]


def _measure(paths: SweepPaths) -> None:
    """Write what a probe and an estimate would have left: the stand-in is never timed."""
    now = datetime.now(UTC)
    kind = Kind("simple_spread", "vdn", "sarsa", ("brac",), Size((8, 8), 16, "float32", "cpu", 1, 0.0))
    timing = Timing(0, 1, 1e6, 3, 0.1, 0.1, 0.1, 0.1)
    ready = Ready("cpu", "torch", "code")
    measured = Calibration(now, "host", "processor", 1, 0.0, 1.0, ready, 1.0, (ProbedPack(kind, timing),))
    replace_json(
        paths.calibration,
        {"schema_version": SCHEMA_VERSION} | dataclasses.asdict(measured) | {"measured_at": now.isoformat()},
    )
    estimate = Estimate(now, 2, 2, 1, 10.0, 10.0, 1.0, 1.0, 0.0, (BasisCount(Basis.PROBED, 2),), ())
    for epoch in (1, max(int(path.stem) for path in paths.lease.glob("*.json"))):
        write_estimate(paths, epoch, estimate)
