"""What a cluster file may say: one model per backend, named by its key `backend`.

A further backend is a further model and a line in `BACKENDS`, and a file that turns it into `Resources`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

AUTO = "auto"
NEVER = "none"
_YEAR = 365 * 24 * 60


def _check(accepts: Callable[[float], bool], expected: str, word: str | None = None) -> BeforeValidator:
    """Numbers that `accepts` takes, and the `word`, read as None, where given; anything else is refused in one sentence."""
    expected = f"{word}, or {expected}" if word else expected

    def check(value: object) -> float | None:
        if word and value in (word, None):
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not accepts(value):
            raise PydanticCustomError("refused", "{expected}", {"expected": expected, "hint": None, "found": None})
        return value

    return BeforeValidator(check)


def _whole(least: int) -> Callable[[float], bool]:
    return lambda value: isinstance(value, int) and value >= least


Count = Annotated[int, _check(_whole(1), "a whole number of at least 1")]
AutoCount = Annotated[int | None, _check(_whole(1), "a whole number of at least 1", AUTO)]
AutoCountOrZero = Annotated[int | None, _check(_whole(0), "a whole number of at least 0", AUTO)]
GpuShare = Annotated[
    float | None,
    _check(
        lambda value: 0 <= value <= 1 or (1 < value < float("inf") and value == int(value)),
        "a part of one GPU such as 0.25, or a whole number of GPUs",
        AUTO,
    ),
]
AutoPositive = Annotated[float | None, _check(lambda value: 0 < value < float("inf"), "a finite number above 0", AUTO)]
Minutes = Annotated[float, _check(lambda value: 0 < value < float("inf"), "a finite number above 0")]
MinutesOrNever = Annotated[
    float | None, _check(lambda value: 0 < value <= _YEAR, f"minutes, above 0 and at most {_YEAR} (a year)", NEVER)
]


class ClusterFile(BaseModel):
    """The keys every backend shares: how packs are laid on the machines. `local.yaml` explains each. None is `auto`, `none`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    cpus_per_pack: Count = 1
    gpu_per_pack: GpuShare = None
    threads: AutoCount = None
    max_lanes: AutoCount = None
    gb_per_pack: AutoPositive = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    checkpoint_minutes: Minutes = 10.0
    stuck_after_minutes: MinutesOrNever = 30.0
    reuse_workers: Annotated[bool, Field(strict=True)] = True


class LocalFile(ClusterFile):
    """This machine."""

    backend: Literal["local"] = "local"
    cpus: AutoCount = None
    gpus: AutoCountOrZero = None


class RayFile(ClusterFile):
    """A Ray cluster that is already running. Its size is Ray's to say; `slots` tells the plan how many packs run at once."""

    backend: Literal["ray"]
    address: Annotated[str, Field(strict=True, min_length=1)]
    slots: Count


class InlineFile(ClusterFile):
    """No Ray at all: packs one after another in the launching process, so that a debugger can step through a whole launch."""

    backend: Literal["inline"]


BACKENDS: Mapping[str, type[ClusterFile]] = {"local": LocalFile, "ray": RayFile, "inline": InlineFile}
