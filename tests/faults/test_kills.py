"""kill -9 of every kind of process at every kind of moment: nothing is lost, nothing done twice, every bit the same."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.faults.campaign import Campaign
from tests.faults.harms import Harm
from tests.faults.kills import Blow, Kill, Victim, draw
from tests.faults.moments import Phase
from tests.faults.suffering import Ended
from tests.faults.works import Work

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

A_FEW = (
    Kill(Work.REAL, Victim.WORKER, Phase.EVALUATION, Blow.PAUSE),
    Kill(Work.REAL, Victim.RAYLET, Phase.CHECKPOINT),
    Kill(Work.REAL, Victim.GROUP, Phase.PUBLISH),
)


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_what_is_killed_stopped_and_damaged_leaves_every_run_there_once_and_bit_for_bit(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, A_FEW, seed=0, seeds=4, mlflow=False)
    campaign.run()
    assert len(campaign.struck) == len(A_FEW), "the sweep was over before it was struck so often"
    assert not campaign.faults, "\n".join(campaign.faults)
    assert Ended("launch", Harm.DATA, ExitCode.BAD_INPUT) in campaign.ended


@pytest.mark.faults
def test_fifty_random_kills_and_more_lose_nothing_and_double_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`make test-faults`; FAULTS_DIRECTORY names a directory in which it goes on where it was stopped."""
    seed = int(os.environ.get("FAULTS_SEED", "1"))
    count = int(os.environ["FAULTS_KILLS"]) if "FAULTS_KILLS" in os.environ else None
    directory = Path(os.environ.get("FAULTS_DIRECTORY", tmp_path))

    def tell(text: str) -> None:
        with capfd.disabled():
            print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    began = time.monotonic()
    campaign = Campaign(directory, draw(seed, count), seed=seed, seeds=24, tell=tell)
    tell(f"seed {seed}, {len(campaign.kills)} strikes, in {directory}")
    campaign.run()
    tell(f"{len(campaign.struck)} strikes:\n{campaign.summary()}")
    tell(f"{len(campaign.faults)} faults" + "".join(f"\n  {fault}" for fault in campaign.faults))
    assert not campaign.faults
