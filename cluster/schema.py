"""What a cluster file may say: one model per backend, named by its key `backend`.

A further backend is a further model and a line in `BACKENDS`, and a file that turns it into `Resources`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from recipe_sweep.cluster.prices import price_table

AUTO = "auto"
NEVER = "none"
STAGE_DATA = "/tmp/recipe-sweep-data"  # noqa: S108 (every user's own: see recipe_sweep.sweep.store.datasets)
_YEAR = 365 * 24 * 60


@dataclass(frozen=True)
class Span:
    """The numbers from `low` to `high` that a key may have; `word` stands for None, where given."""

    low: float
    high: float
    expected: str
    whole: bool = False
    includes_low: bool = False
    word: str | None = None

    def __call__(self, value: object) -> float | None:
        """The number as it is; anything else is refused in one sentence."""
        if self.word and value in (self.word, None):
            return None
        kind = int if self.whole else int | float
        if isinstance(value, bool) or not isinstance(value, kind) or not self._holds(value):
            raise _refused(f"{self.word}, or {self.expected}" if self.word else self.expected)
        return value

    def _holds(self, value: float) -> bool:
        return (self.low <= value if self.includes_low else self.low < value) and value <= self.high


def _whole(low: int, high: int, word: str | None = None) -> BeforeValidator:
    """Whole numbers in a range."""
    return BeforeValidator(Span(low, high, f"a whole number of at least {low} and at most {high:,}", True, True, word))


def _above_zero(high: float, what: str = "a finite number", word: str | None = None) -> BeforeValidator:
    """Numbers above 0, up to a bound."""
    return BeforeValidator(Span(0, high, f"{what} above 0 and at most {high:,}", word=word))


def _gpu_share(value: object) -> float | None:
    share = _GPU_SHARE(value)
    if share is not None and share > 1 and share != int(share):
        raise _refused(_GPU_SHARE.expected)
    return share


def _matches(pattern: str, expected: str, word: str | None = None) -> BeforeValidator:
    """Text of one form; it ends up in scripts and manifests, so anything else is refused. The `word` is None, where given."""
    expected = f"{word}, or {expected}" if word else expected

    def check(value: object) -> str | None:
        if word and value in (word, None):
            return None
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise _refused(expected)
        return value

    return BeforeValidator(check)


def _instance_type(value: object) -> str:
    table = price_table()
    if isinstance(value, str) and value in table.instances:
        return value
    near = difflib.get_close_matches(str(value), table.instances, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise _refused("an instance type that cluster/prices.yaml knows", f"{hint}a further one is a further line in that file")


def _not_empty(value: object) -> object:
    if value == []:
        raise _refused("at least one value")
    return value


def _refused(expected: str, hint: str | None = None) -> PydanticCustomError:
    return PydanticCustomError("refused", "{expected}", {"expected": expected, "hint": hint, "found": None})


Packs = Annotated[int, _whole(1, 100_000)]
"""That run at once on a cluster."""
Cpus = Annotated[int, _whole(1, 10_000)]
AutoCpus = Annotated[int | None, _whole(1, 10_000, AUTO)]
Threads = Annotated[int | None, _whole(1, 1_024, AUTO)]
Lanes = Annotated[int | None, _whole(1, 10_000, AUTO)]
Gpus = Annotated[int, _whole(0, 1_000)]
AutoGpus = Annotated[int | None, _whole(0, 1_000, AUTO)]
Machines = Annotated[int, _whole(1, 10_000)]
Gigabytes = Annotated[int, _whole(1, 100_000)]
_GPU_SHARE = Span(
    0, 1_000, "a part of one GPU such as 0.25, or a whole number of GPUs, at most 1,000", includes_low=True, word=AUTO
)
GpuShare = Annotated[float | None, BeforeValidator(_gpu_share)]
AutoGigabytes = Annotated[float | None, _above_zero(100_000, word=AUTO)]
Dollars = Annotated[float, _above_zero(10_000_000)]
Hours = Annotated[float, _above_zero(_YEAR // 60)]
Minutes = Annotated[float, _above_zero(_YEAR)]
Switch = Annotated[bool, Field(strict=True)]
Instance = Annotated[str, BeforeValidator(_instance_type)]
Name = Annotated[
    str, _matches(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", "at most 40 small letters, digits and dashes that begin with a letter")
]
Word = Annotated[str, _matches(r"[\w.@:/+-]+", "one word, without spaces or quotes")]
Line = Annotated[str, _matches(r"[^\n\r]+", "one line of text")]
AbsolutePath = Annotated[str, _matches(r"(/[\w.@+-]+)+", "an absolute path of letters, digits and ._@+-")]
PathOrNever = Annotated[str | None, _matches(r"(/[\w.@+-]+)+", "an absolute path of letters, digits and ._@+-", NEVER)]
MinutesOrNever = Annotated[
    float | None, BeforeValidator(Span(0, _YEAR, f"minutes, above 0 and at most {_YEAR} (a year)", word=NEVER))
]


class ClusterFile(BaseModel):
    """The keys every backend shares: how packs are laid on the machines. `local.yaml` explains each. None is `auto`, `none`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    cpus_per_pack: Cpus = 1
    gpu_per_pack: GpuShare = None
    threads: Threads = None
    max_lanes: Lanes = None
    gb_per_pack: AutoGigabytes = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    checkpoint_minutes: Minutes = 10.0
    stuck_after_minutes: MinutesOrNever = 30.0
    reuse_workers: Switch = True
    stage_data: PathOrNever = None


