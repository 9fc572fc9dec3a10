"""Machines that share nothing, or one folder, made of this one by the script `lab` beside this file.

A `Lab` is a context. Its machines and its network are gone at its end, even if this process was killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from tests.checkout import ROOT
from tests.lab.clock import clock_environment
from tests.lab.network import free_network

SCRIPT = ROOT / "tests" / "lab" / "lab"
HOST = 0
"""The number that stands for this host, where a machine is asked for."""
SHARED = Path("/mnt")
"""Where each machine has the shared folder, if there is one."""
DISK = Path("/srv")
"""Where each machine has a disk of its own. It outlives a power cut if the laboratory keeps disks."""
RAY_PORT = 6379
RAY_STORE_BYTES = 100_000_000
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Plan:
    """What a laboratory has: so many machines, one folder that they share or none, disks that outlive a power cut or not.

    `clocks` moves the clocks of machines, for example `{2: "+1d"}`.
    """

    machines: int = 3
    shared: bool = False
    disks: bool = False
    clocks: Mapping[int, str] = field(default_factory=dict)


class Lab:
    """Several machines, numbered from 1. `directory` is this host's; the shared folder and the disks lie in it."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.plan = plan
        self.shared = directory / "shared" if plan.shared else None
        self._state, self._disks = directory / "state", directory / "disks"
        self._environment: dict[str, str] = {}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._network, lock = free_network()
        reading, self._lifeline = os.pipe()
        self._reading = reading
        if self.shared is not None:
            self.shared.mkdir(parents=True, exist_ok=True)
        self._script("down")  # what a killed laboratory of that number may have left
        # The keeper ends everything when this process closes the lifeline or dies. It has the network's lock until then.
        self._keeper = subprocess.Popen(
            [str(SCRIPT), "keep"], env=self._settings(), stdin=reading, pass_fds=(lock,), start_new_session=True
        )
        os.close(lock)
        try:
            for machine in self.machines:
                self.start(machine)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every machine and the network."""
        os.close(self._lifeline)
        os.close(self._reading)
        self._keeper.wait(PATIENCE_S)
        for process in self._started:
            process.wait(PATIENCE_S)
            if process.stdout is not None:
                process.stdout.close()

    @property
    def machines(self) -> range:
        """The numbers of the machines that the plan names."""
        return range(1, self.plan.machines + 1)

    def disk(self, machine: int) -> Path:
        """Return where this host sees the disk of a machine, if the laboratory keeps disks."""
        return self._disks / str(machine)

    def address(self, machine: int) -> str:
        """Return the address of a machine, or of this host, on the laboratory's network."""
        return f"10.77.{self._network}.{1 if machine == HOST else 10 + machine}"

    def give(self, **environment: str) -> None:
        """Put variables into the environment of every command from now on, on every machine."""
        self._environment |= environment

    def run(
        self,
        machine: int,
        *words: str | Path,
        directory: str | Path = "/root",
        environment: Mapping[str, str] | None = None,
        timeout_s: float = PATIENCE_S,
        check: bool = True,
    ) -> str:
        """Run a command on a machine, in its HOME or in `directory`, and return what it prints.

        With `check`, raise AssertionError with what it printed if it fails.
        """
        process = self.popen(machine, *words, directory=directory, environment=environment)
        try:
            printed = process.communicate(timeout=timeout_s)[0].decode(errors="replace")
        finally:
            process.kill()
        assert not check or process.returncode == 0, f"on machine {machine}: {words}: {process.returncode}\n{printed}"
        return printed

    def popen(
        self,
        machine: int,
        *words: str | Path,
        directory: str | Path = "/root",
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start a command on a machine. To kill this process is to kill the command, but not what the command started."""
        variables = self._environment | clock_environment(self.plan.clocks.get(machine)) | dict(environment or {})
        # Tests that a shell started in the background ignore SIGINT, and so would the command.
        env = ["env", "--default-signal=INT", f"--chdir={directory}", *(f"{name}={value}" for name, value in variables.items())]
        process = subprocess.Popen(
            [str(SCRIPT), "run", str(machine), *env, *map(str, words)],
            env=self._settings(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def put(self, machine: int, path: str | Path, content: str | bytes) -> None:
        """Write a small file on a machine, with the folders that it needs. A relative path begins in HOME."""
        content = content.encode() if isinstance(content, str) else content
        script = 'mkdir -p "$(dirname "$1")" && cat > "$1"'
        words = [str(SCRIPT), "run", str(machine), "sh", "-c", script, "sh", str(path)]
        subprocess.run(words, env=self._settings(), input=content, check=True, timeout=PATIENCE_S)

    def get(self, machine: int, path: str | Path) -> bytes | None:
        """Read a file on a machine. Return None if there is none."""
        words = [str(SCRIPT), "run", str(machine), "cat", str(path)]
        done = subprocess.run(words, env=self._settings(), capture_output=True, timeout=PATIENCE_S, check=False)
        return done.stdout if done.returncode == 0 else None

    def start(self, machine: int) -> None:
        """Switch a machine on. It is a new one but for its disk, if the laboratory keeps disks."""
        self._script("start", str(machine))

    def cut_power(self, machine: int) -> None:
        """End every process of a machine at once, without a word to any other machine."""
        self._script("off", str(machine))

    def replace(self, machine: int) -> None:
        """Cut a machine's power if it is on, and start a new one in its place, with an empty disk."""
        if f"lab{machine} " in self._script("list"):
            self.cut_power(machine)
        subprocess.run(["rm", "-rf", str(self._disks / str(machine))], check=True)
        self.start(machine)

    @contextlib.contextmanager
    def away(self, machine: int = HOST) -> Iterator[None]:
        """Cut a machine, or this host, off from the others; then join it again."""
        self._script("away", str(machine))
        try:
            yield
        finally:
            self._script("back", str(machine))

    @property
    def ray_address(self) -> str:
        """The address of the Ray that `start_ray` starts: that of machine 1."""
        return f"{self.address(1)}:{RAY_PORT}"

    def start_ray(self, store_bytes: int = RAY_STORE_BYTES, machines: Iterable[int] | None = None) -> None:
        """Start a Ray with one CPU on each machine, or on some. Machine 1 is its head. Only who has its token may use it."""
        self._ray_token = secrets.token_hex(32)
        self.give(RAY_AUTH_MODE="token")
        for machine in self.machines if machines is None else machines:
            self.join_ray(machine, store_bytes)

    def join_ray(self, machine: int, store_bytes: int = RAY_STORE_BYTES) -> None:
        """Start Ray on one machine: the head on machine 1, and a node that joins it on any other."""
        self.put(machine, ".ray/auth_token", self._ray_token)
        place = ["--head", f"--port={RAY_PORT}"] if machine == 1 else [f"--address={self.ray_address}"]
        limits = ["--num-cpus=1", f"--object-store-memory={store_bytes}"]
        options = [f"--node-ip-address={self.address(machine)}", "--disable-usage-stats"]
        self.run(machine, "ray", "start", *place, *limits, *options, *(["--include-dashboard=false"] if machine == 1 else []))

    def start_ssh(self) -> Path:
        """Start an ssh server on all machines. Return the private key that opens them for root, from this host or another."""
        self._state.mkdir(parents=True, exist_ok=True)
        for name in ("key", "host"):
            (self._state / name).unlink(missing_ok=True)
            make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._state / name)]
            subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
        for machine in self.machines:
            self.serve_ssh(machine)
        return self._state / "key"

    def serve_ssh(self, machine: int) -> None:
        """Start an ssh server on one machine, with the keys of `start_ssh`."""
        self.put(machine, "/var/tmp/hostkey", (self._state / "host").read_bytes())
        self.put(machine, ".ssh/authorized_keys", (self._state / "key.pub").read_bytes())
        self.run(machine, "sh", "-c", "chmod -R go= ~/.ssh /var/tmp/hostkey; mkdir -p /run/sshd")
        options = ("PidFile=/run/sshd.pid", "PermitRootLogin=yes", "UsePAM=no", "PrintMotd=no")
        words = [word for option in options for word in ("-o", option)]
        self.run(machine, "/usr/sbin/sshd", "-h", "/var/tmp/hostkey", *words)

    @property
    def s3_machine(self) -> int:
        """The number of the machine that `start_s3` starts: one after those of the plan."""
        return self.plan.machines + 1

    def start_s3(self) -> dict[str, str]:
        """Start an S3 with the bucket `buckets.BUCKET` on one more machine. Every later command may use it.

        Return the variables by which a process of this host may use it too.
        """
        from tests.lab.s3 import S3_PORT, make_bucket
        from tests.sweep.buckets import environment

        self.start(self.s3_machine)
        server = ["python", "-m", "moto.server", "-H", "0.0.0.0", "-p", str(S3_PORT)]
        self.popen(self.s3_machine, *server, output=subprocess.DEVNULL)
        variables = environment(f"http://{self.address(self.s3_machine)}:{S3_PORT}")
        make_bucket(variables)
        self.give(**variables)
        return variables

    def _script(self, *words: str) -> str:
        done = subprocess.run(
            [str(SCRIPT), *words],
            env=self._settings(),
            stdin=self._reading,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"lab {words}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode()

    def _settings(self) -> dict[str, str]:
        places = {str(ROOT), str(Path(sys.prefix).resolve()), str(Path(sys.base_prefix).resolve())}
        settings = {
            "LAB_STATE": str(self._state),
            "LAB_NETWORK": str(self._network),
            "LAB_VISIBLE": ":".join(sorted(places)),
            "LAB_PATH": os.pathsep.join([f"{sys.prefix}/bin", os.defpath, "/usr/sbin", "/sbin"]),
            "LAB_LIFELINE": "1",
            "PATH": os.environ.get("PATH", os.defpath),
        }
        if self.shared is not None:
            settings["LAB_SHARED"] = str(self.shared)
        return settings | ({"LAB_DISK": str(self._disks)} if self.plan.disks else {})
