"""Prints prices of machines: a table for people, and JSON with the same content."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from recipe_sweep.cluster.prices import CHECK, InstanceType, Price, PriceTable
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import plain_table


def print_prices(console: Console, table: PriceTable) -> None:
    """Print every machine with its prices, and the source and the date of each price."""
    console.print(f"prices of an hour in {table.region}, in USD")
    shown = plain_table("machine", "on demand", "source", "spot", "source")
    for kind in table.instances.values():
        on_demand, spot = kind.on_demand, kind.spot
        shown.add_row(*map(escape, (kind.name, f"{on_demand.usd:.4g}", on_demand.told, f"{spot.usd:.4g}", spot.told)))
    console.print(shown)
    count = sum(kind.on_demand.from_memory or kind.spot.from_memory for kind in table.instances.values())
    if count:
        console.print(f"{count} of {len(table.instances)} machines have a price from memory: {CHECK}")


def prices_json(table: PriceTable, file: Path | None) -> str:
    """Write the prices of a region as JSON. `file` is the user's own file, or None if there is none."""
    rows = {name: _content(kind) for name, kind in table.instances.items()}
    return json_text({"region": table.region, "file": None if file is None else str(file), "instances": rows})


def _content(kind: InstanceType) -> dict[str, object]:
    return {"on_demand": _price(kind.on_demand), "spot": _price(kind.spot)}


def _price(price: Price) -> dict[str, object]:
    return {
        "usd": price.usd,
        "source": price.source,
        "known_on": price.known_on.isoformat(),
        "from_memory": price.from_memory,
    }
