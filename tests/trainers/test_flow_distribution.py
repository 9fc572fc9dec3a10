"""Data with two modes: the flow's policy draws both, where BRAC's mean lies between them.

`python -m tests.trainers.test_flow_distribution` draws docs/flow-modes.png.
"""

from __future__ import annotations

import numpy as np
import torch

from recipe_sweep.search_spaces.vocabulary import ActorNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.trainers.batch import Batch, agent_inputs
from recipe_sweep.trainers.flow_noise import step_noise
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.task import TaskSpec
from tests.checkout import ROOT
from tests.trainers.builders import learner, point

SPEC = TaskSpec("two_modes", n_agents=1, obs_dim=1, action_dim=1, state_dim=1, horizon=1)
STEPS, ROWS, MODE = 900, 64, 0.7


def drawn(step: int) -> Batch:
    """Actions are near -0.7 or 0.7, whatever is seen, and nothing is paid."""
    rng = np.random.default_rng([1, step])
    actions = MODE * rng.choice([-1.0, 1.0], (1, ROWS, 1, 1)) + 0.03 * rng.normal(size=(1, ROWS, 1, 1))
    noise = [torch.from_numpy(part[None]) for part in step_noise(0, step, ROWS, SPEC)]
    seen, nothing = torch.zeros(1, ROWS, 1, 1).double(), torch.zeros(1, ROWS, 1).double()
    return Batch(seen, torch.from_numpy(actions), nothing, nothing[..., 0], seen, None, None, None, None, None, *noise)


def taught() -> Learner:
    """One pack with a policy of each kind, both held to the data by a large alpha."""
    common = {"alpha": 10.0, "actor_norm": ActorNorm.NONE, "lr": 3e-3, "hidden": (32, 32)}
    runs = [point(Decomposition.VDN, ValueLearning.TD, one, **common) for one in (Extraction.BRAC, Extraction.FLOW)]
    built = learner(runs, Kernels(fused=True), SPEC)
    for step in range(STEPS):
        built.step(drawn(step))
    return built


def acted() -> tuple[torch.Tensor, torch.Tensor]:
    """Actions (400, 1, 1) of BRAC's policy and of the flow's."""
    noise = torch.from_numpy(np.random.default_rng(2).normal(size=(2, 400, 1, 1)))
    brac, flow = taught().act(agent_inputs(torch.zeros(2, 400, 1, 1).double()), noise)
    return brac, flow


def test_a_flow_blurs_two_modes_into_their_mean() -> None:
    brac, flow = acted()
    assert brac.abs().max() < 0.2, "the mean of the modes, which nobody plays"
    assert ((flow.abs() - MODE).abs() < 0.3).double().mean() > 0.7
    assert 0.3 < (flow > 0).double().mean() < 0.7, "each mode about as often as in the data"


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    of_brac, of_flow = acted()
    figure, axes = plt.subplots(figsize=(4.6, 2.3), layout="constrained")
    bins = np.linspace(-1.2, 1.2, 49)
    data = np.concatenate([drawn(step).actions.numpy().ravel() for step in range(20)])
    axes.hist(data, bins, density=True, color="#c4c4c4", label="data")
    look = {"histtype": "step", "color": Extraction.FLOW.colour, "linewidth": 1.4}
    axes.hist(of_flow.numpy().ravel(), bins, density=True, **look, label="the flow's policy")
    axes.axvline(float(of_brac.mean()), color=Extraction.BRAC.colour, linewidth=1.4, label="BRAC's action")
    axes.set_xlabel("action")
    axes.set_yticks([])
    axes.set_xlim(-1.2, 2.2)
    axes.legend(frameon=False, fontsize=7, loc="upper right")
    figure.savefig(ROOT / "docs" / "flow-modes.png", dpi=150)
