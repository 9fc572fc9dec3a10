"""A launch's own Ray: no other user can reach it, put code where it is run, or read a secret of the launcher from it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch import ray_private
from recipe_sweep.sweep.launch.ray_engine import RAY_DIRECTORY
from recipe_sweep.sweep.launch.ray_files import RayFiles, make_ray_files
from recipe_sweep.sweep.launch.supervisor import check_ray_environment
from tests.sweep.conftest import make_resources
from tests.sweep.processes import LaunchProcess, Process, wait_until
from tests.sweep.stand_in import Behaviour, behave

SECRETS = {
    "AWS_ACCESS_KEY_ID": "MARKEDKEY0001",
    "AWS_SECRET_ACCESS_KEY": "MARKEDSECRET0002",
    "AWS_SESSION_TOKEN": "MARKEDTOKEN0003",
    "MLFLOW_TRACKING_PASSWORD": "MARKEDSECRET0004",
    "WANDB_API_KEY": "MARKEDKEY0005",
    "HF_TOKEN": "MARKEDTOKEN0006",
    "HTTPS_PROXY": "http://me:MARKEDSECRET0007@127.0.0.1:9",
}
STRANGER = 65534
CAN_PLAY_A_STRANGER = os.getuid() == 0 and shutil.which("setpriv") is not None


def environment_of(process: Process) -> dict[str, str]:
    variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    return dict(variable.decode().split("=", 1) for variable in variables if b"=" in variable)


def ray_files_of(process: LaunchProcess) -> RayFiles:
    [engine, *_] = process.named("launch.ray_engine")
    return RayFiles(Path(environment_of(engine)[RAY_DIRECTORY]))


def listeners(processes: Iterable[Process]) -> Iterator[tuple[str, str]]:
    """Local addresses, in hexadecimal, on which these processes listen, and who does."""
    for process in processes:
        try:
            links = [os.readlink(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
            tables = [Path(f"/proc/{process.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
        except OSError:
            continue
        sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
        for line in "".join(table.partition("\n")[2] for table in tables).splitlines():
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                yield fields[1].partition(":")[0], process.command[:60]


def on_loopback(address: str) -> bool:
    """127.0.0.1, ::1, or 127.0.0.1 as IPv6, as /proc/net writes them."""
    return address in ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


def places_of(secrets: Iterable[str], folders: Iterable[Path]) -> list[str]:
    """Files in which one of these texts stands."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                content = path.read_bytes() if path.is_file() else b""
            except OSError:
                continue
            found += [f"{secret} in {path}" for secret in secrets if secret.encode() in content]
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("ray-users")
def test_while_it_runs_and_after_it_died_nobody_else_gets_in_or_learns_a_secret(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    behave(data_root, Behaviour(step_s=0.3))
    with LaunchProcess(paths.root, data_root, {"seeds": 2}, max_lanes=2) as process:
        wait_until(lambda: len(list(paths.progress.glob("*.json"))) == 2)
        files, everybody = ray_files_of(process), process.descendants()

        open_to_others = [f"{address} by {who}" for address, who in listeners(everybody) if not on_loopback(address)]
        assert list(listeners(everybody)), "this test cannot see who listens"
        assert open_to_others == []

        assert stat.S_IMODE(files.root.stat().st_mode) == 0o700, "Ray opens its own directory to all: it lies in this one"
        assert stat.S_IMODE(files.token.stat().st_mode) == 0o600
        assert list(files.empty.iterdir()) == []
        helpers = [each.command for each in everybody if re.search("dashboard|monitor|Agent|/agent", each.command)]
        assert [each for each in helpers if "raylet" not in each.partition(" ")[0]] == [], "they cost 3 CPU-seconds"
        # A worker that is at work has written its title over its environment.
        telling = [each for each in process.descendants() if re.search("raylet|gcs_server|ray_engine", each.command)]
        assert len(telling) >= 3
        for each in telling:
            environment = environment_of(each)
            assert environment["RAY_AUTH_MODE"] == "token", each.command
            assert environment["PYTHONSAFEPATH"] == "1", each.command

        told = [
            f"{secret} on the command line of {each.command}"
            for each in everybody
            for secret in SECRETS.values()
            if secret in each.command
        ]
        assert told + places_of(SECRETS.values(), [files.root, paths.root]) == []

        process.kill(*process.named("gcs_server"), number=signal.SIGKILL)  # so that what Ray had to say is kept
        assert process.wait() == 0
    assert list(paths.logs.glob("ray-*/session_*/*")), "no log of the Ray that died was kept"
    assert places_of(SECRETS.values(), [paths.root]) == []
    assert not files.root.exists()


@pytest.fixture
def files() -> Iterator[RayFiles]:
    made = make_ray_files()
    yield made
    shutil.rmtree(made.root)


@pytest.mark.skipif(not CAN_PLAY_A_STRANGER, reason="it takes root and setpriv to act as another user; modes are tested anyway")
def test_another_user_neither_writes_nor_reads_there_whatever_ray_makes_of_its_own_directory(files: RayFiles) -> None:
    files.ray.chmod(0o777)  # as Ray does
    stranger = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "sh", "-c"]

    def as_stranger(command: str) -> int:
        return subprocess.run([*stranger, command], capture_output=True, check=False).returncode

    assert as_stranger("true") == 0, "this test cannot act as another user"
    assert as_stranger(f"echo > {files.ray / 'numpy.py'}") != 0
    assert as_stranger(f"cat {files.token}") != 0
    assert as_stranger(f"ls {files.empty}") != 0
    files.root.chmod(0o755)
    assert as_stranger(f"echo > {files.ray / 'numpy.py'}") == 0, "what keeps the stranger out is the directory around it"


