"""What a cluster file may say: one model per backend, named by its key `backend`.

A further backend is a further model and a line in `BACKENDS`, and a file that turns it into `Resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Auto = Literal["auto"]


def _divisible(gpu: float) -> float:
    if gpu > 1 and gpu != int(gpu):
        raise ValueError("expected a part of one GPU, e.g. 0.25, or a whole number of GPUs")
    return gpu


Count = Annotated[int, Field(strict=True, ge=1)]
CountOrNone = Annotated[int, Field(strict=True, ge=0)]
GpuShare = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False), AfterValidator(_divisible)]
Minutes = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


class ClusterFile(BaseModel):
    """The keys every backend shares: how packs are laid on the machines. `local.yaml` explains each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    cpus_per_pack: Count = 1
    gpu_per_pack: Auto | GpuShare = "auto"
    threads: Auto | Count = "auto"
    max_lanes: Count = 128
    device: Literal["auto", "cpu", "cuda"] = "auto"
    checkpoint_minutes: Minutes = 10.0
    reuse_workers: Annotated[bool, Field(strict=True)] = False


class LocalFile(ClusterFile):
    """This machine."""

    backend: Literal["local"] = "local"
    cpus: Auto | Count = "auto"
    gpus: Auto | CountOrNone = "auto"


class RayFile(ClusterFile):
    """A Ray cluster that is already running. Its size is Ray's to say; `slots` tells the plan how many packs run at once."""

    backend: Literal["ray"]
    address: Annotated[str, Field(strict=True, min_length=1)]
    slots: Count


BACKENDS: Mapping[str, type[ClusterFile]] = {"local": LocalFile, "ray": RayFile}
