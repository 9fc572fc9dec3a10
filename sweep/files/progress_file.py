"""How far a pack has come, as one small JSON file that its process rewrites at every evaluation.

`status` and the MLflow projection read these files while packs run. No result depends on them. If all are deleted, only the
live view is lost. So a file that cannot be read counts as absent.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import replacing
from recipe_sweep.sweep.files.kinds import PROGRESS
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.reading import meaningful, read_json
from recipe_sweep.trainers.results import CurvePoint

PROGRESS_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class RunProgress:
    """One run of a pack that is being trained: its ids, its canonical JSON and its curve so far."""

    run_id: str
    config_id: str
    point: str
    curve: tuple[CurvePoint, ...]
    diverged_step: int | None = None


@dataclass(frozen=True)
class PackUsage:
    """What a pack's process uses: processors since its last report, bytes of memory, and of a GPU's. None: not known."""

    cpus: float | None
    memory_bytes: int | None
    gpu_memory_bytes: int | None


@dataclass(frozen=True)
class PackProgressFile:
    """One pack that is being trained. `step` and `steps` are gradient steps: done by every lane, and wanted.

    `scale_min` and `scale_max` are the returns between which the dataset's scores are normalised. `started_at` is when this
    attempt began, and `resumed_step` is the step at which it began. So throughput is (step - resumed_step) * runs / seconds.
    `epoch` is the launch that it works for. Times would not tell the launch, because clocks differ and may be set.
    Files of older versions have no `usage`.
    """

    pack_id: str
    runs: tuple[RunProgress, ...]
    step: int
    steps: int
    scale_min: float
    scale_max: float
    started_at: datetime
    updated_at: datetime
    resumed_step: int = 0
    epoch: int = 0
    usage: PackUsage | None = None


def progress_path(folder: Path, pack_id: str) -> Path:
    """Return the path of a pack's progress inside the sweep's `progress/`."""
    return folder / f"{pack_id}.json"


def write_progress(folder: Path, progress: PackProgressFile) -> Path:
    """Replace the pack's progress file in one step, so that no reader meets half of one. Returns its path."""
    path = progress_path(folder, progress.pack_id)
    content = {"schema_version": PROGRESS_SCHEMA_VERSION} | dataclasses.asdict(progress)
    content["runs"] = [_run_to_json(run) for run in progress.runs]
    content["started_at"] = progress.started_at.astimezone(UTC).isoformat()
    content["updated_at"] = progress.updated_at.astimezone(UTC).isoformat()
    with replacing(path, lasting=False) as temporary:
        temporary.write_text(json.dumps(content, separators=(",", ":")))  # Standard JSON has no NaN.
    return path


def read_progress(path: Path) -> PackProgressFile | None:
    """Read one progress file; None if it is gone, or is damaged and overlooked."""
    try:
        return check_progress(path)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None


def check_progress(path: Path) -> PackProgressFile:
    """Read one progress file. Raises FileNotFoundError, DamagedFileError."""
    content = read_json(path, _Content, PROGRESS, PROGRESS_SCHEMA_VERSION)
    with meaningful(path, PROGRESS):
        if not content.runs or content.steps < 1:
            raise ValueError("no runs, or no steps")
        if content.started_at.tzinfo is None or content.updated_at.tzinfo is None:
            raise ValueError("moments without a time zone")
        if content.pack_id != path.stem:
            raise ValueError(f"it is of pack {content.pack_id}")
        runs = tuple(_run_from_json(run) for run in content.runs)
    own = {field.name: getattr(content, field.name) for field in dataclasses.fields(content)}
    return PackProgressFile(**(own | {"runs": runs}))


def read_all_progress(folder: Path) -> Iterator[PackProgressFile]:
    """Yield every readable progress file of a sweep, by pack id; none if the folder does not exist yet."""
    for path in sorted(folder.glob("[!.]*.json")):
        progress = read_progress(path)
        if progress is not None:
            yield progress


def remove_progress(folder: Path, pack_id: str) -> None:
    """Remove a pack's progress, once its results are published. There is no error if there is none."""
    progress_path(folder, pack_id).unlink(missing_ok=True)


def _run_to_json(run: RunProgress) -> dict[str, object]:
    columns = {
        "curve_step": [point.step for point in run.curve],
        "curve_return": [point.return_mean for point in run.curve],
        "curve_return_std": [point.return_std for point in run.curve],
    }
    identity = {"run_id": run.run_id, "config_id": run.config_id, "point": run.point, "diverged_step": run.diverged_step}
    return identity | columns


@dataclass(frozen=True)
class _Run:
    """A run as the file has it."""

    run_id: str
    config_id: str
    point: str
    curve_step: tuple[int, ...]
    curve_return: tuple[float, ...]
    curve_return_std: tuple[float, ...]
    diverged_step: int | None


@dataclass(frozen=True)
class _Content:
    """Content of the file."""

    pack_id: str
    runs: tuple[_Run, ...]
    step: int
    steps: int
    scale_min: float
    scale_max: float
    started_at: datetime
    updated_at: datetime
    resumed_step: int
    epoch: int = 0
    usage: PackUsage | None = None


def _run_from_json(run: _Run) -> RunProgress:
    columns = zip(run.curve_step, run.curve_return, run.curve_return_std, strict=True)
    return RunProgress(run.run_id, run.config_id, run.point, tuple(CurvePoint(*point) for point in columns), run.diverged_step)
