"""MuJoCo: E simulations of one robot that step in one call. mujoco_limbs.py alone imports mujoco too."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import mujoco
import mujoco.batch
import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.mujoco_robots import Array, Pose, Robot

_TORSO = 1
_FORCE_BOUND = 1.0


class Physics:
    """E simulations of a robot on `threads` threads, bit for bit the same as gymnasium's v5 environments.

    A simulation depends neither on the others nor on the number of threads. Its start is drawn as in gymnasium, from the
    episode's own generator. `contacts` also computes contact forces. This takes memory (0.5 MB each) and time, because MuJoCo
    computes them for one simulation at a time.
    """

    def __init__(self, robot: Robot, copies: int, contacts: bool = False, threads: int = 1) -> None:
        self._robot = robot
        self._model = load_model(robot)
        self._batch = mujoco.batch.Batch(self._model, copies, min(threads, max(copies, 1)), persistent=contacts)
        self._positions, self._velocities = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._controls, self._places = self._batch.bind("ctrl"), self._batch.bind("xpos")
        self._forces = np.zeros((copies, self._model.nbody, 6)) if contacts else None
        self._one = mujoco.MjData(self._model) if contacts else None
        self._seconds = self._model.opt.timestep * robot.frames  # seconds of one action

    @property
    def pose(self) -> Pose:
        """Pose of the robots now. The next step changes the arrays."""
        return Pose(self._positions, self._velocities, self._forces)

    def reset(self, copies: NDArray[np.intp], generators: Sequence[np.random.Generator]) -> None:
        """Put some of the simulations at new starts, with one generator each."""
        self._batch.reset(copies, stage=int(mujoco.mjtStage.mjSTAGE_NONE))
        starts = [self._draw(generator) for generator in generators]
        self._positions[copies] = [positions for positions, _ in starts]
        self._velocities[copies] = [velocities for _, velocities in starts]
        self._batch.forward(copies)
        if self._forces is not None:
            self._forces[copies] = 0.0  # gymnasium computes them in steps only

    def step(self, copies: NDArray[np.intp], controls: Array) -> Array:
        """Advance some of the simulations by controls (E, U) and return forward speeds (E,). Other rows are ignored."""
        before = self._forward().copy()
        self._controls[copies] = controls[copies]
        self._batch.step(copies, self._robot.frames)
        if self._forces is not None:
            self._measure_forces(copies, self._forces)
        speeds: Array = (self._forward() - before) / self._seconds
        return speeds

    def place(self, positions: Array, velocities: Array) -> None:
        """Put every simulation in a pose, like gymnasium's `set_state`."""
        self._batch.reset(stage=int(mujoco.mjtStage.mjSTAGE_NONE))
        self._positions[:], self._velocities[:] = positions, velocities
        self._batch.forward()

    def _draw(self, generator: np.random.Generator) -> tuple[Array, Array]:
        """Draw a start as gymnasium does: positions first."""
        noise = self._robot.reset_noise
        positions = self._model.qpos0 + generator.uniform(-noise, noise, self._model.nq)
        if self._robot.normal_velocities:
            return positions, noise * generator.standard_normal(self._model.nv)
        return positions, generator.uniform(-noise, noise, self._model.nv)

    def _forward(self) -> Array:
        """Return each robot's forward position (E,)."""
        forward: Array = self._places[:, _TORSO, 0] if self._robot.torso_speed else self._positions[:, 0]
        return forward

    def _measure_forces(self, copies: NDArray[np.intp], forces: Array) -> None:
        """Compute contact forces after a step. This does not change the simulations."""
        for copy in copies:
            data = self._batch.get_data(int(copy), self._one)
            mujoco.mj_rnePostConstraint(self._model, data)
            np.clip(data.cfrc_ext, -_FORCE_BOUND, _FORCE_BOUND, out=forces[copy])


@cache
def load_model(robot: Robot) -> mujoco.MjModel:
    """Load gymnasium's model of a robot without importing gymnasium, and switch off what costs time and changes no number.

    This saves a fifth to a third of MuJoCo's time. Three things are switched off: the profiler's clock, the search for islands
    of constraints, and the search for collisions between parts that cannot collide. A robot is always one island.
    """
    _stop_profiler()
    spec = mujoco.MjSpec.from_file(str(_asset(robot)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gymnasium's file has a deprecated attribute, which cannot be corrected here
        model = spec.compile()
        if _touches_floor_only(model):
            _name_collisions(spec, model)
            model = spec.compile()
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ISLAND)
    return model


def _stop_profiler() -> None:
    """Stop MuJoCo from reading the clock about two hundred times a step, because nobody uses its timers.

    `mujoco.set_mjcb_time` replaces only Python's clock, so MuJoCo's own variable is set to null here.
    """
    library = ctypes.CDLL(str(next(Path(mujoco.__file__).parent.glob("libmujoco.*"))))
    ctypes.c_void_p.in_dll(library, "mjcb_time").value = None


def _asset(robot: Robot) -> Path:
    gymnasium = find_spec("gymnasium")
    assert gymnasium is not None
    assert gymnasium.origin is not None
    return Path(gymnasium.origin).parent / "envs" / "mujoco" / "assets" / robot.asset


def _touches_floor_only(model: mujoco.MjModel) -> bool:
    """Tell whether no two parts of the robot can collide. The floor is the first geom."""
    kinds, partners = model.geom_contype[1:], model.geom_conaffinity[1:]
    return not (kinds[:, None] & partners).any()


def _name_collisions(spec: mujoco.MjSpec, model: mujoco.MjModel) -> None:
    """List the pairs that can collide, each part with the floor. So MuJoCo need not search for them in every step.

    Parts and floor of these robots differ only in condim and friction. MuJoCo takes the larger of each, and adds margins.
    """
    floor, *parts = spec.geoms
    for number, part in enumerate(parts, start=1):
        part.name = part.name or f"part {number}"
        spec.add_pair(
            geomname1=floor.name,
            geomname2=part.name,
            condim=model.geom_condim[[0, number]].max(),
            friction=model.geom_friction[[0, number]].max(axis=0)[[0, 0, 1, 2, 2]],
            solref=model.geom_solref[number],
            solimp=model.geom_solimp[number],
            margin=model.geom_margin[[0, number]].sum(),
        )
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0
