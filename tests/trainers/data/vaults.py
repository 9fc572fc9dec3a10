"""Vaults as Flashbax writes them, for tests: endless arrays in one OCDBT store, dotted names, trailing dots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts
from numpy.typing import NDArray

from recipe_sweep.trainers.data.homegrown.scripted import SPREAD_BEHAVIOURS
from recipe_sweep.trainers.data.stored.collect import collect
from recipe_sweep.trainers.data.stored.columns import Columns

ENDLESS = 10**13
GZIP = {"id": "gzip", "level": 5}
BLOSC = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": -1, "blocksize": 0}

Leaves = dict[str, NDArray[Any]]
"""(B, T, ...) by dotted path without the trailing dot."""


def write_vault(directory: Path, leaves: Leaves, *, rows: int | None = None, compressor: dict[str, Any] = GZIP) -> Path:
    """Write leaves of T rows, and an index that says `rows` (default: T)."""
    directory.mkdir(parents=True)
    for name, values in leaves.items():
        batch, written, *rest = values.shape
        array = _create(directory, f"{name}.", (batch, ENDLESS, *rest), values.dtype, {"compressor": compressor})
        array[:, :written] = values
    index = _create(directory, "vault_index", (1,), np.dtype(np.int32), {})
    index[:] = np.array([written if rows is None else rows], np.int32)
    # As the writer does: the shapes of its buffer, which say nothing about the arrays.
    buffer = {name: str((1, 7, *values.shape[2:])) for name, values in leaves.items()}
    (directory / "metadata.json").write_text(json.dumps({"version": 1.2, "structure_shape": buffer}))
    return directory


def _create(directory: Path, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], metadata: dict[str, Any]) -> Any:
    kvstore = {"driver": "ocdbt", "base": f"file://{directory}", "path": path}
    spec = {"driver": "zarr", "kvstore": kvstore, "metadata": metadata}
    return ts.open(spec, shape=shape, dtype=dtype.name, create=True).result()


def spread_episodes(quality: str, batch_rows: int, episodes: int) -> list[Columns]:
    """What OMAR's files hold: for each batch row the episodes of one seed."""
    behaviour = SPREAD_BEHAVIOURS[quality]
    return [collect("simple_spread", behaviour, ("vault",), seed, episodes) for seed in range(batch_rows)]


def own_row_leaves(batch: list[Columns]) -> Leaves:
    """Episodes as OMAR's files have them: the last transition's row has the terminal, flags are float32, the state is joint."""
    observations = np.stack([columns.observations for columns in batch])
    flags = np.stack([columns.terminals for columns in batch])
    agents = observations.shape[2]
    terminals = np.repeat(flags[..., None], agents, axis=2).astype(np.float32)
    return {
        "observations": observations,
        "actions": np.stack([columns.actions for columns in batch]),
        "rewards": np.stack([columns.rewards for columns in batch]),
        "terminals": terminals,
        "truncations": np.zeros_like(terminals),
        "infos.state": observations.reshape(*flags.shape, -1),
    }


def terminal_row_leaves(episodes: list[Columns], last: list[NDArray[np.float32]]) -> Leaves:
    """Episodes as OMIGA's files have them: after each a row with its last observation (N, O), dummies and the terminal."""
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("observations", "actions", "rewards", "terminals")}
    for columns, observation in zip(episodes, last, strict=True):
        agents = observation.shape[0]
        parts["observations"] += [columns.observations, observation[None]]
        parts["actions"] += [columns.actions, np.full_like(columns.actions[:1], 0.25)]
        parts["rewards"] += [columns.rewards, np.zeros((1, agents), np.float32)]
        parts["terminals"] += [np.zeros(columns.rewards.shape, np.bool_), np.ones((1, agents), np.bool_)]
    leaves = {name: np.concatenate(values)[None] for name, values in parts.items()}
    leaves["truncations"] = np.zeros_like(leaves["terminals"])
    leaves["infos.state"] = leaves["observations"][:, :, 0]
    return leaves
