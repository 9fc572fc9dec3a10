"""What machines have and what they cost: the table in `prices.yaml`, or the user's own file of a region."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from recipe_sweep.cluster.price_file import PriceFile, PriceRow
from recipe_sweep.cluster.yaml_text import read_plain

PRICES_FILE = Path(__file__).parent / "prices.yaml"
PRICES_VARIABLE = "RECIPE_SWEEP_PRICES"
FROM_MEMORY = "from memory"
"""First words of the source of a price that nobody read from AWS. Every output has them."""
CHECK = "check before you rely on it"


@dataclass(frozen=True)
class Price:
    """USD per hour, with the source of the number and the day on which it was so."""

    usd: float
    source: str
    known_on: date

    @property
    def from_memory(self) -> bool:
        """Whether the number was written down from memory or made up, so that nobody should rely on it."""
        return self.source.startswith(FROM_MEMORY)

    @property
    def told(self) -> str:
        """Source and date, in a few words."""
        return f"{self.source}, {self.known_on}"


@dataclass(frozen=True)
class InstanceType:
    """One kind of machine. Spot prices change by the minute, so `spot` is only a typical one."""

    name: str
    cpus: int
    memory_gb: float
    gpus: int
    gpu: str | None
    gpu_memory_gb: float | None
    on_demand: Price
    spot: Price

    def price(self, spot: bool) -> Price:
        """Return the price of this machine on spot or on demand."""
        return self.spot if spot else self.on_demand

    def usd_per_hour(self, spot: bool) -> float:
        """Return what an hour of this machine costs, in USD."""
        return self.price(spot).usd


@dataclass(frozen=True)
class PriceTable:
    """Instance types by name, with the region of their prices.

    `gpus` has the peaks of GPUs in FLOP/s, by model and precision.
    """

    region: str
    instances: Mapping[str, InstanceType]
    gpus: Mapping[str, Mapping[str, float]]

    def peak(self, gpu: str, precision: str) -> float | None:
        """Return the highest FLOP/s of one GPU; None if it is not known.

        `gpu` is its model, or a name that contains the model as a word, as NVIDIA's tool prints it.
        """
        words = gpu.replace("-", " ").split()
        return next((peaks.get(precision) for model, peaks in self.gpus.items() if model in words), None)


def prices_directory() -> Path:
    """Return the directory of the user's own prices: $RECIPE_SWEEP_PRICES, else ~/.config/recipe-sweep/prices."""
    named = os.environ.get(PRICES_VARIABLE)
    if named:
        return Path(named).expanduser()
    configuration = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else Path.home() / ".config") / "recipe-sweep" / "prices"


def prices_file(region: str) -> Path:
    """Return the file of the user's own prices of a region. It may not exist."""
    return prices_directory() / f"{region}.yaml"


def price_table(region: str | None = None) -> PriceTable:
    """Return the prices of a region: those of the user's own file, and for all other machines those of this release.

    The user's file must have been checked. Without a region it is the table of this release.
    """
    file = None if region is None else prices_file(region)
    if file is None or not file.is_file():
        return _release()
    state = file.stat()
    return _own(file, state.st_mtime_ns, state.st_size)


def told(prices: Iterable[Price]) -> str:
    """Name the sources and dates of some prices, each once. If nobody read one of them from AWS, say so."""
    every = tuple(prices)
    sources = "; ".join(dict.fromkeys(price.told for price in every))
    return f"{sources}, {CHECK}" if any(price.from_memory for price in every) else sources


def read_prices(text: str) -> PriceTable:
    """Parse a price table from its YAML. Raises ValueError if it has a mistake."""
    content = PriceFile.model_validate(read_plain(text))
    instances = {name: _instance(name, row, content) for name, row in content.instances.items()}
    gpus = {model: {precision: 1e12 * tera for precision, tera in peaks.items()} for model, peaks in content.gpus.items()}
    return PriceTable(content.region, instances, gpus)


def _instance(name: str, row: PriceRow, file: PriceFile) -> InstanceType:
    on_demand = Price(row.on_demand_usd, row.on_demand_source or file.source or "", row.on_demand_known_on or file.known_on)
    spot = Price(row.spot_usd, row.spot_source or file.spot_source or file.source or "", row.spot_known_on or file.known_on)
    return InstanceType(name, row.cpus, row.memory_gb, row.gpus, row.gpu, row.gpu_memory_gb, on_demand, spot)


@functools.cache
def _release() -> PriceTable:
    return read_prices(PRICES_FILE.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=4)
def _own(file: Path, changed_ns: int, size: int) -> PriceTable:
    """Read the user's file again if it has changed, and put it over the table of this release."""
    own, release = read_prices(file.read_text(encoding="utf-8")), _release()
    others = {name: _labelled(kind, own.region, release.region) for name, kind in release.instances.items()}
    return PriceTable(own.region, {**others, **own.instances}, release.gpus)


def _labelled(kind: InstanceType, asked: str, known: str) -> InstanceType:
    """Add their region to the sources of prices that stand in for those of another region."""
    if asked == known:
        return kind
    on_demand, spot = (replace(price, source=f"{price.source} in {known}") for price in (kind.on_demand, kind.spot))
    return replace(kind, on_demand=on_demand, spot=spot)
