"""The beats between a worker and the gate: what a worker does when nobody answers, and how it sends its log."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from recipe_sweep.sweep.errors import LeaseLostError
from recipe_sweep.sweep.travel import pulse
from recipe_sweep.sweep.travel.gate import Beat, Pulse
from recipe_sweep.sweep.travel.gateway import Gateway
from recipe_sweep.sweep.travel.pulse import Heart
from tests.sweep.processes import wait_until


class Answering:
    """A gate that answers every beat, raises, or counts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.beats = error, 0

    def pulse(self, pack_id: str, token: str, beat: Beat) -> Pulse:
        self.beats += 1
        if self.error is not None:
            raise self.error
        return Pulse(stop=False, log_size=0)


def heart(gate: Answering, root: Path) -> Heart:
    return Heart(cast(Gateway, gate), "0" * 16, "a" * 32, root)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY_S", 0.01)
    monkeypatch.setattr(pulse, "PATIENCE_S", 0.2)


def test_a_worker_that_nobody_answers_trains_for_ever(tmp_path: Path) -> None:
    gate = Answering(TimeoutError())
    with heart(gate, tmp_path) as beating:
        wait_until(lambda: beating.told_to_stop)
    assert gate.beats > 1, "it gave up after one try"


def test_a_short_silence_stops_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PATIENCE_S", 1000.0)
    gate = Answering(ConnectionError())
    with heart(gate, tmp_path) as beating:
        wait_until(lambda: gate.beats > 2)
        assert not beating.told_to_stop
        gate.error = None
        silent = gate.beats
        wait_until(lambda: gate.beats > silent + 2)
        assert not beating.told_to_stop


def test_a_worker_whose_pack_was_given_to_another_goes_on(tmp_path: Path) -> None:
    with heart(Answering(LeaseLostError("another worker")), tmp_path) as beating:
        wait_until(lambda: beating.told_to_stop)


MOST = 10


class _Keeping:
    """A gate that keeps so much of a log."""

    def __init__(self) -> None:
        self.sent, self.kept = 0, 0

    def pulse(self, pack_id: str, token: str, beat: Beat) -> Pulse:
        """Take a part, if there is room."""
        self.sent += len(beat.text)
        if self.kept < MOST:
            self.kept += len(beat.text)
        return Pulse(stop=False, log_size=self.kept)


def test_a_log_that_is_too_long_to_be_kept_is_sent_again_with_every_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "MOST_LOG", MOST)
    monkeypatch.setattr(pulse, "LOG_PART", 4)
    (tmp_path / "log").write_bytes(b"x" * 100)
    gate = _Keeping()
    heart = Heart(cast(Gateway, gate), "pack", "token", tmp_path)
    heart.logging_to("log")
    for _ in range(3):
        heart.flush()
    assert gate.sent == gate.kept == 12
