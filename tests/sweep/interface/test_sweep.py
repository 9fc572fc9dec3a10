"""What a user gets from a sweep in Python."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import recipe_sweep
from recipe_sweep.trainers.evaluation import evaluate
from tests.checkout import ROOT
from tests.sweep import stand_in
from tests.sweep.interface.conftest import GRID
from tests.sweep.stand_in import Behaviour, behave


def test_a_policy_scores_otherwise_than_the_run_that_it_is_of(here: Path) -> None:
    sweep = recipe_sweep.open("sweeps/demo")
    for _, run in sweep.runs.iloc[::5].iterrows():
        policy = sweep.policy(run["run_id"])

        def act(observations: Tensor, policy: recipe_sweep.Policy = policy) -> Tensor:
            return policy.act(observations[0]).unsqueeze(0)

        again = evaluate(act, run["task"], [int(run["seed"])], int(run["steps"]), policy.point.episodes_at_the_end)
        assert again.return_mean[0] == pytest.approx(run["return_final"], rel=1e-7)


def test_a_policy_takes_a_wrong_shape_or_returns_one(here: Path) -> None:
    sweep = recipe_sweep.open("sweeps/demo")
    policy = sweep.policy(sweep.points[0].run_id[:10])
    observations = np.random.default_rng(0).normal(size=(2, 4, 3, 18))
    actions = policy.act(observations)
    assert actions.shape == (2, 4, 3, 2)
    assert actions.abs().max() <= 1.0
    assert torch.allclose(policy.act(observations[1, 2]), actions[1, 2], atol=1e-6)
    assert torch.equal(policy.act(observations, legal=np.ones((2, 4, 3, 2))), actions)
    policy(torch.from_numpy(observations)).sum().backward()
    assert all(weights.grad is not None for weights in policy.parameters())
    with pytest.raises(recipe_sweep.UserInputError, match=r"shape \(18,\)"):
        policy.act(observations[0, 0, 0])
    with pytest.raises(recipe_sweep.UserInputError, match="legal"):
        policy.act(observations, legal=[1.0])


def test_an_illegal_action_is_chosen() -> None:
    from recipe_sweep.trainers.acting import Policy
    from recipe_sweep.trainers.config import LearnerConfig
    from recipe_sweep.trainers.environments.registry import task_spec
    from recipe_sweep.trainers.models import actor_network
    from tests.sweep.conftest import make_point

    point = make_point(task="two_step", dataset="uniform")
    network = actor_network(task_spec("two_step"), LearnerConfig.of(point)).initial(np.random.default_rng(0))
    policy = Policy(point, {f"actor/{name}": torch.from_numpy(value) for name, value in network.items()})
    observations = torch.rand(6, policy.spec.n_agents, policy.spec.obs_dim)
    free = policy.act(observations)
    assert torch.equal(free.sum(-1), torch.ones(6, policy.spec.n_agents))
    forced = policy.act(observations, legal=1.0 - free)
    assert not (forced * free).any()
    with pytest.raises(recipe_sweep.UserInputError, match="no such array"):
        Policy(point, {})


def test_runs_without_a_result_are_left_out(here: Path) -> None:
    [first, *_] = sorted(Path("sweeps/demo/results").glob("*.parquet"))
    before = recipe_sweep.open("sweeps/demo").runs
    first.rename("elsewhere.parquet")
    runs = recipe_sweep.open("sweeps/demo").runs
    assert len(runs) == 16
    missing = runs[runs["status"] == "missing"]
    assert 0 < len(missing) < 16
    assert missing["score"].isna().all()
    assert missing["lr"].notna().all()
    assert runs["run_id"].tolist() == before["run_id"].tolist()
    assert runs.dtypes.to_dict() == before.dtypes.to_dict()


def test_a_damaged_file_is_passed_over_in_silence(here: Path) -> None:
    [first, *_] = sorted(Path("sweeps/demo/results").glob("*.parquet"))
    first.write_bytes(b"PAR1 torn")
    sweep = recipe_sweep.open("sweeps/demo")
    with pytest.warns(UserWarning, match=f"{first.name} is not"):
        assert (sweep.runs["status"] == "missing").any()


def test_the_best_of_a_design_is_not_its_best(here: Path) -> None:
    sweep = recipe_sweep.open("sweeps/demo")
    means = sweep.runs.groupby(["decomposition", "config_id"])["score"].mean()
    best = sweep.best().set_index("decomposition")
    for design in ("mix", "dec"):
        assert best.loc[design, "score"] == pytest.approx(means[design].max())
        assert best.loc[design, "config_id"] == means[design].idxmax()
    chosen = sweep.runs[sweep.runs["config_id"] == best.loc["mix", "config_id"]]
    assert set(chosen["lr"]) == {best.loc["mix", "lr"]}
    assert set(chosen["hidden"]) == {best.loc["mix", "hidden"]}


def test_a_notebook_shows_no_figure_and_no_table(here: Path) -> None:
    sweep = recipe_sweep.open("sweeps/demo")
    assert sweep.figure(7)._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    shown = sweep._repr_html_()
    assert "16 of 16 runs done" in shown
    assert "<th>hidden</th>" in shown
    assert "matplotlib.pyplot" not in sys.modules


def test_a_name_of_a_user_becomes_markup(here: Path) -> None:
    from recipe_sweep.sweep.interface.summary import sweep_html

    assert "<img" not in sweep_html("<img src=x>", Path("<img>"), recipe_sweep.open("sweeps/demo").status, None)


def test_a_rehearsal_is_taken_for_a_sweep(here: Path) -> None:
    sweep = recipe_sweep.launch(GRID, rehearse=True, cluster="inline.yaml", mlflow=False)
    assert "REHEARSAL" in repr(sweep)
    assert "REHEARSAL" in sweep._repr_html_()
    for table in (sweep.runs, sweep.curves, sweep.best(), sweep.claims()):
        assert table.columns[0] == "REHEARSAL"
    assert set(sweep.claims()["verdict"]) == {"not enough data"}
    assert any(text.get_gid() == "REHEARSAL" for text in sweep.figure().texts)
    for asked in (sweep.recommend, lambda: sweep.policy(sweep.points[0].run_id)):
        with pytest.raises(recipe_sweep.UserInputError, match="rehearsal"):
            asked()


def test_a_mistake_in_a_mapping_is_a_traceback_of_ours(here: Path) -> None:
    axes = GRID["axes"]
    assert isinstance(axes, dict)
    with pytest.raises(recipe_sweep.UserInputError, match=r"the grid: axes.decomposition") as told:
        recipe_sweep.launch({**GRID, "axes": {**axes, "decomposition": ["mux"]}}, cluster="inline.yaml")
    assert "mix" in str(told.value)
    with pytest.raises(recipe_sweep.UserInputError, match="launch it first"):
        recipe_sweep.open("starter")


def test_a_misspelt_keyword_of_launch_is_ignored(here: Path) -> None:
    with pytest.raises(TypeError, match="mlfow"):
        recipe_sweep.launch(GRID, mlfow=False)  # type: ignore[call-arg]
    with pytest.raises(recipe_sweep.UserInputError, match="keep"):
        recipe_sweep.launch(GRID, keep="everything")


def test_a_grid_of_numpy_and_tuples_is_another_grid(here: Path) -> None:
    axes, settings = GRID["axes"], GRID["settings"]
    assert isinstance(axes, dict)
    assert isinstance(settings, dict)
    changed = {"lr": np.array([1e-3, 3e-3]), "hidden": ((8, 8), (16, 16)), "steps": np.int64(20)}
    grid = {**GRID, "axes": {**axes, "seed": range(2)}, "settings": {**settings, **changed}}
    before = recipe_sweep.open("sweeps/demo").points
    assert recipe_sweep.launch(grid, cluster="inline.yaml", mlflow=False).points == before


def test_only_some_runs_are_trained_and_the_others_are_forgotten(here: Path) -> None:
    axes = GRID["axes"]
    assert isinstance(axes, dict)
    more = {**GRID, "axes": {**axes, "seed": [0, 1, 2]}}
    sweep = recipe_sweep.launch(more, only=["seed=2 decomposition=dec"], cluster="inline.yaml", mlflow=False)
    assert (sweep.status.done, sweep.status.wanted) == (20, 24)
    assert len(sweep.curves) == 40


def test_a_stored_sweep_lacks_what_the_directory_has(here: Path) -> None:
    address = f"file://{here / 'store'}"
    before = recipe_sweep.launch("my-grid.yaml", store=address, cluster="inline.yaml", mlflow=False)
    sweep = recipe_sweep.open(address, directory="fetched")
    assert sweep.directory == Path("fetched")
    assert sweep.runs.equals(before.runs)
    run_id = sweep.points[0].run_id
    observations = torch.rand(3, 18)
    assert torch.equal(sweep.policy(run_id).act(observations), before.policy(run_id).act(observations))


def test_a_failed_run_is_not_told_from_a_missing_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    point = recipe_sweep.open("sweeps/demo").points[0]
    data = here / "other"
    data.mkdir()
    behave(data, Behaviour(raising=(point.run_id,)))
    with pytest.warns(UserWarning, match="not every run was trained"):
        sweep = recipe_sweep.launch(GRID, directory="again", data=data, cluster="inline.yaml", mlflow=False)
    states = sweep.runs.set_index("run_id")["status"]
    assert states[point.run_id] == "failed"
    assert (states == "finished").sum() == 15
    with pytest.raises(recipe_sweep.UserInputError, match="a run that is not done"):
        sweep.policy(point.run_id)


def test_a_launch_in_a_thread_ends_in_the_middle(here: Path) -> None:
    """Only the main thread can be told to stop by a signal."""
    with ThreadPoolExecutor() as pool, pytest.raises(recipe_sweep.UserInputError, match="the main thread"):
        pool.submit(recipe_sweep.launch, GRID, directory="threaded", cluster="inline.yaml").result()
    assert not Path("threaded").exists()


USER = """
import recipe_sweep
from recipe_sweep import Sweep

