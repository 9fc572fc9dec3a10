"""Tasks and datasets from outside: named by a variable, checked, part of ids, and trained like the others."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.search_spaces import plugins
from recipe_sweep.search_spaces.errors import PluginError
from recipe_sweep.search_spaces.plugins import PLUGINS_VARIABLE, load_plugins
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import ensure_dataset, open_dataset
from recipe_sweep.trainers.data.errors import ChangedDataError, DataError, MissingDataError
from recipe_sweep.trainers.data.stored import registered
from recipe_sweep.trainers.data.stored.card import read_card
from recipe_sweep.trainers.environments import registry
from recipe_sweep.trainers.environments.registry import make_environment, task_spec
from recipe_sweep.trainers.plugins import (
    Columns,
    Episode,
    OneByOne,
    ReturnScale,
    SingleStep,
    TaskSpec,
    columns_from_episodes,
    register_dataset,
    register_task,
)
from recipe_sweep.trainers.randomness import generator
from tests.checkout import ROOT
from tests.trainers.data.points import spread_point

EXAMPLE = ROOT / "examples" / "bring_your_own.py"
SCALE = ReturnScale(0.0, 1.0)
SPEC = TaskSpec("line", n_agents=2, obs_dim=3, action_dim=1, state_dim=6, horizon=4)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is gone after it."""
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    monkeypatch.setattr(registered, "_DATASETS", {})
    monkeypatch.setattr(registry, "_ENVIRONMENTS", dict(registry._ENVIRONMENTS))
    monkeypatch.setattr(plugins, "_once", plugins._Once())
    monkeypatch.delenv(PLUGINS_VARIABLE, raising=False)
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith(("recipe_sweep_plugin_", "brought")):
            del sys.modules[name]


class Line:
    """One agent pair on a line, one episode at a time."""

    def reset(self, generator: np.random.Generator) -> np.ndarray:
        self.places, self.time = generator.uniform(-1.0, 1.0, 2), 0
        return self.observe()

    def step(self, actions: np.ndarray) -> SingleStep:
        self.places = self.places + actions[:, 0]
        self.time += 1
        return SingleStep(self.observe(), -float(np.abs(self.places).sum()), self.time == SPEC.horizon or self.places[0] > 1.0)

    def observe(self) -> np.ndarray:
        return np.stack([self.places, self.places[::-1], np.full(2, self.time)], axis=1)


def episode(length: int, first: float = 0.0, extra: int = 1) -> Episode:
    observations = np.arange((length + extra) * 6, dtype=np.float64).reshape(length + extra, 2, 3) + first
    return Episode(observations, np.zeros((length, 2, 1)), np.arange(length, dtype=np.float64))


def columns() -> Columns:
    return columns_from_episodes(SPEC, [episode(4), episode(2, 100.0, extra=0)])


def bring(load=columns, version: str = "1") -> None:
    register_task(SPEC, lambda copies: OneByOne(SPEC, Line, copies), title="Line", version="7")
    register_dataset("line", "mine", load, version=version, scale=SCALE)


def line_point(**changes):
    named = {"task": "line", "source": Source.REGISTERED, "dataset": "mine", "dataset_version": "1, environment 7"}
    return spread_point(**(named | {"dataset_seed": None, "dataset_size": None} | changes))


def test_a_registered_dataset_opens_like_any_other(tmp_path):
    bring()
    directory = ensure_dataset(line_point(), tmp_path)
    assert directory.parent == tmp_path / "registered" / "line" / "mine"
    data = open_dataset(line_point(), tmp_path, verify=True)
    assert data.spec == SPEC
    assert data.observations.shape == (6, 2, 3)
    assert_array_equal(data.observations[4, 0], [100.0, 101.0, 102.0])
    assert_array_equal(data.mask, [1, 1, 1, 0, 1, 0])
    assert_array_equal(data.next_rows, [1, 2, 3, 3, 5, 5])
    assert_array_equal(data.rewards[:, 0], [0, 1, 2, 3, 0, 1])
    assert data.scale == SCALE


def test_the_declared_versions_are_part_of_every_id(tmp_path):
    bring(version="2")
    entry = TASKS["line"]
    assert entry.version(Source.REGISTERED, "mine") == "2, environment 7"
    assert line_point(dataset_version="2, environment 7").run_id != line_point().run_id
    with pytest.raises(
        MissingDataError, match=r"'1, environment 7'\s+expected\s+'2, environment 7', the one that is registered"
    ):
        ensure_dataset(line_point(), tmp_path)


