"""What hosts are asked before anything is started. The program ssh is replaced by one that runs the question here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_sweep.cluster.host_processes import VARIABLE
from recipe_sweep.cluster.shipment import RAY_VERSION
from recipe_sweep.cluster.ssh import Login
from recipe_sweep.cluster.ssh_check import Wanted, check_hosts

NEEDED = ("sh", "mkdir", "bash", "rsync", "setsid", "flock", "sha256sum", "cat", "grep")
MARK = f"/home/me/clusters/up-from-elsewhere-{os.getpid()}"
"""Only this process has this mark. Another run of these tests may be at work on this machine."""
PROBLEMS = {
    "a name nobody knows": ("ssh: Could not resolve hostname b: Name or service not known", "a name that is not known here"),
    "a wrong key": ("me@b: Permission denied (publickey).", "a host that refuses this user and key"),
    "no ssh server": ("ssh: connect to host b port 22: Connection refused", "a host on which no ssh server answers"),
    "no such host": ("ssh: connect to host b port 22: No route to host", "a host that does not answer"),
    "silence": ("ssh: connect to host b port 22: Connection timed out", "a host that does not answer"),
    "a changed host": ("Host key verification failed.", "another host key than the one that is known"),
}


class Hosts:
    """Hosts that all have the same programs; `fail` makes one that ssh cannot open."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there, self.directory = folder / "here", folder / "there", folder / "home" / "sweeping"
        for each in (self.here, self.there, self.directory.parent):
            each.mkdir()
        for name in NEEDED:
            (self.there / name).symlink_to(shutil.which(name) or "/bin/true")
        self.python("3 12", RAY_VERSION)
        self.refusal = ""
        self._write(
            self.here / "ssh",
            "for last; do :; done\n"
            f'case "$*" in *me@b*) if [ -s {folder}/refusal ]; then cat {folder}/refusal >&2; exit 255; fi;; esac\n'
            f'case "$*" in *me@old*) PATH={folder}/old:{self.there};; *) PATH={self.there};; esac\n'
            "export PATH\neval \"$last\"",
        )  # fmt: skip
        self._folder = folder
        (folder / "old").mkdir()

    def fail(self, said: str) -> None:
        (self._folder / "refusal").write_text(said + "\n")

    def lose(self, program: str) -> None:
        (self.there / program).unlink()

    def python(self, version: str, ray: str | None, venv: bool = True, folder: Path | None = None) -> None:
        script = (
            f'case "$2" in *version_info*) echo python {version};; *ensurepip*) exit {0 if venv else 1};; '
            f"*importlib*) {f'echo ray {ray}' if ray else 'exit 1'};; esac"
        )
        self._write((folder or self.there) / "python3", script)

    def old(self, version: str) -> None:
        self.python(version, RAY_VERSION, folder=self._folder / "old")

    def mistakes(self, *hosts: str, given: bool = False) -> list[str]:
        login = Login("me", None, self._folder / "known_hosts")
        found = check_hosts(login, hosts or ("a", "b"), Wanted("python3", str(self.directory), given, MARK))
        return [str(each) for each in found]

    @staticmethod
    def _write(path: Path, script: str) -> None:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    hosts = Hosts(tmp_path)
    monkeypatch.setenv("PATH", f"{hosts.here}:/usr/bin:/bin")
    return hosts


def test_a_host_with_everything_is_refused(hosts: Hosts) -> None:
    assert hosts.mistakes() == []
    assert hosts.mistakes(given=True) == []
    assert hosts.directory.is_dir()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_host_that_cannot_be_opened_is_not_named_or_not_why(hosts: Hosts, name: str) -> None:
    said, found = PROBLEMS[name]
    hosts.fail(said)
    [mistake] = hosts.mistakes()
    assert mistake.startswith(f"hosts.1: found me@b: {found}, expected ")
    assert f"ssh says: {said}" in mistake


@pytest.mark.parametrize("program", ["rsync", "bash", "flock", "setsid"])
def test_a_missing_program_is_found_out_by_ray(hosts: Hosts, program: str) -> None:
    hosts.lose(program)
    assert [each for each in hosts.mistakes() if f"no {program}" not in each] == []
    assert len(hosts.mistakes()) == 2, "one for each host"


def test_a_python_that_is_absent_old_or_without_venv_is_found_out_by_pip(hosts: Hosts) -> None:
    hosts.python("3 10", None)
    assert "a: python3 is Python 3.10, expected Python 3.11 or newer" in hosts.mistakes()[0]
    hosts.python("3 12", None, venv=False)
    assert "python3 without venv" in hosts.mistakes()[0]
    assert "install python3-venv" in hosts.mistakes()[0]
    hosts.lose("python3")
    assert "a: no python3, expected a Python; name one of that host by `python: PATH`" in hosts.mistakes()[0]


def test_hosts_whose_pythons_differ_cannot_join_and_nobody_says_why(hosts: Hosts) -> None:
    hosts.old("3 11")
    [mistake] = hosts.mistakes("a", "old")
    assert mistake.startswith("hosts.1: found old: Python 3.11, expected Python 3.12 as on a")


def test_given_packages_without_this_ray_are_taken(hosts: Hosts) -> None:
    hosts.python("3 12", "2.9.3")
    assert hosts.mistakes() == []
    assert f"a: Ray 2.9.3 in python3, expected Ray {RAY_VERSION}" in hosts.mistakes(given=True)[0]
    hosts.python("3 12", None)
    assert "a: no Ray in python3" in hosts.mistakes(given=True)[0]


def test_a_directory_that_cannot_be_made_is_found_out_by_rsync(hosts: Hosts) -> None:
    hosts.directory.parent.rmdir()
    hosts.directory.parent.write_text("a file")
    assert "which cannot be written" in hosts.mistakes("a")[0]


def test_several_mistakes_are_told_one_at_a_time(hosts: Hosts) -> None:
    hosts.fail("Permission denied")
    hosts.lose("rsync")
    hosts.lose("flock")
    assert len(hosts.mistakes()) == 3


def test_a_cluster_that_somebody_else_has_brought_up_is_ended_by_a_second_one(hosts: Hosts) -> None:
    process = subprocess.Popen(["sleep", "60"], env={VARIABLE: MARK})
    try:
        assert "a: this cluster is up there" in hosts.mistakes("a")[0]
        assert f"bash {MARK}/node.sh down" in hosts.mistakes("a")[0]
    finally:
        process.kill()
        process.wait()
    assert hosts.mistakes("a") == []


def test_a_machine_without_ssh_is_found_out_late(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    from recipe_sweep.cluster.commands import MissingToolError

    monkeypatch.setenv("PATH", str(hosts.there))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MissingToolError, match="ssh"):
        hosts.mistakes()
