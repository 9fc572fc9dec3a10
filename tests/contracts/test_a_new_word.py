"""Adds a decomposition and an extraction: to a copy of the tree as CONTRIBUTING.md says, and by a plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.contracts.copied_tree import CopiedTree

MEDIAN = '''\
"""Median: the total is the median of the agents' values."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.vdn import Vdn
from recipe_sweep.trainers.mixers.base import Extra, Mixing


class Median(Vdn):
    """As VDN, with a median instead of a sum."""

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Reduce values (L, *, B, N) to totals (L, *, B)."""
        return q.median(-1).values


MEDIAN = Median()
'''

CLONING = '''\
"""Cloning: the policy clones the data."""

from __future__ import annotations

from recipe_sweep.trainers.extraction.base import ActorLoss, ExtractionData
from recipe_sweep.trainers.models import Models


class Cloning:
    """Reads no value; alpha weighs the loss."""

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Return alpha times the mean negative log-likelihood of each lane, (n,)."""
        likelihood = data.nll.mean((-1, -2))
        return ActorLoss(data.alpha.squeeze(-1) * likelihood, lambda: {"actor_bc_term": likelihood.detach()})


EXTRACTION = Cloning()
'''

WORD = """
Decomposition.add(
    Decomposition(
        "median",
        display_name="Median",
        meaning="Each agent has a value. The total is their median.",
        colour="#7a4fa3",
        cost=agent_critics,
        critic_norms=(CriticNorm.NONE,),
    )
)
"""

EXTRACTION = """
Extraction.add(
    Extraction(
        "cloning",
        display_name="Clone",
        meaning="The policy clones the data.",
        colour="#3f8f5f",
        marker="s",
        climbs_critic=False,
        alpha_clones=True,
    )
)
"""

GRID = """\
schema_version: 1
name: newcomers
axes:
  source: homegrown
  task: two_step
  dataset: uniform
  dataset_size: 2000
  decomposition: [median, vdn]
  value_learning: sarsa
  extraction: [cloning, brac]
  alpha: {cloning: 1.0, brac: [0.1, 1.0]}
  seed: [0, 1]
settings: {steps: 20, batch: 16, hidden: [8], eval_every: 10, eval_episodes: 2, diagnostics_every: 10}
"""

SCRIPT = """
import json, os
os.environ["RECIPE_SWEEP_DATA"] = "data"
from typer.testing import CliRunner
from recipe_sweep.sweep.cli.main import app

def call(line):
    done = CliRunner().invoke(app, line.split())
    assert done.exit_code == 0, (line, done.output, done.exception)
    return done.output

from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.trainers.cost import pack_memory, step_flops
from pathlib import Path

points = expand(read_grid(Path("grid.yaml"))).points
costs = sorted({(str(p.decomposition), str(p.extraction), step_flops([p]), pack_memory([p]).parameters) for p in points})
plan = call("plan grid.yaml --cluster inline.yaml")
call("launch grid.yaml --cluster inline.yaml --dir sweep --no-mlflow")
call("mlflow sweep")
call("report sweep")

from mlflow import MlflowClient
client = MlflowClient(tracking_uri="sqlite:///sweep/mlflow.db")
runs = [run for one in client.search_experiments() for run in client.search_runs([one.experiment_id])]
print(json.dumps({
    "ids": sorted(p.run_id for p in points),
    "costs": costs,
    "plan": plan,
    "tags": sorted({run.data.params["decomposition"] + "/" + run.data.params["extraction"] for run in runs}),
    "table": Path("sweep/report/figure7.md").read_text(),
    "page": "Median" in Path("sweep/report/index.html").read_text(),
}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CopiedTree:
    """The checkout with a decomposition more, then an extraction more; counts the files that each takes."""
    tree = CopiedTree(tmp_path_factory.mktemp("newcomer") / "tree")
    last = "from recipe_sweep.trainers.decomposition.vdn import VDN\n"
    tree.append("search_spaces/vocabulary.py", WORD)
    tree.write("trainers/decomposition/median.py", MEDIAN)
    tree.edit(
        "trainers/decomposition/registry.py",
        (last, f"from recipe_sweep.trainers.decomposition.median import MEDIAN\n{last}"),
        ("Name.DCG: DCG}", 'Name.DCG: DCG, Name.of("median"): MEDIAN}'),
    )
    assert tree.changed == {
        "search_spaces/vocabulary.py",
        "trainers/decomposition/median.py",
        "trainers/decomposition/registry.py",
    }
    tree.append("search_spaces/vocabulary.py", EXTRACTION)
    tree.write("trainers/extraction/cloning.py", CLONING)
    assert len(tree.changed) == 3 + 1, "an extraction takes its word, in a file that was changed already, and a file"
    return tree


def in_directory(folder: Path) -> Path:
    (folder / "grid.yaml").write_text(GRID)
    (folder / "inline.yaml").write_text("backend: inline\n")
    return folder


def check(said: str, prefix: str) -> None:
    """What a study needs of the newcomers: points, costs, a plan, training, MLflow, the figure and the page."""
    found = json.loads(said.splitlines()[-1])
    median, cloning = (f"example:{name}@1" if prefix else name for name in ("median", "cloning"))
    assert len(found["ids"]) == 2 * 3 * 2
    cost = {(d, e): (flops, memory) for d, e, flops, memory in found["costs"]}
    assert cost[median, "brac"] == cost["vdn", "brac"]
    assert cost[median, cloning][0] < cost[median, "brac"][0], "an extraction that does not climb the critic costs less"
    assert f"{median}:6" in found["plan"]
    assert found["tags"] == sorted(f"{d}/{e}" for d in (median, "vdn") for e in (cloning, "brac"))
    assert "Median" in found["table"]
    assert "Clone" in found["table"]
    assert found["page"]


def test_a_decomposition_takes_three_files_and_an_extraction_two(tree: CopiedTree, tmp_path: Path) -> None:
    check(tree.python(SCRIPT, in_directory(tmp_path)), prefix="")


@pytest.mark.parametrize("fact", ["cost=agent_critics", 'display_name="Median"'])
def test_a_word_without_its_cost_or_its_title_is_refused_in_a_sentence_that_names_it(
    fact: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = CopiedTree(tmp_path_factory.mktemp("lacking") / "tree")
    assert fact in WORD
    tree.append("search_spaces/vocabulary.py", WORD.replace(f"        {fact},\n", ""))
    script = "try:\n    import recipe_sweep.search_spaces.vocabulary\nexcept TypeError as error:\n    print(error)"
    said = tree.python(script, tree.root)
    named = fact.partition("=")[0]
    place = "Decomposition in recipe_sweep.search_spaces.vocabulary"
    assert said == f"the decomposition 'median' lacks {named}: see {place}\n"


def test_a_plugin_brings_both_without_touching_a_file(tmp_path: Path) -> None:
    plugin = ROOT / "examples" / "bring_your_own_word.py"
    environment = os.environ | {"RECIPE_SWEEP_PLUGINS": str(plugin), "COLUMNS": "200"}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=in_directory(tmp_path), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    check(done.stdout, prefix="example:")
    pinned = json.loads((tmp_path / "sweep" / "sweep.json").read_text())["word_sources"]
    assert set(pinned) == {"example:cloning@1", "example:median@1"}


def test_two_sources_under_one_version_stop_with_both_hashes(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text((ROOT / "examples" / "bring_your_own_word.py").read_text())
    environment = os.environ | {
        "RECIPE_SWEEP_PLUGINS": str(plugin),
        "RECIPE_SWEEP_DATA": str(tmp_path / "data"),
        "COLUMNS": "200",
    }
    in_directory(tmp_path)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [
            str(Path(sys.executable).with_name("recipe-sweep")),
            *words,
            "--cluster",
            "inline.yaml",
            "--dir",
            "sweep",
            "--no-mlflow",
        ]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    first = call("rehearse", "grid.yaml", "--only", "seed=0")
    assert first.returncode == 0, first.stderr
    pinned = json.loads((tmp_path / "sweep" / "sweep.json").read_text())["word_sources"]["example:median@1"]
    plugin.write_text(plugin.read_text().replace("q.median(-1).values", "q.mean(-1)"))
    second = call("rehearse", "grid.yaml")
    assert second.returncode == 2
    assert f"source {pinned}" in second.stderr
    assert "example:median@1" in second.stderr
    assert "raise the version" in second.stderr
    assert second.stderr.count("source ") >= 4, "the old and the new hash of both words"
    plugin.write_text(plugin.read_text().replace('"median", "1"', '"median", "2"').replace('"cloning", "1"', '"cloning", "2"'))
    third = call("rehearse", "grid.yaml")
    assert third.returncode == 0, third.stderr