def test_a_dataset_for_a_task_of_this_package_has_its_own_version_alone():
    register_dataset("simple_spread", "mine", columns, version="3", scale=SCALE)
    entry = TASKS["simple_spread"]
    assert entry.version(Source.REGISTERED, "mine") == "3"
    assert entry.version(Source.HOMEGROWN, "expert") == "1"
    assert entry.datasets[Source.REGISTERED] == ("mine",)


def test_scores_of_one_dataset_cannot_come_to_mean_something_else(tmp_path, monkeypatch):
    bring()
    ensure_dataset(line_point(), tmp_path)
    monkeypatch.setattr(registered, "_DATASETS", {})
    monkeypatch.setitem(TASKS._entries, "line", dataclasses.replace(TASKS["line"], registered_versions={}))
    register_dataset("line", "mine", columns, version="1", scale=ReturnScale(0.0, 2.0))
    with pytest.raises(ChangedDataError, match=r"0 and 2 as[\s\S]*0 and 1, as when[\s\S]*raise the version"):
        ensure_dataset(line_point(), tmp_path)


def test_names_are_taken_once():
    bring()
    with pytest.raises(PluginError, match="'line', registered again"):
        register_task(SPEC, Line, title="", version="1")  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="'mine' of line, registered again"):
        register_dataset("line", "mine", columns, version="1", scale=SCALE)
    with pytest.raises(PluginError, match="'simple_spread', registered again"):
        register_task(TaskSpec("simple_spread", 1, 1, 1, 1, 1), Line, title="", version="1")  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="a task registered before its datasets"):
        register_dataset("plane", "mine", columns, version="1", scale=SCALE)
    with pytest.raises(PluginError, match="a minimum below the maximum"):
        register_dataset("line", "other", columns, version="1", scale=ReturnScale(1.0, 1.0))


def broken(**changes) -> Columns:
    return columns()._replace(**changes)


def with_nan() -> Columns:
    values = columns().rewards.copy()
    values[3] = np.nan
    return broken(rewards=values)


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (lambda: broken(observations=columns().observations[..., 1:]), r"\(6, 2, 2\)\s+expected\s+<f4 \(6, 2, 3\)"),
        (with_nan, r"rewards[\s\S]*NaN"),
        (lambda: broken(terminals=np.zeros(6, np.bool_)), r"terminals[\s\S]*whole episodes"),
        (lambda: broken(actions=columns().actions + 1.5), r"12 components outside, up to 1.5\s+expected .* in \[-1, 1\]"),
        (lambda: broken(actions=columns().actions[:5], rewards=columns().rewards[:4]), r"2 problems[\s\S]*actions[\s\S]*rewar"),
    ],
    ids=["dimensions", "numbers", "ends", "bounds", "lengths"],
)  # fmt: skip
def test_what_is_no_dataset_of_its_task_is_refused_with_everything_that_is_wrong(tmp_path, load, message: str):
    bring(load)
    with pytest.raises(DataError, match=message) as caught:
        ensure_dataset(line_point(), tmp_path)
    assert "registered/line/mine" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_discrete_actions_must_be_one_hot(tmp_path):
    spec = TaskSpec("coin", n_agents=1, obs_dim=1, action_dim=2, state_dim=1, horizon=1, discrete=True)
    register_task(spec, lambda copies: OneByOne(spec, Line, copies), title="Coin", version="1")
    tosses = Columns(np.zeros((1, 1, 1)), np.array([[[0.5, 0.5]]]), np.zeros((1, 1)), np.array([True]))
    register_dataset("coin", "tosses", lambda: tosses, version="1", scale=SCALE)
    with pytest.raises(DataError, match="one-hot"):
        ensure_dataset(line_point(task="coin", dataset="tosses", dataset_version="1, environment 1"), tmp_path)


def test_episodes_whose_parts_do_not_fit_are_named():
    wrong = Episode(np.zeros((7, 2, 3)), np.zeros((4, 2, 1)), np.zeros(3))
    with pytest.raises(
        DataError, match=r"2 problems[\s\S]*episode 1, observations[\s\S]*7 rows with 4 actions[\s\S]*episode 1, rewards"
    ):
        columns_from_episodes(SPEC, [episode(4), wrong])
    with pytest.raises(DataError, match="at least one episode"):
        columns_from_episodes(SPEC, [])


