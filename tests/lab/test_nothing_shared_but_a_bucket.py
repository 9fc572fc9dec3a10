"""Sweeps on machines that share a bucket and nothing else: no disk of theirs has the only copy of anything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from recipe_sweep.sweep.files.failure_file import read_failures
from tests.lab.apart import Apart, tell
from tests.lab.conftest import MakeLab
from tests.lab.s3 import client
from tests.sweep.buckets import ADDRESS, BUCKET
from tests.sweep.processes import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

HOST_AWAY_S = 60.0


@pytest.fixture
def apart(make_lab: MakeLab, undisturbed: Path) -> Apart:
    """Three machines with a disk each, a Ray of theirs, an S3 on a fourth, and the grid on machine 1."""
    lab = make_lab(3, disks=True)
    apart = Apart(lab, undisturbed, store=ADDRESS, bucket=lab.start_s3())
    apart.prepare()
    apart.start_ray()
    return apart


def test_a_power_cut_of_a_worker_machine_loses_no_run_though_the_host_is_away(apart: Apart) -> None:
    process = apart.launch()
    apart.wait_until_working(process, "lab2")
    cut = apart.working_on("lab2")
    with apart.lab.away():
        apart.lab.cut_power(2)
        time.sleep(HOST_AWAY_S)
    printed = apart.finish(process)
    assert f"checkpoints and weights travel by {ADDRESS}" in printed
    assert {attempt.pack_id for attempt in apart.attempts() if attempt.number > 1} >= cut
    assert not list(read_failures(apart.sweep)), "a power cut was counted as a failure"
    tell("a worker's power cut, with a store", apart)


def test_a_power_cut_of_the_head_loses_no_run_after_the_same_command(apart: Apart) -> None:
    process = apart.launch()
    apart.wait_until_working(process, "lab1", "lab2")
    apart.restart_head(process)
    apart.finish_again()
    assert not list(read_failures(apart.sweep)), "a power cut was counted as a failure"
    tell("the head's power cut, with a store", apart)


def test_a_head_that_is_lost_with_its_disk_loses_nothing_that_was_stored(apart: Apart) -> None:
    process = apart.launch()
    wait_until(lambda: bool(_stored(apart.bucket, "results/")) or process.poll() is not None)
    apart.wait_until_working(process, "lab2")
    apart.restart_head(process, replaced=True)
    before = _stored(apart.bucket, "results/")
    apart.finish_again()
    after = _stored(apart.bucket, "results/")
    assert before
    assert before.items() <= after.items(), "a stored result was trained again"
    tell("a head lost with its disk, with a store", apart)


def _stored(bucket: Mapping[str, str], folder: str) -> dict[str, str]:
    """List what the sweep has in a folder of the bucket, with the hashes of the contents."""
    prefix = ADDRESS.removeprefix(f"s3://{BUCKET}/")
    found = client(bucket, retries=8).list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/{folder}").get("Contents", ())
    return {each["Key"]: each["ETag"] for each in found}
