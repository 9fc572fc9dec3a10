"""The same point gives the same numbers for ever, or `NUMERICS_VERSION` says that it does not.

`pinned_numerics.json` holds float64 traces of whole runs: initial parameters, batch order, losses, evaluations. After a change
that is meant to alter numbers, raise `NUMERICS_VERSION` in `search_spaces/point.py` and refresh the file with

    python -m tests.trainers.test_pinned_numerics
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.search_spaces.point import NUMERICS_VERSION
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.trainers.train import PackTrainer
from tests.trainers.builders import DESIGNS, dataset, point

PINNED = Path(__file__).with_name("pinned_numerics.json")


def trace(decomposition: Decomposition, learning: ValueLearning, extraction: Extraction) -> dict[str, list[float]]:
    trainer = PackTrainer([point(decomposition, learning, extraction)], dataset())
    while not trainer.finished:
        trainer.advance()
    result = trainer.results()[0]
    return {
        "returns": [evaluation.return_mean for evaluation in result.curve],
        "td_loss": list(result.diagnostics["td_loss"]),
        "q_mean": list(result.diagnostics["q_mean"]),
        "actor_loss": list(result.diagnostics["actor_loss"]),
        "grad_norm": list(result.diagnostics["grad_norm/all"]),
    }


@pytest.mark.parametrize(("decomposition", "learning", "extraction"), DESIGNS)
def test_numbers_do_not_move_without_a_new_numerics_version(
    decomposition: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    """1e-8: another machine may add in another order, and 20 steps of Adam carry that on; a change of mathematics shows."""
    pinned = json.loads(PINNED.read_text())
    assert pinned["numerics"] == NUMERICS_VERSION, "refresh the pinned traces: see this module's first lines"
    expected = pinned["traces"][f"{decomposition}-{learning}-{extraction}"]
    for name, values in trace(decomposition, learning, extraction).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-8, atol=1e-10, err_msg=name)


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    traces = {f"{d}-{v}-{e}": trace(d, v, e) for d, v, e in DESIGNS}
    PINNED.write_text(json.dumps({"numerics": NUMERICS_VERSION, "traces": traces}, indent=1) + "\n")
