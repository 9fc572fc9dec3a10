"""Prices from AWS, whose answers are replaced: botocore's Stubber checks questions and answers against AWS's own model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from recipe_sweep.cluster import aws_prices
from recipe_sweep.cluster.aws_account import AwsAnswerError
from recipe_sweep.cluster.aws_prices import LINUX, refreshed
from recipe_sweep.cluster.prices import InstanceType, price_table

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
REGION = "eu-west-1"
KINDS = tuple(price_table().instances[name] for name in ("c6i.xlarge", "g5.xlarge"))

Stub = Callable[..., tuple[InstanceType, ...]]


def product(usd: object = "0.1890000000", unit: str = "Hrs") -> str:
    """A product of the price list, as AWS writes one."""
    dimension = {"unit": unit, "endRange": "Inf", "description": "an hour", "pricePerUnit": {"USD": usd}}
    offer = {"priceDimensions": {"ABC.JRT.6YS": dimension}, "effectiveDate": "2026-11-01T00:00:00Z"}
    return json.dumps({"product": {"sku": "ABC", "attributes": {"vcpu": "4"}}, "terms": {"OnDemand": {"ABC.JRT": offer}}})


def spot(name: str, zone: str, usd: str, hours_ago: float = 1.0) -> dict[str, object]:
    when = NOW - timedelta(hours=hours_ago)
    kinds = {"InstanceType": name, "ProductDescription": LINUX[0], "Timestamp": when}
    return kinds | {"AvailabilityZone": f"{REGION}{zone}", "SpotPrice": usd}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Ask an AWS that answers with these products, one list for each machine, and these spot prices."""
    stubs: list[Stubber] = []

    def ask(products: list[list[str]], history: list[dict[str, object]]) -> tuple[InstanceType, ...]:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        clients = {name: boto3.client(name, region_name="us-east-1", **keys) for name in ("pricing", "ec2")}
        pricing, ec2 = (Stubber(clients[name]) for name in ("pricing", "ec2"))
        for answer in products:
            pricing.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": answer})
        ec2.add_response("describe_spot_price_history", {"SpotPriceHistory": history})
        stubs.extend([pricing, ec2])
        for stub in (pricing, ec2):
            stub.activate()
        monkeypatch.setattr(aws_prices, "aws_client", lambda service, region: clients[service])
        return refreshed(KINDS, REGION, NOW)

    yield ask
    for stub in stubs:
        stub.deactivate()


def test_a_price_of_aws_has_no_source_or_another_date(ask: Stub) -> None:
    cpu, gpu = ask([[product()], [product("1.123")]], [spot("c6i.xlarge", "a", "0.07"), spot("g5.xlarge", "a", "0.5", 20)])
    assert (cpu.on_demand.usd, cpu.on_demand.told) == (0.189, "AWS's price list, 2026-11-30")
    assert (cpu.spot.usd, cpu.spot.told) == (0.07, "AWS's spot history, dearest zone, 2026-11-30")
    assert (gpu.on_demand.usd, gpu.spot.usd, gpu.spot.known_on) == (1.123, 0.5, date(2026, 11, 29))
    assert not any(price.from_memory for kind in (cpu, gpu) for price in (kind.on_demand, kind.spot))
    assert (cpu.cpus, cpu.memory_gb, gpu.gpu) == (4, 8, "A10G"), "what a machine has is lost"


def test_the_spot_price_is_old_or_of_the_cheapest_zone(ask: Stub) -> None:
    history = [
        spot("c6i.xlarge", "a", "0.09", 9), spot("c6i.xlarge", "a", "0.05", 1), spot("c6i.xlarge", "b", "0.06", 3),
    ]  # fmt: skip
    [cpu] = ask([[product()], []], history)
    assert cpu.spot.usd == 0.06


def test_a_machine_that_is_not_sold_there_gets_a_price_of_aws(ask: Stub) -> None:
    assert [kind.name for kind in ask([[], [product("1.1")]], [])] == ["g5.xlarge"]


def test_a_spot_price_that_aws_does_not_have_loses_its_mark(ask: Stub) -> None:
    [cpu] = ask([[product()], []], [])
    assert not cpu.on_demand.from_memory
    assert cpu.spot.from_memory
    assert cpu.spot == KINDS[0].spot


def test_a_price_of_nothing_is_taken(ask: Stub) -> None:
    """AWS's list has such products for reservations that are paid in advance."""
    [cpu] = ask([[product("0.0000000000"), product()], []], [])
    assert cpu.on_demand.usd == 0.189


@pytest.mark.parametrize(
    ("products", "says"),
    [
        ([product("0.1"), product("0.2")], "several prices of c6i.xlarge in eu-west-1: 0.1, 0.2"),
        ([product("-1")], "'-1' USD"),
        ([product("inf")], "'inf' USD"),
        ([product("1e9")], "'1e9' USD"),
        ([product("cheap")], "cannot be read"),
        (["no JSON"], "cannot be read"),
        (["[]"], "cannot be read"),
        (['{"terms": {}}'], "cannot be read"),
        (["[" * 100_000], "cannot be read"),
    ],
)
def test_an_answer_that_makes_no_sense_becomes_a_price(ask: Stub, products: list[str], says: str) -> None:
    with pytest.raises(AwsAnswerError) as raised:
        ask([products, []], [])
    assert says in str(raised.value)


def test_an_hour_is_priced_by_another_unit(ask: Stub) -> None:
    assert ask([[product(unit="Quantity")], []], []) == ()


def test_prices_that_were_made_up_for_tests_lose_their_mark(account: Any) -> None:
    """moto has spot prices, which it makes up. It has no price list."""
    prices = aws_prices._spot_prices(boto3.client("ec2"), ["c6i.xlarge"], datetime.now(UTC))
    assert prices
    assert all(price.told.startswith("from memory, made up by 127.0.0.1, which is not AWS, ") for price in prices.values())
    with pytest.raises(AwsAnswerError):
        refreshed(KINDS, "us-east-1")