def test_the_directory_for_ray_is_the_users_own_and_short_enough_for_its_sockets(files: RayFiles) -> None:
    assert stat.S_IMODE(files.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(files.token.stat().st_mode) == 0o600
    assert len(str(files.ray)) <= 30
    other = make_ray_files()
    assert len(files.token.read_text()) == 64
    assert files.token.read_text() != other.token.read_text()
    shutil.rmtree(other.root)


@pytest.mark.parametrize("mode", ["disabled", "DISABLED", "", "none", "k8s"])
def test_a_ray_without_a_token_is_refused_on_this_machine(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", mode)
    with pytest.raises(UserInputError, match="could run code as you"):
        check_ray_environment(make_resources())
    check_ray_environment(make_resources(address="head:6379"))  # its owner decides
    check_ray_environment(make_resources(inline=True))


@pytest.mark.parametrize("resources", [make_resources(), make_resources(address="head:6379")], ids=["here", "cluster"])
def test_a_token_or_nothing_is_taken(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    check_ray_environment(resources)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    check_ray_environment(resources)


def test_a_ray_that_has_changed_ends_the_launch_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private import services
    from ray.tune.execution import class_cache

    with monkeypatch.context() as patch:
        patch.delattr(class_cache, "ENV_VARS_TO_PROPAGATE")
        with pytest.raises(ConnectionError, match="cannot be kept private; install ray=="):
            ray_private.keep_secrets_in_the_environment()
    with monkeypatch.context() as patch:
        patch.delattr(services, "resolve_ip_for_localhost")
        with pytest.raises(ConnectionError, match="cannot be kept private"):
            ray_private.listen_on_loopback()


def test_what_tune_passes_on_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.tune.execution import class_cache

    monkeypatch.setattr(class_cache, "ENV_VARS_TO_PROPAGATE", {*class_cache.ENV_VARS_TO_PROPAGATE, "HF_TOKEN", "MY_PASSWORD"})
    ray_private.keep_secrets_in_the_environment()
    kept = class_cache.ENV_VARS_TO_PROPAGATE
    assert kept
    assert not [name for name in kept if any(word in name for word in ("AWS", "TOKEN", "PASSW", "KEY", "SECRET"))]
