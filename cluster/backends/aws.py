"""Machines of EC2 through Ray's own cluster launcher."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from recipe_sweep.cluster.aws_account import AwsAnswerError, check_aws_account
from recipe_sweep.cluster.aws_image import newest_image
from recipe_sweep.cluster.aws_roles import missing_profiles
from recipe_sweep.cluster.backends import ray_up_commands
from recipe_sweep.cluster.backends.aws_file import (
    AwsFile,
    deadline,
    image_parameter,
    spending,
    spending_text,
)
from recipe_sweep.cluster.backends.aws_ray_up import HOME, launch_shell, ray_up_text, root_of
from recipe_sweep.cluster.backends.base import Command, Cost, Start, Started, StartingBackend, sample
from recipe_sweep.cluster.backends.reach import ByRay, Reach, There
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.prices import price_table
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.shipment import Cargo, TextFile, there_text

CONFIG_NAME = "ray.yaml"


class AwsBackend(StartingBackend[AwsFile]):
    """A head and workers of EC2. They end themselves before the budget is spent."""

    name = "aws"
    schema = AwsFile
    tools = ("ray",)
    opens_store = True

    @classmethod
    def example(cls) -> str:
        return sample("aws")

    def resources(self) -> Resources:
        """Count what all workers hold. Packs are made for the smallest kind.

        Raises ClusterError if no pack fits, if the budget is too small, or if only some kinds have GPUs.
        """
        spending(self.file)
        kinds = [price_table(self.file.region).instances[name] for name in self.file.worker_instances]
        nodes = [Node(kind.cpus, kind.gpus, kind.memory_gb, kind.gpu_memory_gb) for kind in kinds]
        each = [resources_of(self.file, [node] * self.file.workers) for node in nodes]
        if len({kind.gpus > 0 for kind in kinds}) > 1:
            raise ClusterError(
                "worker_instances",
                "some with GPUs and some without",
                "all with GPUs, or all without",
                "packs are made for one device",
            )
        smallest = min(each, key=lambda resources: (resources.slots, resources.bytes_per_pack or 0))
        return replace(smallest, spot_notice=self.file.spot)

    def cost(self) -> Cost:
        return Cost(spending(self.file), spending_text(self.file))

    def budget(self) -> str:
        hours = spending(self.file).hours
        return f"${self.file.budget_usd:g}: machines end themselves {hours:.1f} hours after `up`"

    def budget_hours(self) -> float:
        return spending(self.file).hours

    def contradictions(self) -> tuple[ClusterError, ...]:
        return tuple(self.file.contradictions())

    def loss(self) -> str:
        return f"a lost head costs {self.file.loss()}"

    def gpu(self) -> str | None:
        """Name the GPU model with the lowest float32 peak among the kinds of workers."""
        table = price_table(self.file.region)
        kinds = [table.instances[name] for name in self.file.worker_instances]
        models = [kind.gpu for kind in kinds if kind.gpu is not None]
        return min(models, key=lambda model: table.peak(model, "float32") or 0.0, default=None)

    def check_machines(self, directory: Path) -> tuple[ClusterError, ...]:
        """Ask AWS for the instance profiles that the file names."""
        profiles = {"head_profile": self.file.head_profile, "worker_profile": self.file.worker_profile}
        named = {key: name for key, name in profiles.items() if name is not None}
        missing = missing_profiles(named.values(), self.file.region)
        expected, hint = "an instance profile of this account", "docs/clusters.md has the rights that it needs"
        return tuple(ClusterError(key, name, expected, hint) for key, name in named.items() if name in missing)

    def lacks_to_reach(self) -> str | None:
        """Look for the private key that `ray up` made. Without it, Ray makes another one, which opens nothing."""
        folder = Path("~/.ssh").expanduser()
        if any(folder.glob(f"ray-autoscaler_*{self.file.region}.pem")):
            return None
        key = f"~/.ssh/ray-autoscaler_*{self.file.region}.pem"
        return f"bring {key} from the machine that started the cluster: without this key the head gives no answer"

    def check_account(self) -> None:
        check_aws_account()

    def settled(self) -> AwsBackend:
        """Ask AWS for the image that a file with `image: auto` leaves open.

        Raises MissingToolError without an account, and ClusterError if AWS names no image.
        """
        if self.file.image is not None:
            return self
        check_aws_account()
        parameter = image_parameter(self.file)
        try:
            image = newest_image(parameter, self.file.region)
        except AwsAnswerError as error:
            hint = "state the id of an image; or see docs/clusters.md for the rights that this needs"
            raise ClusterError("image", f"auto, and {error}", f"AWS's answer to {parameter}", hint) from error
        return AwsBackend(self.file.model_copy(update={"image": image}))

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide what `ray up` reads and what it copies to the head. Without a grid the machines only start."""
        assert cargo is not None
        config = cargo.directory / CONFIG_NAME
        there = TextFile(cargo.cluster_file.name, there_text(self.resources(), self.notice(now)))
        files = [TextFile(CONFIG_NAME, ray_up_text(self.file, cargo, now)), there]
        commands = [ray_up_commands.up(config)]
        if cargo.grid_text is not None:
            files.append(TextFile(cargo.grid_file.name, cargo.grid_text))
            commands.append(ray_up_commands.launch(config, launch_shell(self.file, cargo.options)))
        return Start(tuple(files), tuple(commands), deadline(self.file, now))

    def status(self, started: Started) -> Command:
        return ray_up_commands.status(started.directory / CONFIG_NAME)

    def reach(self, started: Started, sweep: str) -> Reach:
        return ByRay(There(f"{root_of(self.file)}/sweeps/{sweep}", HOME), started.directory / CONFIG_NAME)

    def down(self, started: Started) -> tuple[Command, ...]:
        return (ray_up_commands.down(started.directory / CONFIG_NAME),)
