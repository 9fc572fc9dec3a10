"""Final weights beside a pack's results: one safetensors file, arrays named `<run_id>/<parameter>`.

The one file of the control plane that touches tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from sweep.atomic import publishing, replacing
from trainers.results import Keep


def publish_weights(path: Path, weights: Mapping[str, Mapping[str, Tensor]], keep: Keep) -> None:
    """Write a pack's weights under a name that must be new. Raises FileExistsError."""
    arrays = {
        f"{run}/{name}": tensor.detach().cpu().contiguous() for run, named in weights.items() for name, tensor in named.items()
    }
    with publishing(path) as temporary:
        save_file(arrays, temporary, metadata={"schema_version": "1", "keep": keep.value})


def policy_names(path: Path, run_id: str) -> tuple[str, ...]:
    """Names of the arrays kept of one run, without the run's prefix."""
    prefix = f"{run_id}/"
    with safe_open(path, framework="pt") as file:
        return tuple(name.removeprefix(prefix) for name in file.keys() if name.startswith(prefix))  # noqa: SIM118


def export_policy(source: Path, run_id: str, target: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Copy one run's arrays into a file of their own, their names without the run's prefix; returns these names."""
    names = policy_names(source, run_id)
    with safe_open(source, framework="pt") as file:
        arrays = {name: file.get_tensor(f"{run_id}/{name}") for name in names}
    with replacing(target) as temporary:
        save_file(arrays, temporary, metadata=dict(metadata))
    return names
