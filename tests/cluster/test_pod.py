"""Work in a pod with a `kubectl` whose pod is a folder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_sweep.cluster import pod
from recipe_sweep.cluster.backends.kubernetes_reach import ByPod
from recipe_sweep.cluster.backends.reach import There
from recipe_sweep.cluster.commands import CommandFailedError, run
from tests.checkout import ROOT
from tests.cluster import kubectl_here
from tests.cluster.golden_files import generated
from tests.sweep.processes import wait_until

SWEEP = "/mnt/recipe-sweep/sweeps/little"
JOB = pod.Job("lab", "mine", "label")


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the pod."""
    there = tmp_path / "pod"
    kubectl_here.write(tmp_path / "bin", there)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(pod, "_LOOK_AGAIN_S", 0.05)
    return there


def reach() -> ByPod:
    return ByPod(There(SWEEP, "/opt/recipe-sweep"), "lab", "mine", "label")


def test_a_command_runs_elsewhere_or_its_words_are_torn(there: Path) -> None:
    assert run(reach().run("printf '%s|' 'a  b' \"it's\"")) == "a  b|it's|"
    calls = (there / "calls").read_text()
    assert "--selector label=mine,ray.io/node-type=head" in calls
    assert "--namespace lab exec --stdin head --container ray-head -- sh -c" in calls, "an older pod ends just now"


def test_a_sweep_comes_by_half_or_is_sent_by_half(there: Path, tmp_path: Path) -> None:
    assert run(reach().is_empty()) == "empty\n"
    run(reach().make_room())
    here, back = tmp_path / "here", tmp_path / "back"
    (here / "results").mkdir(parents=True)
    (here / "results" / "one.parquet").write_bytes(os.urandom(3_000_000))
    (here / "logs").mkdir()
    (here / "logs" / "one.log").write_text("ok")
    run(reach().send(here, ("logs",)))
    assert run(reach().is_empty()) == ""
    run(reach().bring(back, ()))
    assert (back / "results" / "one.parquet").read_bytes() == (here / "results" / "one.parquet").read_bytes()
    assert not (back / "logs").exists()


def test_a_large_sweep_is_copied_without_a_bound(there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for number in range(5):
        (here / f"{number}").write_bytes(b"x" * 1000)
    monkeypatch.setattr("recipe_sweep.cluster.pod_files.MOST_BYTES", 1500)
    pod.send(JOB, here, SWEEP, ())
    assert len(list((there / SWEEP[1:]).iterdir())) == 5
    assert (there / "calls").read_text().count("unpack") == 3


def test_a_copy_from_a_sweep_that_is_not_there_looks_well(there: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError) as raised:
        run(reach().bring(tmp_path / "back", ()))
    assert "is no directory" in raised.value.output


@pytest.mark.parametrize(
    ("file", "says"),
    [("no-pod", "there is none"), ("waiting", "Pending, ImagePullBackOff"), ("silent", "Unable to connect to the server")],
)
def test_nobody_says_why_the_head_cannot_be_reached(there: Path, tmp_path: Path, file: str, says: str) -> None:
    (there / file).touch()
    for command in (reach().run("true"), reach().bring(tmp_path / "x", ()), reach().exit_code()):
        with pytest.raises(CommandFailedError) as raised:
            run(command)
        assert raised.value.output.splitlines()[-1].endswith(f"{says})" if file != "silent" else says)


def test_a_wait_for_the_head_has_no_end_or_does_not_say_so(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (there / "waiting").touch()
    with pytest.raises(pod.NoPodError):
        JOB.head(3.0)
    assert capsys.readouterr().err == "waiting for the head's pod (Pending, ImagePullBackOff)\n"
    (there / "waiting").unlink()
    assert JOB.head(3.0) == "head"


@pytest.mark.parametrize("file", ["no-pod", "nothing"])
@pytest.mark.parametrize("state", ["mine=Failed", "mine=Complete", ""])
def test_a_job_that_kubernetes_has_ended_is_followed_for_ever(there: Path, file: str, state: str) -> None:
    (there / file).touch()
    (there / "state").write_text(state)
    assert run(reach().exit_code()) == "1\n"


def test_the_exit_code_of_the_launch_is_lost(there: Path) -> None:
    for state in ("mine=", "mine=Running"):
        (there / "state").write_text(state)
        assert run(reach().exit_code()) == ""
    (there / "opt/recipe-sweep/launch.exit").write_text("130\n")
    (there / "state").write_text("mine=Failed")
    assert run(reach().exit_code()) == "130\n"


def test_a_launch_that_nobody_lets_begin_waits_for_ever(there: Path, tmp_path: Path) -> None:
    [job, _] = generated("kubernetes")
    assert "-ge 1800" in job.text
    (tmp_path / "rayjob.yaml").write_text(job.text.replace("-ge 1800", "-ge 1"))
    run(("kubectl", "create", "-f", str(tmp_path / "rayjob.yaml")))
    wait_until(lambda: run(reach().exit_code()) == "1\n")
    assert "nobody said within 30 minutes" in run(reach().log())
    wait_until(lambda: "nobody said within 30 minutes" in (there / "job.log").read_text())  # what `kubectl logs` shows


def test_a_copy_that_hangs_is_waited_for_without_end(there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, slow = (tmp_path / "bin" / "kubectl").rename(tmp_path / "bin" / "real"), tmp_path / "bin" / "kubectl"
    slow.write_text(f'#!/bin/sh\ncase "$*" in *exec*) exec sleep 60;; *) exec {real} "$@";; esac\n')
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pod, "COPY_S", 0.3)
    with pytest.raises(CommandFailedError):
        pod.bring(JOB, SWEEP, tmp_path / "back", ())


def test_the_program_that_works_in_a_pod_imports_what_takes_seconds() -> None:
    code = "import sys, recipe_sweep.cluster.pod; print({'torch', 'ray', 'pydantic', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"
