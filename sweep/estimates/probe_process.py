"""The probe's own process: reads a request from its input, and prints one line of JSON for each pack that it timed.

It ends when its time is over. Its first line says that everything is imported. The time until then is the start of a process.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from recipe_sweep.sweep.files.points import points_from_json

SECONDS_PER_PACK = 3.0
"""Seconds of steps per pack, if there is time for all."""
LEAST_LEFT_S = 2.0
"""Time that must be left to begin another pack."""


@dataclass(frozen=True)
class Timing:
    """Times of one pack, in seconds: those of `StepTimes` (trainers/probe.py), and `evaluation_s` of one episode of one run.

    `place` is its place in the request. `checkpoint_s` is the part of `evaluation_s` that the checkpoint took. Older files lack
    it.
    """

    place: int
    lanes: int
    flops: float
    steps: int
    first_s: float
    step_s: float
    cpu_s: float
    evaluation_s: float
    checkpoint_s: float | None = None


@dataclass(frozen=True)
class Ready:
    """Says that everything is imported, on this device, with these versions."""

    device: str
    torch: str
    code: str


def main() -> None:
    """Time the packs of the request, in its order, until the time is over."""
    begun = time.monotonic()
    request: dict[str, Any] = json.load(sys.stdin)
    from recipe_sweep.sweep.worker.device import choose_device, torch_version
    from recipe_sweep.sweep.worker.source import code_version
    from recipe_sweep.trainers.probe import EvaluationTimes, Probe

    device = choose_device(request["device"])
    _print(Ready(device, torch_version(), code_version()))
    evaluations: dict[tuple[str, int, int], EvaluationTimes] = {}
    packs = [points_from_json(points) for points in request["packs"]]
    for place, points in enumerate(packs):
        left = request["seconds"] - (time.monotonic() - begun)
        if left < LEAST_LEFT_S and place:
            break
        probe = Probe(points, device, request["threads"])
        steps = probe.steps(min(SECONDS_PER_PACK, left / (2 * (len(packs) - place))))
        same = (points[0].task, steps.lanes, points[0].eval_episodes)  # An evaluation takes the same time for every design.
        each = saved = 0.0
        if points[0].evaluate.plays:
            if same not in evaluations:
                evaluations[same] = probe.evaluation()
            evaluated = evaluations[same]
            episodes = evaluated.lanes * evaluated.episodes
            each, saved = evaluated.seconds / episodes, evaluated.checkpoint_s / episodes
        _print(Timing(place, **steps._asdict(), evaluation_s=each, checkpoint_s=saved))


def _print(line: Ready | Timing) -> None:
    print(json.dumps(asdict(line)), flush=True)


if __name__ == "__main__":
    main()
