"""Hosts that somebody has and may open with ssh, through Ray's own cluster launcher. Nothing needs root there, nor Docker."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from recipe_sweep.cluster.backends import ray_up_commands
from recipe_sweep.cluster.backends.base import Command, Cost, Start, Started, StartingBackend, sample
from recipe_sweep.cluster.backends.reach import There
from recipe_sweep.cluster.backends.ssh_file import SshFile
from recipe_sweep.cluster.backends.ssh_ray_up import SCRIPT_NAME, ray_up_text
from recipe_sweep.cluster.backends.ssh_reach import ToGivenHost
from recipe_sweep.cluster.backends.ssh_script import script_text
from recipe_sweep.cluster.commands import find_tool
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.shipment import Cargo, TextFile, there_text
from recipe_sweep.cluster.ssh import Login
from recipe_sweep.cluster.ssh_check import Wanted, check_hosts

CONFIG_NAME = "ray.yaml"

_FOR_OTHERS = 0o077
"""Rights of other users, with which ssh refuses a key."""


class SshBackend(StartingBackend[SshFile]):
    """Hosts of a list. The first one is the head of Ray; the launch runs there, and results stay there."""

    name = "ssh"
    schema = SshFile
    tools = ("ray", "ssh", "rsync")  # Ray's launcher calls rsync

    @classmethod
    def example(cls) -> str:
        return sample("ssh")

    def resources(self) -> Resources:
        """Count what all hosts hold. Raises ClusterError if no pack fits, or without a key for several hosts."""
        file = self.file
        if len(file.hosts) > 1 and file.key is None:
            expected = "a private key's path, because the first host opens the others with it"
            raise ClusterError("key", "nothing, and several hosts", expected)
        return resources_of(file, [Node(host.cpus, host.gpus, host.memory_gb, host.gpu_memory_gb) for host in file.hosts])

    def cost(self) -> Cost:
        return Cost(None, "given hosts have no prices here; the file limits hours")

    def budget(self) -> str:
        return f"{self.file.hours:g} hours: every host ends its part so long after `up`"

    def mistakes_here(self) -> tuple[ClusterError, ...]:
        """List what is wrong with the private key's file."""
        if self.file.key is None:
            return ()
        path = Path(self.file.key).expanduser()
        if not path.is_file():
            return (ClusterError("key", f"{self.file.key}, and no such file", "a private key", "make one with ssh-keygen"),)
        if path.stat().st_mode & _FOR_OTHERS:
            mode = f"{path.stat().st_mode & 0o777:o}"
            found = f"{self.file.key} with mode {mode}"
            return (ClusterError("key", found, "a private key that only you can read (600)", f"chmod 600 {path}"),)
        return ()

    def check_machines(self, directory: Path) -> tuple[ClusterError, ...]:
        """Ask every host for its Python and for the programs that are needed there."""
        file = self.file
        find_tool("rsync")  # Ray's launcher calls it
        wanted = Wanted(file.python, file.directory, given=file.packages == "given", mark=file.here)
        return check_hosts(self._login(directory), [host.host for host in file.hosts], wanted)

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide what `ray up` reads and what it copies to the hosts. Without a grid Ray only starts."""
        assert cargo is not None
        config, ends_at = cargo.directory / CONFIG_NAME, now + timedelta(hours=self.file.hours)
        files = [
            TextFile(CONFIG_NAME, ray_up_text(self.file, cargo, now, ends_at)),
            TextFile(SCRIPT_NAME, script_text(self.file, cargo, ends_at)),
            TextFile(cargo.cluster_file.name, there_text(self.resources(), self.notice(now))),
        ]
        commands = [ray_up_commands.up(config)]
        if cargo.grid_text is not None:
            files.append(TextFile(cargo.grid_file.name, cargo.grid_text))
            commands.append(self._there(cargo.directory, self.file.head.host, "launch"))
        return Start(tuple(files), tuple(commands), ends_at)

    def status(self, started: Started) -> Command:
        return self._there(started.directory, self.file.head.host, "status")

    def down(self, started: Started) -> tuple[Command, ...]:
        """Return one command for each host. The first host is the first, because it would start the others again."""
        return tuple(self._there(started.directory, host.host, "down") for host in self.file.hosts)

    def budget_hours(self) -> float:
        return self.file.hours

    def reach(self, started: Started, sweep: str) -> ToGivenHost:
        file, script = self.file, f"bash {self.file.here}/{SCRIPT_NAME}"
        there = There(f"{file.directory}/sweeps/{sweep}", file.here, "ended", f"{script} recipe_sweep")
        return ToGivenHost(there, self._login(started.directory).options(), f"{file.user}@{file.head.host}")

    def _login(self, directory: Path) -> Login:
        return Login(self.file.user, self.file.key, directory / "known_hosts")

    def _there(self, directory: Path, host: str, what: str) -> Command:
        script = f"{self.file.here}/{SCRIPT_NAME}"
        return self._login(directory).words(host, '[ ! -e "$1" ] || exec bash "$1" "$2"', script, what)
