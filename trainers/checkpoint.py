"""Exact checkpoints of a pack: what is saved, how it is written, and how lanes are found again.

A checkpoint has two files. `step-N.safetensors` holds every array under the name of its run or value lane, not its position.
So lanes can be sliced into another pack. `step-N.json` holds the curves, the sha256 of the arrays, and its own sha256.
The JSON is written last: without a matching JSON a checkpoint does not exist. The checkpoint before it is kept, so that a
damaged file costs only one interval.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from recipe_sweep.trainers.arrays_file import refused_by_the_system
from recipe_sweep.trainers.critic import kept_name
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.outcome import Arrays
from recipe_sweep.trainers.parameters import Stack
from recipe_sweep.trainers.results import CurvePoint

FORMAT_VERSION = 1

_OWN_DIGEST = "own_sha256"
"""Key of a sidecar's own hash. Sidecars of earlier versions lack it."""


@dataclass
class History:
    """What a pack has recorded so far: curves and diagnostics (metrics, times) by run, and the seconds that training took.

    `pruned` are the runs that left the pack, each with its number of steps. `evaluation_s` is a part of `wall_s`.
    """

    curves: dict[str, list[CurvePoint]] = field(default_factory=dict)
    diagnostics_steps: list[int] = field(default_factory=list)
    diagnostics: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    pruned: dict[str, int] = field(default_factory=dict)
    evaluation_s: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """One verified checkpoint on disk, read into memory."""

    step: int
    pack_key: str
    data_hash: str
    history: History
    arrays: Mapping[str, Tensor]
    kernels: Kernels | None
    """Kernels that the pack is computed with; None in checkpoints of releases that did not record kernels"""


def save(directory: Path, learner: Learner, history: History, *, pack_key: str, data_hash: str) -> None:
    """Write the pack's state. Raises OSError if it cannot be written; earlier checkpoints then stay as they are."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = directory / f"step-{learner.steps_taken:012d}"
    arrays = {name: tensor.detach().cpu().contiguous() for name, tensor in _arrays(learner).items()}
    arrays |= {f"run/{run}/diagnostics": torch.from_numpy(values.copy()) for run, values in history.diagnostics.items()}
    with _temporary(stem.with_suffix(".safetensors")) as temporary, refused_by_the_system():
        save_file(arrays, temporary)
        digest = _commit(temporary, stem.with_suffix(".safetensors"))
    sidecar = {
        "format": FORMAT_VERSION,
        "step": learner.steps_taken,
        "pack_key": pack_key,
        "data_hash": data_hash,
        "sha256": digest,
        "kernels": learner.config.kernels.record(),
        "wall_s": history.wall_s,
        "cpu_s": history.cpu_s,
        "evaluation_s": history.evaluation_s,
        "diagnostics_steps": history.diagnostics_steps,
        "pruned": history.pruned,
        "curves": {run: [_present(point) for point in curve] for run, curve in history.curves.items()},
    }
    with _temporary(stem.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(sidecar | {_OWN_DIGEST: _digest(sidecar)}))
        _commit(temporary, stem.with_suffix(".json"))
    _forget_old(directory)


def load_latest(directory: Path) -> Checkpoint | None:
    """Load the newest intact checkpoint, or None if there is none. Print which damaged ones were skipped."""
    damaged: list[str] = []
    found: Checkpoint | None = None
    for sidecar in sorted(directory.glob("step-*.json"), reverse=True):
        try:
            found = _read(sidecar)
            break
        except _DAMAGE as error:
            damaged.append(f"{sidecar.stem} ({error})")
    if damaged:
        instead = "there is no other" if found is None else f"taking that of step {found.step}"
        print(f"damaged checkpoint in {directory}: {', '.join(damaged)}; {instead}", flush=True)
    return found


def restore(learner: Learner, checkpoint: Checkpoint, pruned: Collection[str] = ()) -> History | None:
    """Copy the checkpoint's state into the lanes of `learner`. If the checkpoint lacks a lane, change nothing and return None.

    Return the history of these lanes and of the runs `pruned` before.
    """
    state = _arrays(learner)
    if not state.keys() <= checkpoint.arrays.keys():
        return None
    for name, tensor in state.items():
        tensor.copy_(checkpoint.arrays[name])
    learner.steps_taken = checkpoint.step
    known = checkpoint.history
    runs = [*(lane.key for lane in learner.lanes.actors), *pruned]
    return History(
        {run: list(known.curves.get(run, ())) for run in runs},
        list(known.diagnostics_steps),
        {run: known.diagnostics[run] for run in runs if run in known.diagnostics},
        known.wall_s,
        known.cpu_s,
        {run: known.pruned[run] for run in pruned},
        known.evaluation_s,
    )


def final_weights(learner: Learner, *, critics: bool) -> dict[str, Arrays]:
    """Copy final parameters by run_id: the actor's leaves, and with `critics` those of every network that served the run."""
    models = learner.models
    kept: dict[str, Arrays] = {}
    for i, lane in enumerate(learner.lanes.actors):
        stack, row = models.actors.of(i)
        leaves = _leaves("actor", stack, stack.flat, row)
        if critics:
            heads = learner.config.heads
            for k in range(heads):
                own = _leaves("", models.critic, models.critic.flat, lane.value * heads + k)
                leaves |= {kept_name(k, leaf.removeprefix("/")): array for leaf, array in own.items()}
            if models.mixer is not None:
                leaves |= _leaves("mixer", models.mixer, models.mixer.flat, lane.value)
            if models.value is not None:
                leaves |= _leaves("value", models.value, models.value.flat, lane.value)
            if models.flow is not None and lane.flow is not None:
                leaves |= _leaves("flow", models.flow, models.flow.flat, lane.flow)
        kept[lane.key] = leaves
    return kept


