"""The launch on a given host, with the script that the host gets: it leaves an exit code, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_sweep.cluster.backends.base import Started
from recipe_sweep.cluster.backends.ssh import SshBackend
from recipe_sweep.cluster.backends.ssh_file import SshFile
from recipe_sweep.cluster.backends.ssh_reach import CUT_OFF, ToGivenHost
from recipe_sweep.cluster.backends.ssh_script import script_text
from tests.cluster.golden_files import NOW, backend, cargo
from tests.sweep.processes import wait_until

PROGRAM = """#!/bin/sh
echo $$ >running
while [ ! -e go ]; do sleep 0.05; done
exit 7
"""


class Host:
    """A host of one cluster: a directory of this machine. `ssh` is `sh`."""

    def __init__(self, directory: Path) -> None:
        described = backend("ssh-one-host")
        assert isinstance(described, SshBackend)
        file: SshFile = described.file.model_copy(update={"directory": str(directory), "store": None})
        script = script_text(file, cargo("ssh-one-host"), NOW)
        environment = Path(script.partition("\nenvironment=")[2].partition("\n")[0])
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "recipe-sweep").write_text(PROGRAM)
        (environment / "bin" / "recipe-sweep").chmod(0o755)
        self.directory, self.here = directory, Path(file.here)
        self.here.mkdir(parents=True)
        (self.here / "node.sh").write_text(script)
        (self.here / "head").write_text("127.0.0.1")
        there = SshBackend(file).reach(Started(directory, None), "little").there
        self._reach = ToGivenHost(there, ("sh",), "-c")

    def launch(self) -> None:
        subprocess.run(["bash", self.here / "node.sh", "launch"], check=True)
        wait_until((self.directory / "running").exists)

    def exit_code(self) -> str:
        return subprocess.run(self._reach.exit_code(), check=True, capture_output=True, text=True).stdout.strip()

    def cut_power(self) -> None:
        """Kill the launch, and the shell that waits for it, at the same moment."""
        running = self.directory / "running"
        os.killpg(os.getpgid(int(running.read_text())), signal.SIGKILL)
        running.unlink()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    (tmp_path / "go").touch()


def test_a_launch_that_a_power_cut_ended_is_followed_for_ever(host: Host) -> None:
    host.launch()
    assert host.exit_code() == "", "it still runs"
    host.cut_power()
    wait_until(lambda: host.exit_code() == "1")
    assert host.exit_code() == "1"
    assert (host.here / "launch.log").read_text() == f"{CUT_OFF}\n", "told once"


def test_a_launch_after_one_that_was_cut_off_counts_as_ended(host: Host) -> None:
    host.launch()
    host.cut_power()
    wait_until(lambda: host.exit_code() == "1")
    host.launch()
    assert host.exit_code() == ""
    (host.directory / "go").touch()
    wait_until(lambda: host.exit_code() == "7")
    assert CUT_OFF not in (host.here / "launch.log").read_text()


def test_a_launch_that_is_still_being_prepared_counts_as_cut_off(host: Host) -> None:
    assert host.exit_code() == ""
    (host.here / "ended").write_text("3\n")
    assert host.exit_code() == "3"
