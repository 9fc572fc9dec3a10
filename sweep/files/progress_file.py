"""How far a pack has come, as one small JSON file that its process rewrites at every evaluation.

`status` and the MLflow projection read these files while packs run. They are never truth: deleting them all loses nothing
but the live view, so a file that cannot be read counts as absent.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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
class PackProgressFile:
    """One pack that is being trained. `step` and `steps` are gradient steps: done by every lane, and wanted.

    `scale_min` and `scale_max` are the returns between which the dataset's scores are normalised. `started_at` is when this
    attempt began and `resumed_step` the step at which it did, so that throughput is (step - resumed_step) * runs / seconds.
    `epoch` is the launch that it works for; times would not tell, for clocks differ and may be set.
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


def progress_path(folder: Path, pack_id: str) -> Path:
    """Where a pack's progress lives inside the sweep's `progress/`."""
    return folder / f"{pack_id}.json"


def write_progress(folder: Path, progress: PackProgressFile) -> Path:
    """Replace the pack's progress file in one step, so that no reader meets half of one; returns its path."""
    path = progress_path(folder, progress.pack_id)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"schema_version": PROGRESS_SCHEMA_VERSION} | dataclasses.asdict(progress)
    content["runs"] = [_run_to_json(run) for run in progress.runs]
    content["started_at"] = progress.started_at.astimezone(UTC).isoformat()
    content["updated_at"] = progress.updated_at.astimezone(UTC).isoformat()
    # The process id keeps a leftover worker of an older launch from writing into the same temporary file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content, separators=(",", ":")))
    temporary.replace(path)
    return path


def read_progress(path: Path) -> PackProgressFile | None:
    """Read one progress file; None where it is gone, torn by a power cut, or of a schema that this version does not know."""
    try:
        content = json.loads(path.read_text())
        if content["schema_version"] != PROGRESS_SCHEMA_VERSION:
            return None
        return PackProgressFile(
            pack_id=content["pack_id"],
            runs=tuple(_run_from_json(run) for run in content["runs"]),
            step=content["step"],
            steps=content["steps"],
            scale_min=content["scale_min"],
            scale_max=content["scale_max"],
            started_at=datetime.fromisoformat(content["started_at"]),
            updated_at=datetime.fromisoformat(content["updated_at"]),
            resumed_step=content["resumed_step"],
            epoch=content.get("epoch", 0),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_all_progress(folder: Path) -> Iterator[PackProgressFile]:
    """Every readable progress file of a sweep, by pack id; nothing where the folder does not exist yet."""
    for path in sorted(folder.glob("[!.]*.json")):
        progress = read_progress(path)
        if progress is not None:
            yield progress


def remove_progress(folder: Path, pack_id: str) -> None:
    """Forget a pack's progress, once its results are published; no error where there is none."""
    progress_path(folder, pack_id).unlink(missing_ok=True)


def _run_to_json(run: RunProgress) -> dict[str, object]:
    columns = {
        "curve_step": [point.step for point in run.curve],
        "curve_return": [point.return_mean for point in run.curve],
        "curve_return_std": [point.return_std for point in run.curve],
    }
    identity = {"run_id": run.run_id, "config_id": run.config_id, "point": run.point, "diverged_step": run.diverged_step}
    return identity | columns


def _run_from_json(content: dict[str, object]) -> RunProgress:
    columns = [content["curve_step"], content["curve_return"], content["curve_return_std"]]
    steps, means, stds = (column if isinstance(column, list) else [] for column in columns)
    diverged_step = content["diverged_step"]
    return RunProgress(
        run_id=str(content["run_id"]),
        config_id=str(content["config_id"]),
        point=str(content["point"]),
        curve=tuple(CurvePoint(step, mean, std) for step, mean, std in zip(steps, means, stds, strict=True)),
        diverged_step=diverged_step if isinstance(diverged_step, int) else None,
    )
