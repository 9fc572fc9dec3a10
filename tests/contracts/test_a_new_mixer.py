"""Adds a mixer to a copy of the tree, as CONTRIBUTING.md says: three files."""

from __future__ import annotations

import json
from pathlib import Path

from tests.contracts.copied_tree import CopiedTree

WORD = """

def _softened(sizes: Sizes) -> ValueNetworks:
    return agent_critics(sizes)._replace(mixer=(Net((sizes.state, sizes.agents)),))


Decomposition.add(
    Decomposition(
        "soft",
        display_name="Soft",
        meaning="Each agent has a value. The total weighs them with a layer that reads the state.",
        colour="#5f5f00",
        cost=_softened,
        critic_norms=(CriticNorm.SVN, CriticNorm.NONE),
        mixes=True,
    )
)
"""

MIXER = '''\
"""Soft: a weighted sum. One layer computes the weights from the state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.mixers.base import MixerSizes, Prepared
from recipe_sweep.trainers.mixers.hypernetwork import linear, linear_shapes, orthogonal_leaves
from recipe_sweep.trainers.mixers.wvdn import WeightedSum
from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.parameters import Layout, Leaves


@dataclass(frozen=True)
class Soft(WeightedSum):
    """w = softplus(Linear(s)), b = 0."""

    sizes: MixerSizes

    @property
    def layout(self) -> Layout:
        """Leaves `w/{weight,bias}`."""
        return Layout(linear_shapes("w", self.sizes.state, self.sizes.agents))

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw orthogonal weights."""
        return orthogonal_leaves(self.layout.shapes, self.sizes.gain, rng)

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        """Compute the weights at states (L, B, S)."""
        weight = functional.softplus(linear(leaves, "w", state))
        return weight, weight.new_zeros(weight.shape[:-1])
'''

GRID = """\
schema_version: 1
name: newcomer
keep: all
axes:
  source: homegrown
  task: two_step
  dataset: uniform
  dataset_size: 2000
  decomposition: [soft, mix]
  value_learning: [td, sarsa, iql]
  tau: 0.9
  extraction: [brac, awr]
  alpha: {awr: 1.0, brac: 0.1}
  seed: [0, 1]
settings: {steps: 10, batch: 16, hidden: [8], eval_every: 10, eval_episodes: 1, diagnostics_every: 10}
"""

SCRIPT = """
import json, os
os.environ["RECIPE_SWEEP_DATA"] = "data"
from pathlib import Path
from typer.testing import CliRunner
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.trainers.cost import step_flops

done = CliRunner().invoke(app, "launch grid.yaml --cluster inline.yaml --dir sweep --no-mlflow".split())
assert done.exit_code == 0, (done.output, done.exception)
points = [point for point in expand(read_grid(Path("grid.yaml"))).points if point.decomposition.mixes]
print(json.dumps({"runs": sorted({str(p.decomposition) for p in points}), "norms": sorted({str(p.critic_norm) for p in points}),
    "flops": {str(p.decomposition): step_flops([p]) for p in points}}))
"""


def test_a_further_mixer_takes_more_than_three_files(tmp_path: Path) -> None:
    """Its word with its sizes, its class, and a line in the registry. It then trains under every learner and extraction."""
    tree = CopiedTree(tmp_path / "tree")
    tree.append("search_spaces/vocabulary.py", WORD)
    tree.edit("search_spaces/vocabulary.py", ("    Sizes,\n", "    Net,\n    Sizes,\n"))
    tree.write("trainers/mixers/soft.py", MIXER)
    last = "from recipe_sweep.trainers.mixers.wvdn import Wvdn\n"
    tree.edit(
        "trainers/mixers/registry.py",
        (last, f"from recipe_sweep.trainers.mixers.soft import Soft\n{last}"),
        ("    Decomposition.WVDN: Wvdn,\n", '    Decomposition.WVDN: Wvdn,\n    Decomposition.of("soft"): Soft,\n'),
    )
    assert tree.changed == {"search_spaces/vocabulary.py", "trainers/mixers/soft.py", "trainers/mixers/registry.py"}
    here = tmp_path / "here"
    here.mkdir()
    (here / "grid.yaml").write_text(GRID)
    (here / "inline.yaml").write_text("backend: inline\n")
    found = json.loads(tree.python(SCRIPT, here).splitlines()[-1])
    assert found["runs"] == ["mix", "soft"]
    assert found["norms"] == ["svn"], "the recipe's norm is its first"
    assert found["flops"]["soft"] < found["flops"]["mix"]
