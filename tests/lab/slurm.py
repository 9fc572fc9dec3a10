"""A real Slurm on the machines of a laboratory: slurmctld on machine 1, slurmd on all. It needs the shared folder."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.machines import SHARED, Lab

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel", "scontrol", "rsync")
CONF = SHARED / "slurm" / "slurm.conf"
MUNGE = Path("/var/tmp/munge")
CPUS = 1
MEMORY_MB = 8000
MAX_ARRAY_SIZE = 6
NODE_DEAD_S = 20
"""Seconds after which Slurm takes a node that does not answer for dead. By default they are 300."""
REQUEUE_AFTER_S = 5
"""Seconds that a job waits after it was put back into the queue, about. By default they are 120."""


def why_no_slurm() -> str | None:
    """Say why there can be no Slurm; None if there can be one."""
    missing = [program for program in PROGRAMS if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    return f"not installed: {', '.join(missing)} (on Debian: apt install slurm-wlm munge rsync)" if missing else None


class Slurm:
    """The Slurm of a laboratory. Jobs are submitted on machine 1."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lab.give(SLURM_CONF=str(CONF))
        lab.put(1, CONF, _configuration(lab))
        lab.put(1, CONF.with_name("munge.key"), secrets.token_bytes(1024))
        for machine in lab.machines:
            self._start_munge(machine)
        lab.run(1, "slurmctld", "-f", CONF)
        for machine in lab.machines:
            self._start_node(machine)
        wait(lambda: self.ask("sinfo", "--noheader", "--format=%T %D").split() == ["idle", str(len(lab.machines))])

    def ask(self, *words: str) -> str:
        """Run one of Slurm's programs on machine 1, and return what it prints."""
        return self.lab.run(1, *words, check=False)

    def queue(self) -> list[str]:
        """List what `squeue` shows, one line per job or element."""
        return self.ask("squeue", "--noheader", "--array", "--format=%i %T %N %r").splitlines()

    def bring_back(self, machine: int) -> None:
        """Switch a machine on whose power was cut, and let it serve Slurm again."""
        self.lab.start(machine)
        self._start_munge(machine)
        self._start_node(machine)

    def _start_munge(self, machine: int) -> None:
        key, socket = MUNGE / "key", "/run/munge/munge.socket.2"
        places = f"--pid-file=/run/munge/munged.pid --log-file={MUNGE}/log --seed-file={MUNGE}/seed"
        self.lab.run(
            machine,
            "sh",
            "-ec",
            f"mkdir -p /run/munge {MUNGE}; cp {CONF.with_name('munge.key')} {key}; chmod 400 {key}; chmod 700 {MUNGE}; "
            f"chmod 755 /run/munge; munged --force --key-file={key} --socket={socket} {places}",
        )

    def _start_node(self, machine: int) -> None:
        self.lab.run(machine, "slurmd", "-f", CONF, "-N", f"lab{machine}")


def wait(happened: Callable[[], object], patience_s: float = 300.0, every_s: float = 0.5) -> float:
    """Wait until something has happened, and return the seconds that it took. Raises AssertionError if it does not happen."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < patience_s, f"it did not happen in {patience_s:g} s"
        time.sleep(every_s)
    return time.monotonic() - began


def _configuration(lab: Lab) -> str:
    nodes = "\n".join(
        f"NodeName=lab{machine} NodeAddr={lab.address(machine)} CPUs={CPUS} RealMemory={MEMORY_MB} "
        f"Weight={100 if machine == 1 else machine}"  # Machine 1 comes last, so that the power of the first job's can be cut.
        for machine in lab.machines
    )
    return f"""\
ClusterName=lab
SlurmctldHost=lab1({lab.address(1)})
AuthType=auth/munge
AuthInfo=cred_expire={REQUEUE_AFTER_S}
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation=/var/tmp/slurmctld
SlurmdSpoolDir=/var/tmp/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/tmp/slurmctld.log
SlurmdLogFile=/var/tmp/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SlurmdTimeout={NODE_DEAD_S}
KillWait=20
MaxArraySize={MAX_ARRAY_SIZE}
ReturnToService=2
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverTimeLimit=0
"""
