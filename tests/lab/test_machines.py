"""The laboratory is what it promises: machines of their own, that share what they should and nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.lab.conftest import MakeLab
from tests.lab.machines import DISK, HOST, SHARED, Lab
from tests.sweep.processes import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("lab")]

PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/root", "/srv")


def test_machines_have_names_homes_and_processes_of_their_own(make_lab: MakeLab) -> None:
    lab = make_lab(2)
    assert [lab.run(machine, "hostname").strip() for machine in lab.machines] == ["lab1", "lab2"]
    lab.run(1, "sh", "-c", f"for place in {' '.join(PLACES)}; do echo x > $place/only-here; done")
    for place in PLACES:
        assert lab.get(1, f"{place}/only-here") == b"x\n"
        assert lab.get(2, f"{place}/only-here") is None, f"{place} is shared"
        assert not Path(place, "only-here").exists(), f"{place} is this host's"
    asleep = lab.popen(1, "sh", "-c", "echo up; exec sleep 4711")
    assert asleep.stdout is not None
    assert asleep.stdout.readline() == b"up\n"
    seen = [lab.run(machine, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '") for machine in lab.machines]
    assert ["sleep 4711" in processes for processes in seen] == [True, False]
    assert asleep.poll() is None


def test_no_machine_writes_what_is_this_hosts(make_lab: MakeLab) -> None:
    lab = make_lab(1)
    for place in (ROOT, Path(sys.prefix), Path("/usr"), Path("/etc"), Path("/mnt")):
        said = lab.run(1, "touch", place / "written-by-a-machine", check=False)
        assert "Read-only file system" in said, f"{place}: {said}"


def test_a_machine_runs_the_programs_of_this_checkout(make_lab: MakeLab) -> None:
    lab = make_lab(1)
    assert "Usage" in lab.run(1, "recipe-sweep", "--help")
    assert str(ROOT) in lab.run(1, "python", "-c", "import recipe_sweep; print(recipe_sweep.__file__)")


def test_a_machine_knows_nothing_of_this_hosts_user(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    lab = make_lab(1)
    assert "secret" not in lab.run(1, "env")
    programs = {
        Path(place).relative_to("/root").parts[0] for place in (ROOT, sys.base_prefix) if Path(place).is_relative_to("/root")
    }
    assert set(lab.run(1, "ls", "-A").split()) == programs, "HOME is empty, unless programs lie in it"


def test_a_shared_folder_is_one_folder_on_all_machines(make_lab: MakeLab) -> None:
    lab = make_lab(2, shared=True)
    lab.put(1, SHARED / "deep" / "file", "seen by all")
    assert lab.get(2, SHARED / "deep" / "file") == b"seen by all"
    assert lab.shared is not None
    assert (lab.shared / "deep" / "file").read_text() == "seen by all"


def test_a_disk_outlives_a_power_cut_and_nothing_outlives_a_replacement(make_lab: MakeLab) -> None:
    lab = make_lab(2, disks=True)
    for machine in lab.machines:
        lab.put(machine, DISK / "kept", f"of {machine}")
        lab.put(machine, "lost", "in HOME")
    lab.cut_power(1)
    lab.start(1)
    assert (lab.get(1, DISK / "kept"), lab.get(1, "lost")) == (b"of 1", None)
    lab.replace(1)
    assert (lab.get(1, DISK / "kept"), lab.get(1, "lost")) == (None, None)
    assert lab.get(2, DISK / "kept") == b"of 2"


def test_a_power_cut_ends_every_process_without_a_goodbye(make_lab: MakeLab) -> None:
    lab = make_lab(1)
    serve = "import socket, time; s = socket.create_server(('', 4711)); c, _ = s.accept(); c.send(b'x'); time.sleep(999)"
    server = lab.popen(1, "python", "-c", serve)
    with _connected(lab.address(1)) as peer:
        assert peer.recv(1) == b"x"
        lab.cut_power(1)
        assert server.wait(10) != 0
        peer.settimeout(1)
        with pytest.raises(TimeoutError):  # an end of the stream would be a goodbye
            peer.recv(1)


def test_machines_and_this_host_can_be_cut_off(make_lab: MakeLab) -> None:
    lab = make_lab(2)
    for machine in lab.machines:
        lab.popen(machine, "python", "-m", "http.server", "4711", output=subprocess.DEVNULL)
    everyone = [(HOST, 1), (1, 2), (2, 1)]
    assert [_reaches(lab, *pair) for pair in everyone] == [True] * 3
    with lab.away():
        assert [_reaches(lab, *pair) for pair in everyone] == [False, True, True]
    with lab.away(2):
        assert [_reaches(lab, *pair) for pair in everyone] == [True, False, False]
    assert [_reaches(lab, *pair) for pair in everyone] == [True] * 3


@pytest.mark.parametrize("end", ["closed", "failed", "killed", "interrupted"])
def test_nothing_of_a_laboratory_stays(make_lab: MakeLab, tmp_path: Path, end: str) -> None:
    make_lab(1)  # one that goes on beside, so the other has a number of its own
    script = (
        "import os, pathlib, signal, sys; from tests.lab.machines import *\n"
        "with Lab(pathlib.Path(sys.argv[1]), Plan(1)) as lab:\n"
        "    lab.popen(1, 'sh', '-c', 'echo; exec sleep 4712').stdout.readline()\n"
        "    network = lab.run(1, 'readlink', '/proc/self/ns/net').strip()\n"
        "    print(lab.address(1).split('.')[2], network, flush=True); input()\n"
        "    if sys.argv[2] == 'killed': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if sys.argv[2] == 'interrupted': os.kill(os.getpid(), signal.SIGINT)\n"
        "    assert sys.argv[2] == 'closed'\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "other"), end]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, cwd=ROOT, text=True, **pipes) as process:  # type: ignore[call-overload]
        number, network = process.stdout.readline().split()
        there = len(_left(number, network))
        assert there >= 4, "a bridge, a port, the machine, its sleeping process"
        process.communicate("\n", timeout=30)
        assert (process.returncode == 0) == (end == "closed")
    wait_until(lambda: not _left(number, network))


def _left(number: str, network: str) -> list[str]:
    """The links of a laboratory, and the processes in the network of its machine."""
    found = [link for link in os.listdir("/sys/class/net") if link == f"rslab{number}" or link.startswith(f"rslab{number}m")]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "ns" / "net") == network:
                found.append(process.name)
    return found


def _connected(address: str) -> socket.socket:
    for _ in range(100):
        try:
            return socket.create_connection((address, 4711), timeout=5)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server never answered")


def _reaches(lab: Lab, start: int, goal: int) -> bool:
    script = (
        "import socket, sys, time\n"
        "refused, silent = 0, 0\n"
        "while refused < 50 and silent < 3:\n"
        "    try: socket.create_connection((sys.argv[1], 4711), timeout=0.5); print('yes'); break\n"
        "    except ConnectionRefusedError: refused += 1; time.sleep(0.1)\n"  # the server is still starting
        "    except OSError: silent += 1\n"
    )
    words = [sys.executable, "-c", script, lab.address(goal)]
    if start != HOST:
        return "yes" in lab.run(start, *words)
    return "yes" in subprocess.run(words, capture_output=True, text=True, check=True).stdout
