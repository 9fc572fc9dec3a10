"""Final weights beside a pack's results: one safetensors file, arrays named `<run_id>/<parameter>`.

The one file of the control plane that touches tensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, zeros

from search_spaces.vocabulary import Keep
from sweep.atomic import publishing, replacing


def publish_weights(path: Path, weights: Mapping[str, Mapping[str, Tensor]], keep: Keep) -> None:
    """Write a pack's weights under a name that must be new. Raises FileExistsError."""
    arrays = {
        f"{run}/{name}": tensor.detach().cpu().contiguous() for run, named in weights.items() for name, tensor in named.items()
    }
    with publishing(path) as temporary:
        save_file(arrays, temporary, metadata={"schema_version": "1", "keep": keep.value})


def token_weights(run_ids: Iterable[str]) -> dict[str, dict[str, Tensor]]:
    """One number per run, in place of a policy: what a rehearsal keeps."""
    return {run_id: {"actor": zeros(1)} for run_id in run_ids}


def run_weights(path: Path, run_id: str) -> dict[str, Tensor]:
    """The arrays kept of one run, by their names without the run's prefix."""
    prefix = f"{run_id}/"
    with safe_open(path, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (safe_open is no mapping)
        return {name.removeprefix(prefix): file.get_tensor(name) for name in names}


def export_run(source: Path, run_id: str, target: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Copy one run's arrays into a file of their own; returns their names."""
    arrays = run_weights(source, run_id)
    with replacing(target) as temporary:
        save_file(arrays, temporary, metadata=dict(metadata))
    return tuple(arrays)