class LocalFile(ClusterFile):
    """This machine."""

    backend: Literal["local"] = "local"
    cpus: AutoCpus = None
    gpus: AutoGpus = None


class RayFile(ClusterFile):
    """A Ray cluster that is already running. Its size is Ray's to say; `slots` tells the plan how many packs run at once."""

    backend: Literal["ray"]
    address: Annotated[str, Field(strict=True, min_length=1)]
    slots: Packs
    spot_notice: Switch = False


class InlineFile(ClusterFile):
    """No Ray at all: packs one after another in the launching process, so that a debugger can step through a whole launch."""

    backend: Literal["inline"]


class AwsFile(ClusterFile):
    """Machines of EC2, started and ended by `ray up`. `aws.yaml` explains each key."""

    backend: Literal["aws"]
    name: Name = "recipe-sweep"
    region: Annotated[str, _matches(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region such as us-east-1")]
    image: Annotated[str, _matches(r"ami-[0-9a-f]{8,17}", "an image's id such as ami-0123456789abcdef0")]
    file_system: Annotated[str, _matches(r"fs-[0-9a-f]{8,17}", "an EFS file system's id such as fs-0123456789abcdef0")]
    head_instance: Instance = "m6i.large"
    worker_instances: Annotated[tuple[Instance, ...], BeforeValidator(_not_empty)]
    workers: Machines
    spot: Switch = True
    budget_usd: Dollars
    idle_minutes: Minutes = 5.0
    stage_data: PathOrNever = STAGE_DATA
    disk_gb: Gigabytes = 100
    subnets: tuple[Annotated[str, _matches(r"subnet-[0-9a-f]{8,17}", "a subnet's id such as subnet-0123abcd")], ...] = ()
    security_groups: tuple[Annotated[str, _matches(r"sg-[0-9a-f]{8,17}", "a group's id such as sg-0123abcd")], ...] = ()
    head_profile: Word | None = None


class SlurmFile(ClusterFile):
    """One job of Slurm with Ray inside it. `slurm.yaml` explains each key."""

    backend: Literal["slurm"]
    name: Name = "recipe-sweep"
    directory: AbsolutePath
    nodes: Machines
    cpus_per_node: Cpus
    gpus_per_node: Gpus = 0
    gpu_memory_gb: AutoGigabytes = None
    memory_gb_per_node: Gigabytes
    hours: Hours
    partition: Word | None = None
    account: Word | None = None
    setup: tuple[Line, ...] = ()
    stage_data: PathOrNever = STAGE_DATA


class KubernetesFile(ClusterFile):
    """A RayJob of KubeRay. `kubernetes.yaml` explains each key."""

    backend: Literal["kubernetes"]
    name: Name = "recipe-sweep"
    namespace: Name = "default"
    image: Word
    claim: Name
    workers: Machines
    cpus_per_worker: Cpus
    gpus_per_worker: Gpus = 0
    gpu_memory_gb: AutoGigabytes = None
    memory_gb_per_worker: Gigabytes
    hours: Hours
    node_selector: Mapping[Word, Word] = {}
    stage_data: PathOrNever = STAGE_DATA
    tolerations: tuple[Word, ...] = ()


BACKENDS: Mapping[str, type[ClusterFile]] = {
    "local": LocalFile,
    "ray": RayFile,
    "inline": InlineFile,
    "aws": AwsFile,
    "slurm": SlurmFile,
    "kubernetes": KubernetesFile,
}
