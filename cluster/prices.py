"""What machines have and what they cost: the table in `prices.yaml`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from recipe_sweep.cluster.yaml_text import read_plain

PRICES_FILE = Path(__file__).parent / "prices.yaml"


@dataclass(frozen=True)
class InstanceType:
    """One kind of machine.

    Prices are in USD per hour. Spot prices change by the minute, so `spot_usd` is only a typical one.
    """

    name: str
    cpus: int
    memory_gb: float
    gpus: int
    gpu: str | None
    gpu_memory_gb: float | None
    on_demand_usd: float
    spot_usd: float

    def usd_per_hour(self, spot: bool) -> float:
        """Return what an hour of this machine costs, in USD."""
        return self.spot_usd if spot else self.on_demand_usd


@dataclass(frozen=True)
class PriceTable:
    """Instance types by name, with the region, the date and the source of their prices.

    `gpus` has the peaks of GPUs in FLOP/s, by model and precision.
    """

    region: str
    known_on: date
    source: str
    instances: Mapping[str, InstanceType]
    gpus: Mapping[str, Mapping[str, float]]

    def peak(self, gpu: str, precision: str) -> float | None:
        """Return the highest FLOP/s of one GPU; None if it is not known.

        `gpu` is its model, or a name that contains the model as a word, as NVIDIA's tool prints it.
        """
        words = gpu.replace("-", " ").split()
        return next((peaks.get(precision) for model, peaks in self.gpus.items() if model in words), None)


@functools.cache
def price_table() -> PriceTable:
    """Return the price table of this release."""
    return read_prices(PRICES_FILE.read_text(encoding="utf-8"))


def read_prices(text: str) -> PriceTable:
    """Parse a price table from its YAML."""
    content = read_plain(text)
    instances = {
        name: InstanceType(
            name=name,
            cpus=row["cpus"],
            memory_gb=row["memory_gb"],
            gpus=row.get("gpus", 0),
            gpu=row.get("gpu"),
            gpu_memory_gb=row.get("gpu_memory_gb"),
            on_demand_usd=row["on_demand_usd"],
            spot_usd=row["spot_usd"],
        )
        for name, row in content["instances"].items()
    }
    gpus = {
        model: {precision: 1e12 * tera for precision, tera in peaks.items()} for model, peaks in content.get("gpus", {}).items()
    }
    return PriceTable(content["region"], content["known_on"], content["source"], instances, gpus)
