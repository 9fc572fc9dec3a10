"""What a pack reports of its use of the machine is shown beside it; where it is not known, nothing is."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from recipe_sweep.sweep.cli.show.status import status_view
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import PackProgressFile, PackUsage, RunProgress, read_progress, write_progress
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.monitoring.status import SweepStatus
from recipe_sweep.sweep.worker import usage
from recipe_sweep.sweep.worker.usage import SHORTEST_S, UsageMeter
from recipe_sweep.trainers.results import CurvePoint
from tests.sweep.monitoring.test_stuck import lease, look, report

__all__ = ["lease"]


def shown(status: SweepStatus) -> str:
    out = StringIO()
    Console(file=out, width=120).print(status_view(status))
    return out.getvalue()


def test_a_busy_process_uses_a_processor_and_an_idle_one_none(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: 100.0, process_time=lambda: 7.0)
    monkeypatch.setattr(usage, "time", clock)
    meter = UsageMeter()
    clock.monotonic, clock.process_time = lambda: 102.0, lambda: 10.0
    busy = meter.read()
    assert busy.cpus == 1.5
    clock.monotonic = lambda: 102.0 + SHORTEST_S / 2
    assert meter.read().cpus == 1.5, "too short a time to measure, so the last number stands"
    clock.monotonic = lambda: 104.0
    assert meter.read().cpus == 0.0
    assert busy.memory_bytes is None or 1e6 < busy.memory_bytes < 1e11
    assert busy.gpu_memory_bytes is None, "no GPU is in use here"


def test_use_and_score_of_a_running_pack_are_shown(paths: SweepPaths, lease: Lease) -> None:
    written = read_progress(report(paths, step=20, seconds=60.0))
    assert written is not None
    assert "memory" not in shown(look(paths)), "a file of an earlier version does not tell"
    curve = (CurvePoint(10, 0.9, 0.0), CurvePoint(20, 0.5, 0.0))
    runs = tuple(RunProgress(run.run_id, run.config_id, run.point, curve) for run in written.runs)
    told = PackUsage(0.98, 345_000_000, None)
    write_progress(paths.progress, PackProgressFile(**(vars(written) | {"runs": runs, "usage": told})))
    text = shown(look(paths))
    assert "98 %" in text
    assert "345 MB" in text
    assert "0.50" in text, "the newest score, not the highest"
    assert "GPU" not in text
    assert look(paths).under_way == len(runs) / 2


def test_what_is_written_is_what_is_read(tmp_path: Path, paths: SweepPaths) -> None:
    written = read_progress(report(paths, step=20, seconds=60.0))
    assert written is not None
    used = PackProgressFile(**(vars(written) | {"usage": PackUsage(1.5, 10, 20)}))
    assert read_progress(write_progress(tmp_path, used)) == used
