"""kill -9 of every kind of process at every kind of moment: nothing is lost, nothing done twice, every bit the same."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign
from tests.faults.kills import FIFTY, Kill, Victim, Work, draw, table
from tests.faults.moments import Phase

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

A_FEW = (
    Kill(Work.REAL, Victim.WORKER, Phase.EVALUATION),
    Kill(Work.REAL, Victim.RAYLET, Phase.CHECKPOINT),
    Kill(Work.REAL, Victim.ENGINE, Phase.STEP),
    Kill(Work.REAL, Victim.DRIVER, Phase.PUBLISH),
)


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_after_kills_of_four_kinds_of_process_every_run_is_there_once_and_bit_for_bit(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, A_FEW, seed=0, seeds=6, mlflow=False)
    campaign.run()
    assert len(campaign.struck) == len(A_FEW), "the sweep was over before it was killed so often"
    assert not campaign.faults, "\n".join(campaign.faults)


@pytest.mark.faults
def test_fifty_random_kills_lose_nothing_and_double_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`make test-faults`; FAULTS_DIRECTORY names a directory in which it goes on where it was stopped."""
    seed, count = int(os.environ.get("FAULTS_SEED", "1")), int(os.environ.get("FAULTS_KILLS", FIFTY))
    directory = Path(os.environ.get("FAULTS_DIRECTORY", tmp_path))

    def tell(text: str) -> None:
        with capfd.disabled():
            print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    began = time.monotonic()
    campaign = Campaign(directory, draw(seed, count), seed=seed, seeds=24, tell=tell)
    tell(f"seed {seed}, {count} kills, in {directory}")
    campaign.run()
    real = sum(each.kill.work is Work.REAL for each in campaign.struck)
    tell(f"{len(campaign.struck)} kills, {real} of real training (rehearsals+real trainings):\n{table(campaign.struck)}")
    tell(f"{len(campaign.faults)} faults" + "".join(f"\n  {fault}" for fault in campaign.faults))
    assert not campaign.faults
