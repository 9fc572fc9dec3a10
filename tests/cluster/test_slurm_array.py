"""An array of Slurm: what it asks for and refuses, and what is known of a job that is gone. Slurm's programs are scripts."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_sweep.cluster.backends.base import Started
from recipe_sweep.cluster.backends.reach import exit_code_in
from recipe_sweep.cluster.backends.slurm import SlurmBackend, SlurmFile
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.shipment import Cargo, Wheel
from tests.cluster.golden_files import NOW

Program = Callable[[str, str], None]
STATED: dict[str, object] = {"backend": "slurm", "mode": "array", "nodes": 4, "cpus_per_node": 8, "memory_gb_per_node": 64}


def backend(directory: Path | str = "/scratch/me", **changes: object) -> SlurmBackend:
    stated = STATED | {"directory": str(directory), "hours": 2}
    return SlurmBackend(SlurmFile.model_validate(stated | changes))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put a program onto the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def script(array: SlurmBackend, directory: Path = Path("/home/me/c.generated")) -> str:
    wheel = Wheel(directory / "recipe_sweep-0.1.0-py3-none-any.whl", hashlib.sha256(b"the code").hexdigest())
    return array.up(Cargo(directory, wheel, "name: little\n"), NOW).files[0].text


def test_an_element_takes_more_of_a_node_than_its_pack_needs() -> None:
    text = script(backend(cpus_per_pack=2))
    for option in ("--array=0-15", "--nodes=1", "--cpus-per-task=2", "--mem=16384M", "--time=120", "--requeue"):
        assert f"#SBATCH {option}\n" in text, option
    for word in ("--exclusive", "srun", "ray ", "--gpus"):
        assert word not in text, word


def test_elements_on_gpus_share_one_or_leave_one_idle() -> None:
    gpus = backend(gpus_per_node=4, cpus_per_pack=2)
    assert gpus.resources().slots == 16
    assert "#SBATCH --gpus=1\n" in script(gpus)
    with pytest.raises(ClusterError, match=r"gpu_per_pack: found .*, expected a whole number of GPUs with mode: array"):
        backend(gpus_per_node=4, gpu_per_pack=0.25).resources()
    assert "--gpus" not in script(backend(gpus_per_node=4, device="cpu"))


def test_packs_of_an_array_are_asked_to_travel_through_a_ray_that_is_not_there() -> None:
    with pytest.raises(ClusterError, match="travel: found ray, expected auto or folder with mode: array"):
        backend(travel="ray").resources()


def test_more_elements_than_slurm_allows_are_submitted(program: Program, tmp_path: Path) -> None:
    program("scontrol", "printf 'MaxArraySize            = 31\\nMaxJobCount = 10000\\n'")
    [error] = backend().check_machines(tmp_path)
    assert (error.key, error.found) == ("nodes", "32 elements of an array")
    assert error.expected == "at most 31, which is MaxArraySize of this Slurm"
    program("scontrol", "printf 'MaxArraySize            = 32\\n'")
    assert backend().check_machines(tmp_path) == ()
    program("scontrol", "exit 1")
    assert backend(mode="job").check_machines(tmp_path) == (), "the one job has no elements"


def test_the_budget_of_an_array_forgets_that_elements_go_back_into_the_queue() -> None:
    assert backend(requeues=2).budget_hours() == 6
    assert backend(mode="job", requeues=2).budget_hours() == 2
    assert backend(requeues=2).budget() == "at most 32 elements of 1 CPU for 2 hours, 2 times more"


def test_elements_that_start_at_once_make_one_environment_twice(program: Program, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.mkdir()
    (sent / "recipe_sweep-0.1.0-py3-none-any.whl").write_bytes(b"the code")
    element = '#!/bin/sh\necho "$@" >> "$HERE/elements"\n'
    (tmp_path / "element").write_text(element)
    program("python3", f'sleep 0.3; mkdir -p "$3/bin"; cp {tmp_path}/element "$3/bin/python"; chmod +x "$3/bin/python"; '
                       f'ln -s /bin/true "$3/bin/pip"; echo made >> {tmp_path}/made')  # fmt: skip
    text = script(backend(tmp_path), sent)
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HERE": str(tmp_path)}
    jobs = [subprocess.Popen(["bash", "-c", text], env=environment, cwd="/") for _ in range(3)]
    assert [job.wait(30) for job in jobs] == [0, 0, 0]
    assert (tmp_path / "made").read_text().split() == ["made"]
    lines = (tmp_path / "elements").read_text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"-P -m recipe_sweep.sweep.launch.element {sent}/grid.yaml {sent} 3 -- recipe-sweep launch ")


@pytest.mark.parametrize(
    ("queue", "code"),
    [
        ("echo RUNNING; echo PENDING", None),
        ("echo COMPLETING", None),
        ("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", None),
        ("exit 0", 130),
        ("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", 130),
    ],
)
def test_a_job_that_is_gone_is_followed_for_ever(program: Program, tmp_path: Path, queue: str, code: int | None) -> None:
    program("squeue", queue)
    program("sleep", "exit 0")
    reach = backend(tmp_path).reach(Started(tmp_path, "4711"), "little")
    assert reach is not None
    ask = reach.exit_code()
    assert exit_code_in(subprocess.run(ask, capture_output=True, text=True, check=True).stdout) == code
    (tmp_path / "launch.exit").write_text("1\n")
    assert exit_code_in(subprocess.run(ask, capture_output=True, text=True, check=True).stdout) == 1


def test_what_a_job_printed_is_not_found(tmp_path: Path) -> None:
    reach = backend(tmp_path).reach(Started(tmp_path / "sent", "4711"), "little")
    assert reach is not None

    def log() -> str:
        return subprocess.run(reach.log(), capture_output=True, text=True, check=True).stdout

    assert log() == ""
    (tmp_path / "recipe-sweep-4711_0.log").write_text("of an element\n")
    assert log() == "of an element\n"
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent" / "launch.log").write_text("of the launch\n")
    assert log() == "of the launch\n"
