"""The keys of a cluster file for EC2, and what the machines may cost by the price table."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationInfo

from recipe_sweep.cluster.aws_image import CPU_IMAGE, GPU_IMAGE
from recipe_sweep.cluster.backends.base import Spending
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.prices import price_table, prices_file, told
from recipe_sweep.cluster.resources import Way
from recipe_sweep.cluster.schema import (
    AUTO,
    REGION,
    STAGE_DATA,
    BucketFolder,
    ClusterFile,
    Dollars,
    Gigabytes,
    Machines,
    Minutes,
    Name,
    PathOrNever,
    Switch,
    Word,
    matching,
    not_empty,
    refused,
)

LEAST_HOURS = 1.0


def _instance_type(value: object, info: ValidationInfo) -> str:
    region = info.data.get("region")
    table = price_table(region)
    if isinstance(value, str) and value in table.instances:
        return value
    near = difflib.get_close_matches(str(value), table.instances, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    own = prices_file(region or table.region)
    raise refused("an instance type that cluster/prices.yaml knows", f"{hint}to add a type, add a line to {own}")


Instance = Annotated[str, BeforeValidator(_instance_type)]


class AwsFile(ClusterFile):
    """Machines of EC2, started and ended by `ray up`. `aws.yaml` explains each key."""

    backend: Literal["aws"]
    name: Name = "recipe-sweep"
    region: Annotated[str, matching(REGION, "a region such as us-east-1")]
    image: Annotated[str | None, matching(r"ami-[0-9a-f]{8,17}", "an image's id such as ami-0123456789abcdef0", AUTO)] = None
    """None for the newest image that AWS names for such machines."""
    store: BucketFolder | None = None
    """The folder of a bucket that keeps every sweep, each in a folder of its own name."""
    file_system: (
        Annotated[str, matching(r"fs-[0-9a-f]{8,17}", "an EFS file system's id such as fs-0123456789abcdef0")] | None
    ) = None
    head_instance: Instance = "m6i.large"
    worker_instances: Annotated[tuple[Instance, ...], not_empty("at least one value")]
    workers: Machines
    spot: Switch = True
    budget_usd: Dollars
    idle_minutes: Minutes = 5.0
    stage_data: PathOrNever = STAGE_DATA
    disk_gb: Gigabytes = 100
    subnets: tuple[Annotated[str, matching(r"subnet-[0-9a-f]{8,17}", "a subnet's id such as subnet-0123abcd")], ...] = ()
    security_groups: tuple[Annotated[str, matching(r"sg-[0-9a-f]{8,17}", "a group's id such as sg-0123abcd")], ...] = ()
    head_profile: Word | None = None
    worker_profile: Word | None = None

    @property
    def way(self) -> Way | None:
        """How files of packs travel. Only workers with a role of their own may use the bucket."""
        if self.travel != AUTO:
            return Way(self.travel)
        if self.file_system is not None:
            return None
        return Way.RAY if self.worker_profile is None else Way.STORE

    def loss(self) -> str:
        """Say in one sentence what a lost head costs."""
        if self.file_system is not None:
            return f"nothing that is on the file system {self.file_system}, where the sweep is"
        return f"what is not in {self.store} yet: at most the last seconds"

    def contradictions(self) -> Iterator[ClusterError]:
        """Yield what is lost with the machines, and what workers cannot use."""
        if self.store is None and self.file_system is None:
            yield ClusterError("store", "neither store nor file_system", _ONE_PLACE, _A_BUCKET)
        if self.file_system is None and self.way is Way.FOLDER:
            yield ClusterError("travel", "folder, and no file_system", "ray or store, because such machines share no folder")
        if self.way is Way.STORE:
            lacking = [key for key in ("store", "worker_profile") if getattr(self, key) is None]
            for key in lacking:
                yield ClusterError("travel", f"store, and no {key}", _BOTH, f"add {key}, or write `travel: ray`")


_ONE_PLACE = "at least one of them, because the disks of machines go when they end"
_A_BUCKET = "name a folder of a bucket, such as store: s3://my-results/sweeps"
_BOTH = "both, because workers then read and write the bucket themselves"


def image_parameter(file: AwsFile) -> str:
    """Name AWS's public parameter that has the newest image for the workers of a file."""
    return GPU_IMAGE if any(price_table(file.region).instances[name].gpus for name in file.worker_instances) else CPU_IMAGE


def spending(file: AwsFile) -> Spending:
    """Compute what the machines may cost by the price table. Raises ClusterError if the budget does not last an hour."""
    table = price_table(file.region)
    head = table.instances[file.head_instance].on_demand
    kinds = [table.instances[name] for name in file.worker_instances]
    most = head.usd + file.workers * max(kind.on_demand.usd for kind in kinds)
    spot = head.usd + file.workers * max(kind.usd_per_hour(file.spot) for kind in kinds)
    if file.budget_usd / most < LEAST_HOURS:
        raise ClusterError(
            "budget_usd",
            f"{file.budget_usd:g}",
            f"enough for an hour, ${most:.2f} with every worker on demand",
            "raise it, or take fewer or smaller workers",
        )
    prices = [head, *(kind.on_demand for kind in kinds), *(kind.spot for kind in kinds if file.spot)]
    return Spending(most, spot, file.budget_usd / most, file.budget_usd, told(prices))


def spending_text(file: AwsFile) -> str:
    """Say in one sentence what an hour of the machines costs."""
    most = spending(file)
    spot = f", ${most.spot_per_hour:.2f} with every worker on spot" if file.spot else ""
    return f"at most ${most.most_per_hour:.2f} an hour{spot}: machines alone, {price_table(file.region).region}, {most.source}"


def deadline(file: AwsFile, now: datetime) -> datetime:
    """Compute when every machine ends itself. So even a forgotten cluster costs no more than the budget."""
    return now + timedelta(hours=spending(file).hours)
