"""The independent check: gymnasium-robotics plays the same actions from the same start, and its return is ours."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.play import robotics
from recipe_sweep.trainers.play.episode import Episode, Trained, play_evaluation
from recipe_sweep.trainers.play.registry import drawing_of
from recipe_sweep.trainers.play.robotics import INSTALL, NO_RENDERER, RENDERER_VARIABLE
from tests.trainers.builders import point
from tests.trainers.play.test_episode import drawn_weights

needs_robotics = pytest.mark.skipif(
    find_spec("gymnasium_robotics") is None, reason=f"gymnasium-robotics is not installed: {INSTALL}"
)


def played(task: str) -> Episode:
    """An episode of a policy that nobody trained: hoppers and some ants fall."""
    spec = MUJOCO_TASKS[task].spec
    weights = drawn_weights(spec.obs_dim + spec.n_agents, spec.action_dim)
    return play_evaluation(Trained(point(task=task, eval_episodes=1), weights), 0).episode


@needs_robotics
@pytest.mark.parametrize("task", MUJOCO_TASKS)
def test_another_simulator_pays_the_same_return(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else our robots are not those of the paper. The pictures are drawn by us, because no renderer is allowed here."""
    monkeypatch.setenv(RENDERER_VARIABLE, NO_RENDERER)
    episode = played(task)
    film = drawing_of(task).film(episode, [0, len(episode)])
    assert film.second is not None
    assert film.second.steps == len(episode)
    assert film.second.value == pytest.approx(episode.totals[-1], rel=1e-9, abs=1e-9)
    assert film.second.agrees(float(episode.totals[-1]))
    assert not film.second.agrees(float(episode.totals[-1]) * 1.0001 + 0.01)
    assert "no renderer works here" in film.drawn_by
    assert len(film.pictures) == 2


@needs_robotics
def test_a_fall_that_only_the_published_data_pay_is_added_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RENDERER_VARIABLE, NO_RENDERER)
    remarks = []
    for task in ("3hopper", "3hopper_native"):
        episode = played(task)
        assert len(episode) < 1000, "it fell"
        second = drawing_of(task).film(episode, [0]).second
        assert second is not None
        remarks.append(second.remark)
    assert "the step of the fall" in remarks[0]
    assert remarks[1] == ""


@needs_robotics
def test_a_renderer_that_fails_is_named_and_the_return_is_still_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RENDERER_VARIABLE, "nonsense")
    episode = played("3hopper")
    film = drawing_of("3hopper").film(episode, [0, 1])
    assert "nonsense" in film.drawn_by
    assert film.second is not None


@needs_robotics
def test_a_renderer_that_works_shows_the_robot_and_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RENDERER_VARIABLE, "egl")
    episode = played("6halfcheetah")
    film = drawing_of("6halfcheetah").film(episode, [0, len(episode)])
    if "gymnasium-robotics" not in film.drawn_by:
        pytest.skip(film.drawn_by)
    assert film.second is not None
    assert film.second.agrees(float(episode.totals[-1])), "rendering changes nothing"
    for picture in film.pictures:
        red, _, blue = np.moveaxis(np.asarray(picture, dtype=int), -1, 0)
        assert (red - blue > 40).sum() > 300, "the robot's own colour"


def test_without_gymnasium_robotics_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robotics, "find_spec", lambda name: None)
    film = drawing_of("3hopper").film(played("3hopper"), [0, 1])
    assert film.second is None
    assert INSTALL in film.drawn_by
    assert len(film.pictures) == 2


@needs_robotics
def test_a_process_that_dies_is_said_and_the_robot_is_still_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RENDERER_VARIABLE, NO_RENDERER)
    monkeypatch.setattr(robotics, "PROCESS", "no_such_module")
    film = drawing_of("3hopper").film(played("3hopper"), [0])
    assert film.second is None
    assert "no_such_module" in film.drawn_by
    assert len(film.pictures) == 1
