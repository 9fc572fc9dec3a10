"""What is sent to a cluster: the code as a wheel, the grid, and the cluster file for the launch that runs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.cluster.notice import Notice
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import NEVER
from recipe_sweep.cluster.yaml_text import written

NOBODY = Notice()

RAY_VERSION = "2.60.0"
"""The Ray that every node must have. This package is pinned to the same version."""


@dataclass(frozen=True)
class Wheel:
    """The project as one file, and the sha256 of its bytes. Every node checks the sum before it installs the wheel."""

    path: Path
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def check(self) -> str:
        """A line for `sha256sum --check`, without the file's directory."""
        return f"{self.sha256}  {self.name}"


@dataclass(frozen=True)
class Cargo:
    """What is sent.

    `directory` is its absolute path on this machine. Without a grid the cluster only starts.
    """

    directory: Path
    wheel: Wheel
    grid_text: str | None = None
    wheel_bytes: bytes = b""
    """Content of the wheel. Before `up`, the directory does not hold the wheel yet."""
    options: tuple[str, ...] = ()
    """Words that follow in the launch's command."""

    @property
    def grid_file(self) -> Path:
        return self.directory / "grid.yaml"

    @property
    def cluster_file(self) -> Path:
        return self.directory / "cluster.yaml"


@dataclass(frozen=True)
class TextFile:
    """A generated file by its name in the cargo's directory. A `bulky` file is not shown to people."""

    name: str
    text: str
    bulky: bool = False


def there_text(resources: Resources, notice: Notice = NOBODY) -> str:
    """Write the cluster file for a launch that runs on the cluster itself, beside its Ray."""
    keys: dict[str, object] = {
        "schema_version": 1,
        **({"backend": "folder"} if resources.taken else {"backend": "ray", "address": "auto"}),
        "slots": resources.slots,
        "cpus_per_pack": resources.cpus_per_pack,
        "gpu_per_pack": resources.gpu_per_pack,
        "threads": resources.threads,
        "max_lanes": resources.max_lanes,
        "gb_per_pack": "auto" if resources.bytes_per_pack is None else resources.bytes_per_pack / 1e9,
        "device": resources.device,
        "checkpoint_minutes": resources.checkpoint_minutes,
        "stuck_after_minutes": NEVER if resources.stuck_after_minutes is None else resources.stuck_after_minutes,
        "reuse_workers": resources.reuse_workers,
        "stage_data": NEVER if resources.stage_data is None else resources.stage_data,
    }
    keys |= {"spot_notice": True} if resources.spot_notice else {}
    keys |= {"travel": str(resources.travel)} if resources.travel else {}
    if notice.variable is not None:  # Only who tells somebody needs the budget.
        keys |= {"notify": f"env:{notice.variable}"}
        keys |= {"budget_hours": notice.budget_hours} if notice.budget_hours is not None else {}
        keys |= {"up_since": notice.up_since.isoformat()} if notice.up_since is not None else {}
    return written([("The resources of this cluster's machines. A launch that runs on the cluster reads this file.", keys)])


def launch_words(grid: str, cluster_file: str, data: str, options: Sequence[str] = ()) -> Sequence[str]:
    """Return the words of the launch that runs on the cluster, in the directory where `sweeps` are kept.

    It has `--no-mlflow`, because SQLite does not work on network file systems.
    """
    return ("recipe-sweep", "launch", grid, "--cluster", cluster_file, "--data", data, "--no-mlflow", *options)