def _leaves(name: str, stack: Stack, flat: Tensor, row: int) -> dict[str, NDArray[np.floating]]:
    views = stack.layout.views(flat[row : row + 1])
    copies = {leaf: view[0].detach().cpu().clone(memory_format=torch.contiguous_format) for leaf, view in views.items()}
    return {f"{name}/{leaf}": copy.numpy() for leaf, copy in copies.items()}


def _arrays(learner: Learner) -> dict[str, Tensor]:
    """Name every tensor that the next step depends on, as views by lane."""
    models, heads = learner.models, learner.config.heads
    arrays: dict[str, Tensor] = {}

    def add(name: str, stack: Stack | None, rows: slice, target: Tensor | None) -> None:
        if stack is None:
            return
        arrays[f"{name}/parameters"] = stack.flat[rows]
        arrays[f"{name}/exp_avg"] = stack.exp_avg[rows]
        arrays[f"{name}/exp_avg_sq"] = stack.exp_avg_sq[rows]
        if target is not None:
            arrays[f"{name}/target"] = target[rows]

    for i, value_lane in enumerate(learner.lanes.values):
        prefix, row = f"value/{value_lane.key}", slice(i, i + 1)
        add(f"{prefix}/critic", models.critic, slice(i * heads, (i + 1) * heads), models.target_critic.flat)
        add(f"{prefix}/mixer", models.mixer, row, models.target_mixer.flat if models.target_mixer else None)
        add(f"{prefix}/value", models.value, row, models.target_value.flat if models.target_value else None)
        arrays[f"{prefix}/alive"] = learner.value_alive[row]
    for i, flow_lane in enumerate(learner.lanes.flows):
        prefix, row = f"flow/{flow_lane.key}", slice(i, i + 1)
        add(f"{prefix}/flow", models.flow, row, None)
        arrays[f"{prefix}/alive"] = learner.flow_alive[row]
    for i, lane in enumerate(learner.lanes.actors):
        prefix, row, own = f"run/{lane.key}", slice(i, i + 1), models.actors.of(i)
        add(f"{prefix}/actor", own.stack, slice(own.row, own.row + 1), None)
        arrays[f"{prefix}/alive"] = learner.actor_alive[row]
        arrays[f"{prefix}/diverged_step"] = learner.diverged_step[row]
    return arrays


_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError)
"""Errors that reading a damaged file of any content can raise."""


def _read(sidecar: Path) -> Checkpoint:
    """Read a checkpoint. Raises one of _DAMAGE if a file is damaged, or of a format that this release does not know."""
    path = sidecar.with_suffix(".safetensors")
    for each in (sidecar, path):
        if not each.is_file():  # Opening a FIFO would wait for ever.
            raise ValueError(f"{each.name} is no file")
    content = json.loads(sidecar.read_text())
    if content["format"] != FORMAT_VERSION:
        raise ValueError(f"format {content['format']}, known is {FORMAT_VERSION}")
    if content.pop(_OWN_DIGEST, None) not in (None, _digest(content)):
        raise ValueError(f"{sidecar.name} was altered")
    if _sha256(path) != content["sha256"]:
        raise ValueError(f"{path.name} was altered")
    arrays = load_file(path)
    curves = {run: [CurvePoint(**point) for point in curve] for run, curve in content["curves"].items()}
    kernels = Kernels.recorded(content.get("kernels"))
    diagnostics = {name.split("/")[1]: values.numpy() for name, values in arrays.items() if name.endswith("/diagnostics")}
    seconds, evaluation_s = (content["wall_s"], content["cpu_s"]), content.get("evaluation_s", 0.0)
    history = History(curves, content["diagnostics_steps"], diagnostics, *seconds, content.get("pruned", {}), evaluation_s)
    return Checkpoint(content["step"], content["pack_key"], content["data_hash"], history, arrays, kernels)


def _present(point: CurvePoint) -> dict[str, float]:
    """List what an evaluation has. Tasks without winners have no win rate."""
    return {name: value for name, value in asdict(point).items() if value is not None}


def _digest(sidecar: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(sidecar, sort_keys=True).encode()).hexdigest()


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """Name a file beside `path`. It is removed on an error, because on a full disk the record of that error needs the room."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _commit(temporary: Path, path: Path) -> str:
    """Flush the file, rename it and read it back. Return the sha256 of what is on disk."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    expected = _sha256(temporary)
    temporary.replace(path)
    if _sha256(path) != expected:
        raise OSError(f"{path}: what was read back is not what was written")
    return expected


def _forget_old(directory: Path) -> None:
    """Keep the newest checkpoint and the one before it. Delete older ones and leftovers of writers that died."""
    kept: Sequence[str] = sorted((path.stem for path in directory.glob("step-*.json")), reverse=True)[:2]
    for path in directory.glob("step-*"):
        if path.name.split(".")[0] not in kept:
            path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
