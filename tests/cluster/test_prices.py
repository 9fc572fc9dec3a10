from __future__ import annotations

from datetime import date

import pytest

from recipe_sweep.cluster.prices import PRICES_FILE, Price, price_table, read_prices, told

TABLE = price_table()


def test_the_table_says_when_and_where_its_prices_held_and_that_they_want_checking() -> None:
    prices = [price for kind in TABLE.instances.values() for price in (kind.on_demand, kind.spot)]
    assert all(price.known_on <= date.today() for price in prices)
    assert TABLE.region == "us-east-1"
    assert all(price.from_memory for price in prices), "only AWS's own answers are not from memory"
    assert told(prices).startswith("from memory of AWS's list prices, 2026-11-25; from memory, 40 % of on demand")
    assert told(prices).endswith(", check before you rely on it")
    assert "not" in PRICES_FILE.read_text().partition("known_on:")[0], "what was not verified is not said"


@pytest.mark.parametrize("name", TABLE.instances)
def test_a_machine_costs_less_on_spot_and_has_a_gpu_or_none(name: str) -> None:
    kind = TABLE.instances[name]
    assert kind.name == name
    assert 0 < kind.usd_per_hour(spot=True) < kind.usd_per_hour(spot=False)
    assert kind.cpus >= 1
    assert kind.memory_gb >= kind.cpus
    assert (kind.gpus > 0) == (kind.gpu is not None) == (kind.gpu_memory_gb is not None)


def test_a_table_is_read_as_it_is_written() -> None:
    table = read_prices(
        "known_on: 2026-02-03\nregion: eu-west-1\nsource: a guess\n"
        "instances: {x1: {cpus: 4, memory_gb: 16, gpus: 1, gpu: T4, gpu_memory_gb: 16, on_demand_usd: 2.0, spot_usd: 0.5}}"
    )
    assert table.region == "eu-west-1"
    assert table.instances["x1"].spot == Price(0.5, "a guess", date(2026, 2, 3))
    assert table.instances["x1"].usd_per_hour(spot=True) == 0.5
    assert table.instances["x1"].usd_per_hour(spot=False) == 2.0


def test_every_gpu_of_a_machine_has_a_peak_and_what_it_cannot_do_has_none() -> None:
    for kind in TABLE.instances.values():
        assert kind.gpu is None or (TABLE.peak(kind.gpu, "float32") or 0) > 1e12
    assert TABLE.peak("NVIDIA A100-SXM4-40GB", "tf32") == 156e12, "as NVIDIA's tool names it"
    assert TABLE.peak("T4", "bf16") is None
    assert TABLE.peak("NVIDIA L40S", "float32") == 91.6e12, "and no L4"
    assert TABLE.peak("Z9", "float32") is None
