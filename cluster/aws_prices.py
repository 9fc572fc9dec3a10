"""Reads the prices of machines from AWS: on demand from its price list, spot from its history. What it answers is checked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from recipe_sweep.cluster.aws_account import AwsAnswerError, asking_aws, aws_client
from recipe_sweep.cluster.price_file import DearestUsd
from recipe_sweep.cluster.prices import FROM_MEMORY, InstanceType, Price

PRICE_LIST_REGION = "us-east-1"
"""The region whose endpoint knows the price lists of all regions."""
LINUX = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")
"""How the history names Linux."""
_LOOK_BACK = timedelta(days=1)
_WANTED = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}


def refreshed(kinds: Iterable[InstanceType], region: str, now: datetime | None = None) -> tuple[InstanceType, ...]:
    """Return the machines that AWS sells in a region, with its prices of today.

    The others are left out. A machine without a spot price keeps the one that it has. Raises AwsAnswerError.
    """
    kinds, now = tuple(kinds), now or datetime.now(UTC)
    with asking_aws():
        pricing, ec2 = aws_client("pricing", PRICE_LIST_REGION), aws_client("ec2", region)
        spot = _spot_prices(ec2, [kind.name for kind in kinds], now)
        found = {kind.name: _list_price(pricing, kind.name, region, now) for kind in kinds}
    sold = ((kind, price) for kind in kinds if (price := found[kind.name]) is not None)
    return tuple(replace(kind, on_demand=price, spot=spot.get(kind.name, kind.spot)) for kind, price in sold)


def _list_price(pricing: Any, name: str, region: str, now: datetime) -> Price | None:
    """Read what an hour on demand costs; None if the price list of the region does not have the machine."""
    wanted = _WANTED | {"instanceType": name, "regionCode": region}
    filters = [{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in wanted.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters)
    prices = {usd for page in pages for product in page["PriceList"] for usd in _hourly(product)}
    if len(prices) > 1:
        listed = ", ".join(f"{usd:g}" for usd in sorted(prices)[:3])
        raise AwsAnswerError(f"AWS's price list has several prices of {name} in {region}: {listed}")
    return Price(prices.pop(), _source(pricing, "AWS's price list"), now.date()) if prices else None


def _hourly(product: object) -> Iterator[float]:
    """Read the prices of an hour from a product of the price list, which is JSON in a text."""
    try:
        content = json.loads(product) if isinstance(product, str) else product
        for offer in content["terms"]["OnDemand"].values():  # type: ignore[index]
            for dimension in offer["priceDimensions"].values():
                if dimension["unit"] == "Hrs" and (usd := _usd(dimension["pricePerUnit"].get("USD"))):
                    yield usd
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AwsAnswerError(f"AWS's price list has a product that cannot be read ({type(error).__name__})") from error


def _spot_prices(ec2: Any, names: list[str], now: datetime) -> Mapping[str, Price]:
    """Read the newest spot price of each machine in every zone, and take the dearest zone's."""
    newest: dict[tuple[str, str], tuple[datetime, float]] = {}
    question = {"InstanceTypes": names, "ProductDescriptions": [*LINUX], "StartTime": now - _LOOK_BACK, "EndTime": now}
    for page in ec2.get_paginator("describe_spot_price_history").paginate(**question):
        for entry in page["SpotPriceHistory"]:
            usd, when = _usd(entry.get("SpotPrice")), entry.get("Timestamp")
            if usd and isinstance(when, datetime) and entry.get("ProductDescription") in LINUX:
                place = (entry["InstanceType"], entry["AvailabilityZone"])
                newest[place] = max(newest.get(place, (when, usd)), (when, usd))
    source = _source(ec2, "AWS's spot history, dearest zone")
    found: dict[str, Price] = {}
    for (name, _), (when, usd) in newest.items():
        if name not in found or usd > found[name].usd:
            found[name] = Price(usd, source, when.date())
    return found


def _usd(text: object) -> float | None:
    """Read a price; None for one of nothing, which AWS has for machines that are not sold that way."""
    usd = float(text) if isinstance(text, str | int | float) else 0.0
    if not math.isfinite(usd) or not 0 <= usd <= DearestUsd:
        raise AwsAnswerError(f"AWS names a price of {text!r:.40} USD an hour")
    return usd or None


def _source(client: Any, source: str) -> str:
    """Name the source of a price. Who is not AWS, such as a program for tests, has made its answers up."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if host.endswith((".amazonaws.com", ".api.aws", ".amazonaws.com.cn")):
        return source
    return f"{FROM_MEMORY}, made up by {host}, which is not AWS"
