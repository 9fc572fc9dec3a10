"""A backend that was never there before, added as CONTRIBUTING.md says: its class, and a line in the registry."""

from __future__ import annotations

import json

import pytest

from tests.contracts.copied_tree import CopiedTree
from tests.sweep.cli.test_bad_input import GRID

CLASS = '''\
"""Machines of a pool that one command lends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from recipe_sweep.cluster.backends.base import Command, Cost, Spending, Start, Started, StartingBackend
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import ClusterFile, Dollars, Hours, Machines
from recipe_sweep.cluster.shipment import Cargo, TextFile, launch_words, there_text


class PoolFile(ClusterFile):
    """Machines of the pool."""

    backend: Literal["pool"]
    machines: Machines
    hours: Hours
    usd_per_hour: Dollars


class PoolBackend(StartingBackend[PoolFile]):
    """Machines of eight CPUs each, for so many hours."""

    name = "pool"
    schema = PoolFile
    needs_grid = True

    @classmethod
    def example(cls) -> str:
        return "backend: pool\\nmachines: 3\\nhours: 5\\nusd_per_hour: 2\\n"

    def resources(self) -> Resources:
        return resources_of(self.file, [Node(8, 0, 32.0)] * self.file.machines)

    def cost(self) -> Cost:
        hourly, hours = self.file.usd_per_hour, self.file.hours
        spending = Spending(hourly, hourly, hours, hourly * hours, "the pool's own prices")
        return Cost(spending, f"${hourly:.2f} an hour")

    def budget(self) -> str:
        return f"the pool takes them back after {self.file.hours:g} hours"

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        assert cargo is not None
        words = launch_words(str(cargo.grid_file), str(cargo.cluster_file), "data")
        files = (
            TextFile("lend.sh", f"# sha256 {cargo.wheel.sha256}\\n{' '.join(words)}\\n"),
            TextFile(cargo.cluster_file.name, there_text(self.resources())),
            TextFile(cargo.grid_file.name, cargo.grid_text or ""),
        )
        ends_at = now + timedelta(hours=self.file.hours)
        return Start(files, (("lend", str(cargo.directory / "lend.sh")),), ends_at, job_of=str.strip)

    def status(self, started: Started) -> Command:
        return ("pool", "show", started.job or "?")

    def down(self, started: Started) -> tuple[Command, ...]:
        return (("pool", "return", started.job or "?"),)
'''

FILES = {"cluster/backends/pool.py", "cluster/backends/registry.py"}

SCRIPT = """
import json
from typer.testing import CliRunner
from recipe_sweep.sweep.cli.main import app

def run(*words):
    done = CliRunner().invoke(app, list(words))
    return [done.exit_code, done.output]

print(json.dumps({name: run(*words.split()) for name, words in COMMANDS.items()}))
"""

COMMANDS = {
    "validate": "cluster validate pool.yaml",
    "plan": "plan little.yaml --cluster pool.yaml",
    "json": "plan little.yaml --cluster pool.yaml --json",
    "help": "cluster up --help",
    "no grid": "cluster up pool.yaml --dry-run",
    "start": "cluster up pool.yaml --grid little.yaml",
    "status": "cluster status pool.yaml",
    "down": "cluster down pool.yaml",
    "launch": "launch little.yaml --cluster pool.yaml --no-mlflow",
    "misspelt": "cluster validate pol.yaml",
    "local": "cluster up local.yaml",
    "unknown": "cluster validate unknown.yaml",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CopiedTree:
    """The checkout with one backend more."""
    tree = CopiedTree(tmp_path_factory.mktemp("newcomer") / "tree")
    tree.write("cluster/backends/pool.py", CLASS)
    last = "from recipe_sweep.cluster.backends.ray_address import RayBackend\n"
    tree.edit(
        "cluster/backends/registry.py",
        (last, f"from recipe_sweep.cluster.backends.pool import PoolBackend\n{last}"),
        ('    "kubernetes": KubernetesBackend,\n', '    "kubernetes": KubernetesBackend,\n    "pool": PoolBackend,\n'),
    )
    return tree


@pytest.fixture(scope="module")
def said(tree: CopiedTree, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Exit code and output of each command, in a directory with cluster files; programs of the pool note their calls."""
    here = tmp_path_factory.mktemp("here")
    good = "backend: pool\nmachines: 3\nhours: 5\nusd_per_hour: 2\n"
    (here / "pool.yaml").write_text(good)
    (here / "pol.yaml").write_text(good.replace("pool", "pol"))
    (here / "unknown.yaml").write_text(good.replace("hours", "hour", 1))
    (here / "local.yaml").write_text("backend: local\n")
    (here / "little.yaml").write_text(GRID)
    for program in ("lend", "pool"):
        (here / program).write_text(f'#!/bin/sh\necho "{program} $*" >> calls\necho 17\n')
        (here / program).chmod(0o755)
    path = f"import os; os.environ['PATH'] = {str(here)!r} + ':' + os.environ['PATH']\n"
    printed = tree.python(f"{path}COMMANDS = {COMMANDS!r}\n{SCRIPT}", here)
    content = json.loads(printed.splitlines()[-1])
    content["calls"] = (0, (here / "calls").read_text())
    content["script"] = (0, (here / "pool.generated" / "lend.sh").read_text())
    return {name: (code, text) for name, (code, text) in content.items()}


def test_a_backend_takes_more_than_its_class_and_a_line(tree: CopiedTree, said: dict[str, tuple[int, str]]) -> None:
    assert tree.changed == FILES
    assert {name: code for name, (code, _) in said.items() if code} == {
        "no grid": 2, "launch": 2, "misspelt": 2, "local": 2, "unknown": 2,
    }, said  # fmt: skip


def test_a_new_backend_is_not_counted_or_priced(said: dict[str, tuple[int, str]]) -> None:
    assert said["validate"][1].startswith("pool.yaml: pool, 24 CPUs for packs")
    assert "cost     $2.00 an hour" in said["validate"][1]
    assert "budget   the pool takes them back after 5 hours" in said["validate"][1]
    assert json.loads(said["json"][1])["slots"] == 24
    assert "FILE" in said["help"][1]


def test_a_new_backend_cannot_be_started_shown_and_ended(said: dict[str, tuple[int, str]]) -> None:
    assert "recipe-sweep launch" in said["script"][1]
    assert "submitted as job 17" in said["start"][1]
    assert "at most $0.00 of $10 so far; the pool's own prices" in said["status"][1]
    [lent, *rest] = said["calls"][1].splitlines()
    assert lent.startswith("lend ")
    assert rest == ["pool show 17", "pool return 17"]


def test_complaints_do_not_know_a_new_backend(said: dict[str, tuple[int, str]]) -> None:
    assert "pool without --grid" in said["no grid"][1]
    assert "machines to start, and nobody to ask" in said["launch"][1]
    assert "did you mean pool?" in said["misspelt"][1]
    assert "local, ray, inline, folder, ssh, aws, slurm, kubernetes, pool" in said["misspelt"][1]
    assert "aws, slurm, kubernetes or pool" in said["local"][1]
    assert "did you mean hours?" in said["unknown"][1]
