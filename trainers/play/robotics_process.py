"""The process that plays an episode in gymnasium-robotics. Its own file, because it loads MuJoCo with a chosen renderer."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.play.robotics import NO_RENDERER, RENDERER_VARIABLE

TEAMS = {"ant": ("Ant", "2x4"), "hopper": ("Hopper", "3x1"), "half_cheetah": ("HalfCheetah", "6x1")}
"""Scenario and partition of each robot. The partition has no effect, because the controls are those of the whole robot."""


TORSO = 1
"""The first body of each robot."""
FLOOR = 0
"""The first part of each model, a plane. MuJoCo's planes have no end but in pictures: there 40 metres."""
WIDER = 10


def play(question: str, answer: str) -> None:
    """Play and render what the file `question` asks, and write the file `answer`."""
    renders = os.environ.get(RENDERER_VARIABLE) != NO_RENDERER
    frames, rewards, fell, over = list[NDArray[np.uint8]](), list[float](), False, False
    with np.load(question) as asked:
        environment = _environment(str(asked["robot"]), float(asked["contact_cost"]), int(asked["width"]), renders)
        wanted = set(asked["steps"].tolist())
        environment.reset(seed=0)
        environment.single_agent_env.unwrapped.set_state(asked["positions"], asked["velocities"])
        first = environment.possible_agents[0]
        for step, controls in enumerate([None, *asked["controls"]]):
            if controls is not None and not over:
                _, paid, terminated, truncated, _ = environment.step(environment.map_global_action_to_local_actions(controls))
                rewards.append(float(paid[first]))
                fell = bool(terminated[first])
                over = fell or bool(truncated[first])
            if renders and step in wanted:
                frames.append(_picture(environment))
    np.savez(answer, rewards=np.array(rewards), fell=fell, frames=np.array(frames, dtype=np.uint8))


def _environment(robot: str, contact_cost: float, width: int, renders: bool) -> Any:
    from gymnasium_robotics import mamujoco_v1

    costs = {} if np.isnan(contact_cost) else {"contact_cost_weight": contact_cost}
    look = {"render_mode": "rgb_array", "width": width, "height": width} if renders else {}
    environment = mamujoco_v1.parallel_env(*TEAMS[robot], agent_obsk=1, **costs, **look)
    if renders:
        _widen_floor(environment.single_agent_env.unwrapped.model)
    return environment


def _widen_floor(model: Any) -> None:
    """Draw more of the floor, because a good robot runs past its end. Its squares keep their size, and it always holds."""
    model.geom_size[FLOOR, :2] *= WIDER
    model.mat_texrepeat[model.geom_matid[FLOOR]] *= WIDER


def _picture(environment: Any) -> NDArray[np.uint8]:
    """Draw a picture whose camera follows the torso. In gymnasium 1.4 its camera stays behind, and its other one dives."""
    simulated = environment.single_agent_env.unwrapped
    if simulated.mujoco_renderer.viewer is None:
        environment.render()
    simulated.mujoco_renderer.viewer.cam.lookat[:2] = simulated.data.xpos[TORSO, :2]
    picture: NDArray[np.uint8] = environment.render()
    return picture


if __name__ == "__main__":
    play(*sys.argv[1:])
