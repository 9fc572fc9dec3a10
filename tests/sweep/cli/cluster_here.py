"""A cluster in a folder of this machine: it is started, followed and ended like any other, in a moment and without Ray."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Literal

from recipe_sweep.cluster.backends.base import Command, Cost, Spending, Start, Started, StartingBackend
from recipe_sweep.cluster.backends.reach import LOG_FILE, Here, There, remembering_exit
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import AbsolutePath, ClusterFile
from recipe_sweep.cluster.shipment import Cargo, TextFile

NAME = "here"
INLINE = "schema_version: 1\nbackend: inline\nmax_lanes: 2\n"


class HereFile(ClusterFile):
    """The machine is a folder. It costs dollars, so that there is a budget."""

    backend: Literal["here"]
    directory: AbsolutePath
    limit_hours: float = 1.0
    queue_s: float = 0.0
    """Seconds before the launch begins there, as a job that waits for its nodes."""


class HereBackend(StartingBackend[HereFile]):
    """Starts `recipe-sweep launch` in a folder, apart from the process that starts it."""

    name = NAME
    schema = HereFile
    needs_grid = True

    @classmethod
    def example(cls) -> str:
        return f"backend: here\ndirectory: {os.sep}x\n"

    def resources(self) -> Resources:
        return resources_of(self.file, [Node(1, 0, 8)])

    def cost(self) -> Cost:
        hours = self.file.limit_hours
        return Cost(Spending(2.0, 2.0, hours, 2.0 * hours, "made up for tests"), "at most $2.00 an hour")

    def budget_hours(self) -> float:
        return self.file.limit_hours

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        assert cargo is not None
        assert cargo.grid_text is not None
        files = (TextFile("grid.yaml", cargo.grid_text), TextFile("cluster.yaml", INLINE))
        words = [Path(sys.executable).with_name("recipe-sweep"), "launch", cargo.grid_file, "--cluster", cargo.cluster_file]
        launch = shlex.join(map(str, [*words, "--no-mlflow", *cargo.options]))
        inner = f"cd {self.file.directory} && sleep {self.file.queue_s} && {remembering_exit(launch, str(cargo.directory))}"
        log = cargo.directory / LOG_FILE
        return Start(files, (("sh", "-c", f"setsid nohup sh -c {shlex.quote(inner)} > {log} 2>&1 < /dev/null &"),))

    def status(self, started: Started) -> Command:
        return ("cat", str(started.directory / LOG_FILE))

    def down(self, started: Started) -> tuple[Command, ...]:
        return (("touch", str(Path(self.file.directory) / "is-down")),)

    def reach(self, started: Started, sweep: str) -> Here:
        return Here(There(f"{self.file.directory}/sweeps/{sweep}", str(started.directory)))
