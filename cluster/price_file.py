"""The keys of a file with prices, and the kinds of their values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from recipe_sweep.cluster.schema import REGION, Cpus, Gpus, Line, above_zero, matching, refused

DearestUsd = 10_000
"""No machine costs more an hour. A larger number is a mistake."""


def _day(value: object) -> date:
    """Read a day. Our own reader of YAML gives text, and PyYAML gives a date."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise refused("a day such as 2026-11-30") from None


Day = Annotated[date, BeforeValidator(_day)]
Usd = Annotated[float, above_zero(DearestUsd, "a finite number of USD per hour")]
MemoryGb = Annotated[float, above_zero(100_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceRow(_Part):
    """A kind of machine: what it has, what an hour costs, and where the prices come from."""

    cpus: Cpus
    memory_gb: MemoryGb
    gpus: Gpus = 0
    gpu: Line | None = None
    gpu_memory_gb: MemoryGb | None = None
    on_demand_usd: Usd
    on_demand_source: Line | None = None
    on_demand_known_on: Day | None = None
    spot_usd: Usd
    spot_source: Line | None = None
    spot_known_on: Day | None = None


class PriceFile(_Part):
    """Prices of one region. `source` and `known_on` hold for every price that has none of its own."""

    schema_version: Literal[1] = 1
    region: Annotated[str, matching(REGION, "a region such as us-east-1")]
    known_on: Day
    source: Line | None = None
    spot_source: Line | None = None
    instances: Mapping[str, PriceRow]
    gpus: Mapping[str, Mapping[str, float]] = {}

    @model_validator(mode="after")
    def _has_sources(self) -> PriceFile:
        for name, row in self.instances.items():
            if not (row.on_demand_source or self.source) or not (row.spot_source or self.spot_source or self.source):
                expected = "a source of each price: `source` for the whole file, or `on_demand_source` and `spot_source`"
                raise refused(expected, "write `from memory` if nobody has read it from AWS", found=f"no source of {name}")
        return self