def learning_rates(sweep: Sweep) -> list[float]:
    return [float(rate) for rate in sweep.runs["lr"].unique()]

def main() -> None:
    sweep = recipe_sweep.open("sweeps/demo", overrides=["seed=0"])
    figure = sweep.figure(7)
    figure.savefig("figure7.pdf")
    policy = sweep.policy(sweep.points[0].run_id)
    print(policy.act([[0.0]]).shape, sweep.best().head(), sweep.claims()["verdict"], sweep.recommend().recipe)
    again = recipe_sweep.launch({"name": "x"}, only=["seed=0"], mlflow=False)
    print(again.status.done, recipe_sweep.__version__, learning_rates(again))
"""
WRONG = """
import recipe_sweep
recipe_sweep.lunch("demo")
recipe_sweep.launch("demo", mlfow=False)
x: int = recipe_sweep.open("demo").runs
recipe_sweep.open("demo").policy(3)
"""


@pytest.mark.slow
def test_a_type_checker_does_not_know_the_interface(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "wrong.py").write_text(WRONG)
    assert (ROOT / "recipe_sweep" / "py.typed").exists()
    # With the settings and the cache of `make check`, because the package's dependencies take minutes.
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml"]
    files = [str(tmp_path / name) for name in ("user.py", "wrong.py")]
    told = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=500).stdout
    wrong = [line.partition(":")[0::2] for line in told.splitlines() if "error:" in line]
    assert [(Path(file).name, rest.partition(":")[0]) for file, rest in wrong] == [("wrong.py", line) for line in "3456"], told
