"""A checkpoint of 2 GB between machines that share nothing, past a small shared memory of Ray's head."""

from __future__ import annotations

import json

import pytest

from benchmarks.checkpoint import OBJECT_STORE_BYTES
from tests.checkout import ROOT
from tests.lab.conftest import MakeLab

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

MORE_THAN_IDLE = 300_000_000
PATIENCE_S = 400.0


def test_a_checkpoint_of_2_gb_comes_back_whole_and_never_is_in_the_memory_of_driver_or_gate(make_lab: MakeLab) -> None:
    lab = make_lab(2)
    lab.start_ray(store_bytes=OBJECT_STORE_BYTES)
    command = ["python", "-m", "benchmarks.checkpoint", "--json", "--address", lab.ray_address, "--directory", "/srv"]
    printed = lab.run(1, *command, directory=ROOT, timeout_s=PATIENCE_S)
    print(printed)
    found = json.loads(printed.splitlines()[-1])
    assert found["size"] == 2_000_000_000
    assert found["same"], "another worker got other bytes than were sent"
    assert found["driver_bytes"] < MORE_THAN_IDLE
    assert found["gate_bytes"] < MORE_THAN_IDLE
