"""What runs on a laboratory's machines: Ray, an S3, and a clock that is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lab.conftest import MakeLab
from tests.lab.machines import SHARED, Lab
from tests.lab.s3 import client
from tests.sweep.buckets import BUCKET

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

HOSTS_OF_TASKS = """
import json, os, socket, sys, time, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="error")
@ray.remote(scheduling_strategy="SPREAD")
def host():
    time.sleep(1)
    return socket.gethostname(), os.path.exists("/root/here"), time.time()
print(json.dumps(ray.get([host.remote() for _ in range(6)])))
"""
A_DAY_S = 86400.0


def test_ray_runs_tasks_on_every_machine_and_only_for_who_has_the_token(make_lab: MakeLab) -> None:
    lab = make_lab(3)
    lab.put(2, "here", "")
    lab.start_ray()
    assert {(host, here) for host, here, _ in _tasks(lab)} == {("lab1", False), ("lab2", True), ("lab3", False)}
    lab.put(2, ".ray/auth_token", "0" * 64)
    refused = lab.run(2, "ray", "status", f"--address={lab.ray_address}", check=False)
    assert "authenticat" in refused.lower(), refused


def test_a_replaced_machine_joins_ray_again(make_lab: MakeLab) -> None:
    lab = make_lab(2)
    lab.start_ray()
    lab.replace(2)
    lab.join_ray(2)
    assert "lab2" in {host for host, *_ in _tasks(lab)}


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_a_machine_may_live_in_another_day(make_lab: MakeLab, offset: str) -> None:
    lab = make_lab(2, clocks={2: offset})
    lab.start_ray()
    now, days = datetime.now(UTC).timestamp(), {"+1d": 1, "-1d": -1}[offset]
    for host, _, time_there in _tasks(lab):
        assert time_there - now == pytest.approx(days * A_DAY_S if host == "lab2" else 0.0, abs=60)


def test_files_have_the_right_time_where_the_clock_is_wrong(make_lab: MakeLab) -> None:
    """A shared folder has the times of its server."""
    lab = make_lab(1, shared=True, clocks={1: "+1d"})
    age = "import os, sys, time; open(sys.argv[1], 'w').close(); print(time.time() - os.stat(sys.argv[1]).st_mtime)"
    assert float(lab.run(1, "python", "-c", age, SHARED / "file")) == pytest.approx(A_DAY_S, abs=60)


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_a_wait_takes_as_long_as_anywhere_where_the_clock_is_wrong(make_lab: MakeLab, offset: str) -> None:
    lab = make_lab(1, clocks={1: offset})
    waits = "threading.Event().wait(0.2); time.sleep(0.2)"
    script = f"import threading, time; began = time.monotonic(); {waits}; print(time.monotonic() - began)"
    assert 0.4 <= float(lab.run(1, "python", "-c", script, timeout_s=30)) < 20


def test_machines_and_this_host_use_one_bucket(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(2)
    variables = lab.start_s3()
    script = "import boto3; boto3.client('s3').{}"
    lab.run(1, "python", "-c", script.format(f"put_object(Bucket='{BUCKET}', Key='a', Body=b'from 1')"))
    lab.run(2, "python", "-c", script.format(f"download_file('{BUCKET}', 'a', 'a')"))
    assert lab.get(2, "a") == b"from 1"
    client(variables).download_file(BUCKET, "a", str(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == b"from 1"


def _tasks(lab: Lab) -> list[tuple[str, bool, float]]:
    """Where six tasks ran, whether HOME had the file `here`, and what time it was."""
    printed = lab.run(1, "python", "-c", HOSTS_OF_TASKS, lab.ray_address)
    return [tuple(each) for each in json.loads(printed.splitlines()[-1])]
