from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.cluster.aws_account import AwsAnswerError
from recipe_sweep.cluster.commands import MissingToolError
from recipe_sweep.cluster.prices import InstanceType, Price, price_table, prices_file
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.clusters import price_files
from tests.sweep.cli.test_bad_clusters import AWS
from tests.sweep.cli.test_bad_input import contents

TODAY = date(2026, 11, 30)
FILE = """\
schema_version: 1
region: us-east-1
known_on: 2026-11-30
instances:
  x1.large: {cpus: 2, memory_gb: 8, on_demand_usd: 0.5, on_demand_source: my contract, spot_usd: 0.2, spot_source: a look}
"""


def at_aws(kinds: Iterable[InstanceType], region: str) -> tuple[InstanceType, ...]:
    """Answer as AWS would: machines of g5 cost a dollar, and the others are not sold."""
    list_price, spot = Price(1.0, "AWS's price list", TODAY), Price(0.25, "AWS's spot history, dearest zone", TODAY)
    return tuple(replace(kind, on_demand=list_price, spot=spot) for kind in kinds if kind.name.startswith("g5."))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("RECIPE_SWEEP_PRICES", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(price_files, "check_aws_account", lambda: None)
    monkeypatch.setattr(price_files, "refreshed", at_aws)
    (tmp_path / "aws.yaml").write_text(AWS)
    return tmp_path


def well(*words: str) -> str:
    result = CliRunner().invoke(app, ["cluster", *words])
    assert result.exit_code == ExitCode.OK, result.output
    return result.stdout


def badly(*words: str) -> str:
    result = CliRunner().invoke(app, ["cluster", *words])
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert "Traceback" not in result.output
    return result.stderr


def own(text: str, region: str = "us-east-1") -> Path:
    file = prices_file(region)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_price_from_memory_is_shown_without_its_mark(here: Path) -> None:
    said = well("prices")
    rows = [line for line in said.splitlines() if "xlarge" in line]
    assert rows
    assert all(row.count("from memory") == 2 for row in rows)
    assert "check before you rely on it" in said
    for kind in json.loads(well("prices", "--json"))["instances"].values():
        assert kind["spot"]["from_memory"] is kind["on_demand"]["from_memory"] is True
    assert "from memory" in well("validate", "aws.yaml")
    assert "from memory" in json.loads(well("validate", "aws.yaml", "--json"))["cost"]["source"]


def test_a_source_in_brackets_is_not_shown(here: Path) -> None:
    own(FILE.replace("spot_source: a look", "spot_source: '[red]a look'"))
    assert "[red]a look, 2026-11-30" in well("prices")


def test_a_refresh_does_not_change_what_a_cluster_costs(here: Path) -> None:
    assert f"wrote {here}/.config/recipe-sweep/prices/us-east-1.yaml" in well("prices", "--refresh")
    said = well("validate", "aws.yaml")
    assert "$4.10 an hour, $1.10 with" in said, "four workers at a dollar and a head"
    assert "AWS's price list, 2026-11-30" in said
    assert "from memory" in said, "the head is not of g5"
    kinds = json.loads(well("prices", "--json"))["instances"]
    assert kinds["g5.xlarge"]["on_demand"] == {
        "usd": 1.0, "source": "AWS's price list", "known_on": "2026-11-30", "from_memory": False,
    }  # fmt: skip
    assert kinds["m6i.large"]["on_demand"]["from_memory"]


def test_a_refresh_of_one_region_changes_another(here: Path) -> None:
    well("prices", "--refresh", "--region", "eu-west-1")
    assert "$4.94 an hour" in well("validate", "aws.yaml")
    shown = json.loads(well("prices", "--region", "eu-west-1", "--json"))["instances"]
    assert shown["g5.xlarge"]["on_demand"]["usd"] == 1.0
    assert shown["m6i.large"]["spot"]["source"] == "from memory, 40 % of on demand in us-east-1", "a price of elsewhere"


def test_a_refresh_loses_machines_that_the_user_added(here: Path) -> None:
    file = own(FILE)
    well("prices", "--refresh")
    assert price_table("us-east-1").instances["x1.large"].on_demand == Price(0.5, "my contract", TODAY)
    assert "g5.xlarge" in file.read_text()
    well("prices", "--refresh")
    assert price_table("us-east-1").instances["x1.large"].spot.source == "a look"


def test_a_machine_that_the_user_added_cannot_be_used(here: Path) -> None:
    own(FILE)
    (here / "aws.yaml").write_text(AWS.replace("g5.2xlarge", "x1.large"))
    assert "my contract" in well("validate", "aws.yaml")


def test_the_place_of_the_prices_cannot_be_chosen(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "x"))
    assert prices_file("us-east-1") == here / "x" / "recipe-sweep" / "prices" / "us-east-1.yaml"
    monkeypatch.setenv("RECIPE_SWEEP_PRICES", "~/mine")
    assert prices_file("us-east-1") == here / "mine" / "us-east-1.yaml"


