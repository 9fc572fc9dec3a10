"""skirmish, a battle of this project's own: a team of agents fights a scripted team of the same units.

The rules are those of SMAX, the battle of JaxMARL, with the choices that docs/decisions/a-battle-of-our-own.md lists.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.vocabulary import Chance
from recipe_sweep.trainers.environments.skirmish_controller import NOBODY, Flags, Seen, Way, attack_or_walk, last_or_nearest
from recipe_sweep.trainers.environments.skirmish_starts import Plan, draw_plan, stacked
from recipe_sweep.trainers.environments.skirmish_units import (
    HORIZON,
    MAP_SIZE,
    STOP,
    WORLD_STEPS,
    Array,
    Battle,
)
from recipe_sweep.trainers.environments.skirmish_views import Gaps, legal_actions, observe, state
from recipe_sweep.trainers.environments.skirmish_world import Units, orders_of, push_apart, world_step
from recipe_sweep.trainers.environments.sums import ordered_sum
from recipe_sweep.trainers.task import FloatArray, Transition

FULL_RETURN = 20.0
"""Return of an episode in which all enemies die and an ally lives: half for the enemies' health, half for the victory."""


class Skirmish:
    """E copies of one map. See BatchedEnvironment, MaskedEnvironment, StatefulEnvironment and WinnableEnvironment.

    A step has 8 world steps, in which every unit repeats its action. Agents share one reward: 10 times the share of the
    enemies' health that the step took, and 10 for victory. An episode ends when a side is dead, or after 101 steps. An illegal
    attack does nothing.
    """

    def __init__(self, battle: Battle, copies: int, chance: Chance = Chance.FULL) -> None:
        self.spec, self.battle, self.copies, self.chance = battle.spec, battle, copies, chance

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Draw and start one episode per generator, one for each copy. Return observations (E, N, O)."""
        return self.begin(stacked([draw_plan(self.battle, self.chance, generator) for generator in generators]))

    def begin(self, plan: Plan) -> FloatArray:
        """Start the E episodes of a plan. Return observations (E, N, O)."""
        side = self.battle.side
        self._plan = plan
        self.units = Units.placed(plan.types, plan.places[..., 0], plan.places[..., 1])
        push_apart(self.units)
        self._gaps = Gaps.between(self.units)
        self._goal_x, self._goal_y = MAP_SIZE - self.units.x[:, side:], MAP_SIZE - self.units.y[:, side:]
        self._last_target = np.full((self.copies, side), NOBODY)
        self.actions = np.full((self.copies, self.battle.units), STOP)
        self._over, self._won = np.zeros((2, self.copies), np.bool_)
        self._time = 0
        return observe(self.units, self._gaps, self.actions)

    def step(self, actions: FloatArray) -> Transition:
        """Advance every copy by one-hot actions (E, N, A)."""
        self.actions = np.concatenate((actions.argmax(axis=2), self._enemy_actions()), axis=1)
        before = self._enemy_health()
        orders = orders_of(self.units, self.actions)
        deviations = self._plan.deviations[:, min(self._time, HORIZON - 1)].astype(np.float64)
        for moment in range(WORLD_STEPS):
            world_step(self.units, orders, deviations[:, moment])
        self._gaps = Gaps.between(self.units)
        victory, done = self._outcome()
        damage = before - self._enemy_health()
        reward = FULL_RETURN / 2 * (damage / self.battle.side + victory)
        self._won |= victory & ~self._over
        self._over |= done
        self._time += 1
        observations = observe(self.units, self._gaps, self.actions)
        return Transition(observations, np.repeat(reward[:, None], self.battle.side, axis=1), done)

    def legal(self) -> NDArray[np.uint8]:
        """Return which actions are legal now, (E, N, A)."""
        return legal_actions(self.units, self._gaps)

    def states(self) -> FloatArray:
        """Return the present states (E, S)."""
        return state(self.units)

    def won(self) -> NDArray[np.bool_]:
        """Tell which copies (E,) have won their episode."""
        return self._won.copy()

    def _enemy_actions(self) -> NDArray[np.intp]:
        """Decide what the enemies do (E, M), from what each of them sees."""
        side, units, gaps = self.battle.side, self.units, self._gaps
        seen = Seen(
            gaps.x[:, side:, :side],
            gaps.y[:, side:, :side],
            gaps.visible(units)[:, side:, :side],
            gaps.in_range(units)[:, side:, :side],
        )
        target = last_or_nearest(seen, self._last_target)
        self._last_target = np.where(target == NOBODY, self._last_target, target)
        choice = self._plan.choices[:, min(self._time, HORIZON - 1)].astype(np.float64)
        way = Way(self._goal_x - units.x[:, side:], self._goal_y - units.y[:, side:], choice)
        return attack_or_walk(seen, target, way)

    def _enemy_health(self) -> Array:
        """Sum the enemies' shares of health (E,)."""
        side = self.battle.side
        total: Array = ordered_sum(self.units.health[:, side:] / self.units.traits.health[:, side:]).astype(np.float64)
        return total

    def _outcome(self) -> tuple[Flags, Flags]:
        """Tell which copies are won, and which are over, (E,)."""
        alive = self.units.alive
        allies: Flags = np.any(alive[:, : self.battle.side], axis=1)
        enemies: Flags = np.any(alive[:, self.battle.side :], axis=1)
        return allies & ~enemies, ~allies | ~enemies | (self._time + 1 >= HORIZON)
