"""Asking for an environment by name."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.trainers.environments.registry import available_tasks, make_environment, task_spec
from recipe_sweep.trainers.environments.skirmish_units import BATTLES
from recipe_sweep.trainers.randomness import generator

MAY_END_EARLY = ("2ant", "2ant_native", "3hopper", "3hopper_native", *BATTLES)


def test_a_misspelt_task_is_refused_with_the_nearest_name():
    with pytest.raises(UserInputError, match="did you mean 'simple_spread'"):
        make_environment("simple_spred", 1)


@pytest.mark.parametrize("task", available_tasks())
def test_a_task_has_the_shapes_and_the_horizon_that_it_declares(task: str):
    spec = task_spec(task)
    environment = make_environment(task, 4)
    assert environment.spec == spec
    assert spec.name == task
    seen = environment.reset([generator(0, episode) for episode in range(4)])
    assert seen.shape == (4, spec.n_agents, spec.obs_dim)
    actions = seen[..., : spec.action_dim] * 0.0
    over = np.zeros(4, np.bool_)
    for step in range(1, spec.horizon + 1):
        observations, rewards, done = environment.step(actions)
        assert observations.shape == seen.shape
        assert rewards.shape == (4, spec.n_agents)
        assert (done >= over).all()  # what is over stays over
        over = done
        assert step == spec.horizon or task in MAY_END_EARLY or not over.any()
    assert over.all()
