"""`cluster prices`: shows what machines cost, and reads it anew from AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from recipe_sweep.cluster.prices import price_table, prices_file
from recipe_sweep.cluster.schema import REGION
from recipe_sweep.search_spaces.abridged import listing
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.cli.shared import console
from recipe_sweep.sweep.cli.show.prices import prices_json, print_prices
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.clusters.price_files import checked_table, refresh
from recipe_sweep.sweep.errors import PriceFileError

_REGIONS = "`aws ec2 describe-regions` lists them; it is the region, without the zone's letter at the end"


@dataclass(frozen=True)
class PricesOptions:
    """The region (None for that of this release's table), whether to ask AWS first, and how to print."""

    region: str | None
    refresh: bool
    as_json: bool


def show_prices(options: PricesOptions) -> None:
    """Print the prices of a region with their sources and dates. A refresh asks AWS first, and keeps what it answered."""
    region = options.region or price_table().region
    if not re.fullmatch(REGION, region):
        raise PriceFileError(Problem("--region", None, "", repr(region), "a region such as us-east-1", _REGIONS))
    if options.refresh:
        done = refresh(region)
        if not options.as_json:
            tell(f"wrote {done.file}")
            if done.unpriced:
                tell(f"AWS has no price in {region} of {listing(done.unpriced)}")
    table, file = checked_table(region), prices_file(region)
    if options.as_json:
        say(prices_json(table, file if file.exists() else None))
    else:
        print_prices(console(), table)
