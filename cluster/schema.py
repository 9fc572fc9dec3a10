"""The keys of every cluster file, and the kinds of their values. Each backend's own keys are beside its class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from recipe_sweep.cluster.resources import Way

AUTO = "auto"
NEVER = "none"
REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
"""How AWS names its regions."""
STAGE_DATA = "/tmp/recipe-sweep-data"  # noqa: S108 (every user's own: see recipe_sweep.sweep.store.datasets)
_YEAR = 365 * 24 * 60


@dataclass(frozen=True)
class Span:
    """The numbers from `low` to `high` that a key may have. `word`, if there is one, stands for None."""

    low: float
    high: float
    expected: str
    whole: bool = False
    includes_low: bool = False
    word: str | None = None

    def __call__(self, value: object) -> float | None:
        """Return the number as it is. Every other value is refused in one sentence."""
        if self.word and value in (self.word, None):
            return None
        kind = int if self.whole else int | float
        if isinstance(value, bool) or not isinstance(value, kind) or not self._holds(value):
            raise refused(f"{self.word}, or {self.expected}" if self.word else self.expected)
        return value

    def _holds(self, value: float) -> bool:
        return (self.low <= value if self.includes_low else self.low < value) and value <= self.high


def whole(low: int, high: int, word: str | None = None) -> BeforeValidator:
    """Accept whole numbers in a range."""
    return BeforeValidator(Span(low, high, f"a whole number of at least {low} and at most {high:,}", True, True, word))


def above_zero(high: float, what: str = "a finite number", word: str | None = None) -> BeforeValidator:
    """Accept numbers above 0, up to a bound."""
    return BeforeValidator(Span(0, high, f"{what} above 0 and at most {high:,}", word=word))


def _gpu_share(value: object) -> float | None:
    share = _GPU_SHARE(value)
    if share is not None and share > 1 and share != int(share):
        raise refused(_GPU_SHARE.expected)
    return share


def matching(pattern: str, expected: str, word: str | None = None) -> BeforeValidator:
    """Accept text of one form; `word`, if given, becomes None.

    The text gets into scripts and manifests, so anything else is refused.
    """
    expected = f"{word}, or {expected}" if word else expected

    def check(value: object) -> str | None:
        if word and value in (word, None):
            return None
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise refused(expected)
        return value

    return BeforeValidator(check)


def not_empty(expected: str) -> BeforeValidator:
    """Accept everything but an empty list."""

    def check(value: object) -> object:
        if value == []:
            raise refused(expected)
        return value

    return BeforeValidator(check)


def refused(expected: str, hint: str | None = None, found: str | None = None) -> PydanticCustomError:
    """Make the error that a validator raises. It says what was expected.

    `found` is given if the value itself does not show what is wrong, or must not be shown.
    """
    return PydanticCustomError("refused", "{expected}", {"expected": expected, "hint": hint, "found": found})


Packs = Annotated[int, whole(1, 100_000)]
"""Packs that run at once on a cluster."""
Cpus = Annotated[int, whole(1, 10_000)]
AutoCpus = Annotated[int | None, whole(1, 10_000, AUTO)]
Threads = Annotated[int | None, whole(1, 1_024, AUTO)]
Lanes = Annotated[int | None, whole(1, 10_000, AUTO)]
Gpus = Annotated[int, whole(0, 1_000)]
AutoGpus = Annotated[int | None, whole(0, 1_000, AUTO)]
Machines = Annotated[int, whole(1, 10_000)]
Gigabytes = Annotated[int, whole(1, 100_000)]
_GPU_SHARE = Span(
    0, 1_000, "a part of one GPU such as 0.25, or a whole number of GPUs, at most 1,000", includes_low=True, word=AUTO
)
GpuShare = Annotated[float | None, BeforeValidator(_gpu_share)]
AutoGigabytes = Annotated[float | None, above_zero(100_000, word=AUTO)]
Dollars = Annotated[float, above_zero(10_000_000)]
Hours = Annotated[float, above_zero(_YEAR // 60)]
Minutes = Annotated[float, above_zero(_YEAR)]
Switch = Annotated[bool, Field(strict=True)]
Name = Annotated[
    str, matching(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", "at most 40 small letters, digits and dashes that begin with a letter")
]
Word = Annotated[str, matching(r"[\w.@:/+-]+", "one word, without spaces or quotes")]
Line = Annotated[str, matching(r"[^\n\r]+", "one line of text")]
BucketFolder = Annotated[str, matching(r"s3://[\w.-]+(/[\w.@+-]+)*", "a bucket and a path in it, such as s3://bucket/sweeps")]
"""Where every sweep of a cluster file is kept, in a folder of the sweep's name. The path may be left out."""
AbsolutePath = Annotated[str, matching(r"(/[\w.@+-]+)+", "an absolute path of letters, digits and ._@+-")]
PathOrNever = Annotated[str | None, matching(r"(/[\w.@+-]+)+", "an absolute path of letters, digits and ._@+-", NEVER)]
MinutesOrNever = Annotated[
    float | None, BeforeValidator(Span(0, _YEAR, f"minutes, above 0 and at most {_YEAR} (a year)", word=NEVER))
]


HoursOrNever = Annotated[
    float | None, BeforeValidator(Span(0, 365 * 24, "hours, above 0 and at most 8,760 (a year)", word=NEVER))
]


def _moment(value: object) -> datetime | None:
    """Read a moment with its time zone."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise refused("a moment with its time zone, such as 2026-11-30T12:00:00+00:00")
    return moment


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


def _variable(value: object) -> str | None:
    """Read `env:NAME`. What is found is not shown, because an address in clear is a secret."""
    if value in (NEVER, None):
        return None
    match = re.fullmatch(r"env:([A-Za-z_][A-Za-z0-9_]*)", value) if isinstance(value, str) else None
    if match is None:
        found = "a value that is not env:NAME; it is not repeated here, because it may be a secret"
        hint = "an address in a file would travel to every machine that gets the file"
        raise refused("none, or env:NAME with an environment variable that has the address", hint, found)
    return match[1]


Variable = Annotated[str | None, BeforeValidator(_variable)]
"""The name of an environment variable, written as env:NAME."""


class ClusterFile(BaseModel):
    """The keys of every backend: how packs are placed on the machines.

    `local.yaml` explains each key. None stands for the words `auto` and `none`.
    """

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
    travel: Literal["auto", "folder", "ray", "store"] = "auto"
    notify: Variable = None

    @property
    def way(self) -> Way | None:
        """How files of packs travel; None to find out."""
        return None if self.travel == AUTO else Way(self.travel)