def test_a_refresh_without_an_account_writes_something(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_account() -> None:
        raise MissingToolError("AWS credentials", "an account that boto3 finds")

    monkeypatch.setattr(price_files, "check_aws_account", no_account)
    before = contents(here)
    assert "AWS credentials" in badly("prices", "--refresh")
    assert contents(here) == before


def test_a_refresh_that_fails_harms_the_prices_that_are_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(kinds: object, region: object) -> None:
        raise AwsAnswerError("AWS refused GetProducts with AccessDeniedException")

    own(FILE)
    before = contents(here)
    monkeypatch.setattr(price_files, "refreshed", refused)
    said = badly("prices", "--refresh")
    assert "AccessDeniedException" in said
    assert "pricing:GetProducts" in said
    monkeypatch.setattr(price_files, "refreshed", lambda kinds, region: ())
    assert "no machine of the table has a price in eu-west-1" in badly("prices", "--refresh", "--region", "eu-west-1")
    assert contents(here) == before


MISTAKES = {
    "no YAML": (FILE, "a: [", ("us-east-1.yaml",)),
    "another region": ("region: us-east-1", "region: eu-west-1", ("us-east-1.yaml:2", "region", "as the file's name says")),
    "a version of the future": ("schema_version: 1", "schema_version: 2", ("us-east-1.yaml:1", "schema_version")),
    "no day": ("2026-11-30", "yesterday", ("us-east-1.yaml:3", "known_on", "'yesterday'", "a day such as")),
    "no source": (", spot_source: a look", "", ("no source of x1.large", "from memory")),
    "a price below nothing": ("spot_usd: 0.2", "spot_usd: -0.2", ("us-east-1.yaml:5", "x1.large.spot_usd", "above 0")),
    "a price without end": ("spot_usd: 0.2", "spot_usd: .inf", ("x1.large.spot_usd", "at most 10,000")),
    "a price as text": ("spot_usd: 0.2", "spot_usd: cheap", ("x1.large.spot_usd", "'cheap'")),
    "no price": ("spot_usd: 0.2, ", "", ("x1.large.spot_usd", "no default")),
    "half a processor": ("cpus: 2", "cpus: 0.5", ("x1.large.cpus", "whole number")),
    "an unknown key": ("cpus: 2", "cpus: 2, cores: 2", ("'cores'", "cpus")),
    "a price that PyYAML reads as text": ("spot_usd: 0.2", "spot_usd: 2e-1", ("us-east-1.yaml", "plain numbers")),
    "machines that are a list": (FILE[FILE.index("  x1") :], "  - x1.large\n", ("instances",)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_users_prices_is_told_by_no_place(here: Path, name: str) -> None:
    old, new, says = MISTAKES[name]
    assert old in FILE
    own(FILE.replace(old, new, 1))
    before = contents(here)
    for command in ("validate aws.yaml", "prices", "prices --refresh"):
        said = badly(*command.split())
        assert [text for text in says if text not in said] == [], said
    assert contents(here) == before


@pytest.mark.parametrize("region", ["", "us-east-1a", "../../etc", "us east", "US-EAST-1"])
def test_a_word_that_is_no_region_becomes_a_path(here: Path, region: str) -> None:
    for words in (("prices",), ("prices", "--refresh")):
        if region:
            assert "a region such as us-east-1" in badly(*words, "--region", region)
