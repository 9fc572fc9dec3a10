"""The user's own files of prices: checks them before they are read, and writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.cluster.aws_account import AwsAnswerError, check_aws_account
from recipe_sweep.cluster.aws_prices import refreshed
from recipe_sweep.cluster.commands import MissingToolError
from recipe_sweep.cluster.price_file import PriceFile
from recipe_sweep.cluster.prices import InstanceType, PriceTable, price_table, prices_file
from recipe_sweep.cluster.yaml_text import written
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.validation import validate
from recipe_sweep.search_spaces.yaml_file import read_yaml
from recipe_sweep.sweep.errors import MissingToolUserError, PriceFileError
from recipe_sweep.sweep.files.atomic import replacing


@dataclass(frozen=True)
class Refreshed:
    """What a refresh has done: the table that now holds, its file, and the machines for which AWS has no price there."""

    table: PriceTable
    file: Path
    unpriced: tuple[str, ...]


def checked_table(region: str | None) -> PriceTable:
    """Return the prices of a region. Raises PriceFileError with every mistake of the user's own file, if there is one."""
    if region is not None and (file := prices_file(region)).exists():
        document = read_yaml(file)
        content = validate(document, PriceFile, PriceFileError)
        if content.region != region:
            raise PriceFileError(document.problem(("region",), content.region, f"{region}, as the file's name says"))
    try:
        return price_table(region)
    except ValueError as error:  # YAML that only PyYAML reads differently, such as a number 1e3.
        found = "a value in a form of YAML that is not read everywhere"
        raise PriceFileError(
            Problem(str(prices_file(region or "")), found=found, expected="plain numbers and words")
        ) from error


def refresh(region: str) -> Refreshed:
    """Ask AWS for the prices of all known machines in a region, and write them to the user's own file.

    Raises MissingToolUserError without an account, and PriceFileError if AWS gives no usable answer. Then nothing is written.
    """
    before = checked_table(region)
    try:
        check_aws_account()
        found = refreshed(before.instances.values(), region)
    except MissingToolError as error:
        raise MissingToolUserError(Problem(error.tool, found="nothing of that name here", expected=error.expected)) from error
    except AwsAnswerError as error:
        raise PriceFileError(Problem("--refresh", found=str(error), expected="AWS's prices", hint=_RIGHTS)) from error
    if not found:
        text = f"no machine of the table has a price in {region}"
        raise PriceFileError(Problem("--region", found=text, expected="a region in which AWS sells machines"))
    file = prices_file(region)
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary:
        temporary.write_text(_text(found, before, region), encoding="utf-8")
    names = {kind.name for kind in found}
    return Refreshed(price_table(region), file, tuple(name for name in before.instances if name not in names))


_RIGHTS = "it needs the rights pricing:GetProducts and ec2:DescribeSpotPriceHistory; prices that are here stay as they are"


def _text(found: Iterable[InstanceType], before: PriceTable, region: str) -> str:
    """Write a file of prices. Machines that AWS does not sell there keep their own rows, if the user wrote them."""
    kinds, release = {kind.name: kind for kind in found}, price_table().instances
    kept = {name: kind for name, kind in before.instances.items() if name not in kinds and name not in release}
    rows = {name: _row(kind) for name, kind in (kinds | kept).items()}
    known_on = max(kind.on_demand.known_on for kind in kinds.values())
    return written(
        [
            (
                "Prices of machines, in USD per hour. Written by `recipe-sweep cluster prices --refresh`, which replaces it.\n"
                "You may add machines. Every price needs a source and a date.",
                {"schema_version": 1, "region": region, "known_on": known_on.isoformat()},
            ),
            ("", {"instances": rows}),
        ]
    )


def _row(kind: InstanceType) -> dict[str, object]:
    has: dict[str, object] = {"cpus": kind.cpus, "memory_gb": kind.memory_gb}
    if kind.gpus:
        has |= {"gpus": kind.gpus, "gpu": kind.gpu, "gpu_memory_gb": kind.gpu_memory_gb}
    for name, price in (("on_demand", kind.on_demand), ("spot", kind.spot)):
        has |= {f"{name}_usd": price.usd, f"{name}_source": price.source, f"{name}_known_on": price.known_on.isoformat()}
    return has