def test_states_that_no_observation_tells_must_be_given(tmp_path):
    spec = TaskSpec("hidden", n_agents=2, obs_dim=3, action_dim=1, state_dim=4, horizon=4)
    register_task(spec, lambda copies: OneByOne(spec, Line, copies), title="Hidden", version="1")
    register_dataset("hidden", "without", columns, version="1", scale=SCALE)
    given = [episode(4)._replace(states=np.ones((5, 4)))]
    register_dataset("hidden", "with", lambda: columns_from_episodes(spec, given), version="1", scale=SCALE)
    named = {"task": "hidden", "dataset_version": "1, environment 1"}
    with pytest.raises(DataError, match=r"states[\s\S]*nothing"):
        ensure_dataset(line_point(dataset="without", **named), tmp_path)
    ensure_dataset(line_point(dataset="with", **named), tmp_path)
    states = open_dataset(line_point(dataset="with", **named), tmp_path).states
    assert states is not None
    assert states.shape == (4, 4)


def test_ordinary_environments_are_stepped_side_by_side_and_stand_still_when_over():
    bring()
    assert task_spec("line") == SPEC
    together, alone = make_environment("line", 3), Line()
    seen = together.reset([generator(0, copy) for copy in range(3)])
    assert_array_equal(seen[1], alone.reset(generator(0, 1)))
    actions = np.full((3, 2, 1), 0.9)
    over = np.zeros(3, np.bool_)
    for _ in range(SPEC.horizon):
        before, was_over = seen, over
        seen, rewards, over = together.step(actions)
        if not was_over[1]:
            step = alone.step(actions[1])
            assert_array_equal(seen[1], step.observations)
            assert (rewards[1] == step.rewards).all()
        assert_array_equal(seen[was_over], before[was_over])
        assert not rewards[was_over].any()
    assert over.all()


@pytest.mark.parametrize("named", ["file", "module"])
def test_a_plugin_is_imported_once_at_the_first_look_at_the_tasks(tmp_path, monkeypatch, named: str):
    text = (
        "from recipe_sweep.trainers.plugins import *\n"
        "spec = TaskSpec('brought', 1, 1, 1, 1, 1)\n"
        "register_task(spec, None, title='Brought', version='1')\n"
    )
    (tmp_path / "brought_along.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(PLUGINS_VARIABLE, "brought_along.py" if named == "file" else "brought_along")
    assert "brought" in TASKS
    assert task_spec("brought").name == "brought"
    assert TASKS["brought"].title == "Brought"
    load_plugins()
    if named == "file":  # processes that are started elsewhere must find it too
        assert os.environ[PLUGINS_VARIABLE] == str(tmp_path / "brought_along.py")


def test_plugins_that_cannot_be_imported_are_told_together_and_again(tmp_path, monkeypatch):
    (tmp_path / "typo.py").write_text("def f(:\n")
    monkeypatch.setenv(PLUGINS_VARIABLE, f"no_such_module, {tmp_path}/missing.py,{tmp_path}/typo.py")
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            list(TASKS)
        assert len(caught.value.problems) == 3
        for told in ("no_such_module", "missing.py", "typo.py", PLUGINS_VARIABLE):
            assert told in str(caught.value)


def test_the_documented_example_runs(tmp_path):
    """As a user types it: a run on the example's task and data, in a process of its own."""
    environment = os.environ | {
        PLUGINS_VARIABLE: "examples/bring_your_own.py",
        "RECIPE_SWEEP_DATA": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }
    grid = ["examples/bring_your_own.yaml", "--set", "settings.steps=40", "--set", "settings.eval_every=20"]
    command = [
        sys.executable,
        "-m",
        "recipe_sweep.sweep.cli.main",
        "run",
        *grid,
        "--set",
        "settings.diagnostics_every=20",
        "--only",
        "dataset=skilled",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "step 40 of 40" in done.stdout
    (directory,) = (tmp_path / "registered" / "rendezvous" / "skilled").iterdir()
    assert read_card(directory).returns.mean > 15.0


def test_an_unknown_registered_dataset_says_how_to_get_it(tmp_path):
    with pytest.raises(MissingDataError, match=PLUGINS_VARIABLE):
        ensure_dataset(line_point(task="simple_spread"), tmp_path)
