"""Plays SMAX, the battle of JaxMARL whose rules skirmish follows, and records it for tests/trainers/environments/smax.npz.

It runs in an environment of its own, because jaxmarl needs other versions of packages than this project:

    python3 -m venv /tmp/smax && /tmp/smax/bin/pip install jaxmarl==0.2.0 "gymnasium<1.4"
    /tmp/smax/bin/python scripts/smax_fixture.py

Every random number of an episode is recorded beside what followed from it. The numbers are JaxMARL's, with these conversions:
an enemy's attacks count the allies from the first (JaxMARL counts from the last), and a choice among visible allies is a number
u, which means the visible ally of rank floor(u * count).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FIXTURE = Path(__file__).resolve().parents[1] / "tests" / "trainers" / "environments" / "smax.npz"
STEPS = {"3m": 80, "2s3z": 120}
"""Steps of each map: whole episodes until there are as many."""
WORLD_STEPS, WORLD_STEP = 8, 1.0 / 16
MOVES = 5
RANDOM_SHARE = (0.1, 0.5)
"""Share of random legal actions of the allies, in even and in odd episodes."""


class Match:
    """One map of SMAX and both teams' scripted players."""

    def __init__(self, name: str) -> None:
        import jax
        from jaxmarl.environments.smax import map_name_to_scenario
        from jaxmarl.environments.smax.heuristic_enemy import create_heuristic_policy, get_heuristic_policy_initial_state
        from jaxmarl.environments.smax.smax_env import SMAX

        self.jax = jax
        self.environment = SMAX(scenario=map_name_to_scenario(name))
        self.side = self.environment.num_allies
        self.players = [jax.jit(create_heuristic_policy(self.environment, team)) for team in (0, 1)]
        self.memory = get_heuristic_policy_initial_state

    def episode(self, key: Any, share: float) -> dict[str, np.ndarray]:
        """Play one episode and return what it was, step by step."""
        jax, side = self.jax, self.side
        key, start = jax.random.split(key)
        observations, state = self.environment.reset(start)
        memories = [self.memory() for _ in range(2 * side)]
        rows: list[dict[str, Any]] = []
        while True:
            key, step, thought, luck = jax.random.split(key, 4)
            chosen = []
            for unit in range(2 * side):
                own = jax.random.fold_in(thought, unit)
                seen = observations[self.environment.agents[unit]]
                action, memories[unit] = self.players[unit >= side](own, memories[unit], seen)
                chosen.append(int(action))
            legal = self.legal(state)
            rng = np.random.default_rng(np.asarray(jax.random.key_data(luck)))
            for ally in range(side):
                if rng.random() < share or not legal[ally, chosen[ally]]:
                    chosen[ally] = int(rng.choice(np.flatnonzero(legal[ally])))
            rows.append(
                {
                    **self.numbers(state, observations),
                    "legal": legal,
                    "actions": [self.natural(unit, action) for unit, action in enumerate(chosen)],
                    "deviations": self.deviations(step),
                    "choices": [self.choice(jax.random.fold_in(thought, side + k), observations, k) for k in range(side)],
                }
            )
            orders = {agent: jax.numpy.array(chosen[unit]) for unit, agent in enumerate(self.environment.agents)}
            observations, state, rewards, dones, _ = self.environment.step_env(step, state, orders)
            rows[-1] |= {"reward": float(rewards["ally_0"]), "done": bool(dones["__all__"])}
            if rows[-1]["done"]:
                break
        rows.append({**rows[-1], **self.numbers(state, observations), "legal": self.legal(state)})  # the end
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def numbers(self, state: Any, observations: Any) -> dict[str, np.ndarray]:
        """Read a state and the allies' observations of it."""
        return {
            "places": np.asarray(state.unit_positions),
            "health": np.asarray(state.unit_health),
            "cooldown": np.asarray(state.unit_weapon_cooldowns),
            "observations": np.stack([observations[f"ally_{ally}"] for ally in range(self.side)]),
            "world": np.asarray(observations["world_state"]),
        }

    def legal(self, state: Any) -> np.ndarray:
        """Read the allies' legal actions."""
        masks = self.environment.get_avail_actions(state)
        return np.stack([np.asarray(masks[f"ally_{ally}"]) for ally in range(self.side)]).astype(np.uint8)

    def natural(self, unit: int, action: int) -> int:
        """Count an enemy's targets from the first ally."""
        return action if unit < self.side or action < MOVES else MOVES + self.side - 1 - (action - MOVES)

    def deviations(self, key: Any) -> np.ndarray:
        """Draw, as a step does from its key, what each attack would add to the cooldown: (world steps, units)."""
        random = self.jax.random
        key, _ = random.split(key)
        drawn = []
        for _ in range(WORLD_STEPS):
            key, now = random.split(key)
            keys = random.split(now, 2 * self.side)
            drawn.append([random.uniform(own, minval=-WORLD_STEP, maxval=2 * WORLD_STEP) for own in keys])
        return np.array(drawn, np.float32)

    def choice(self, key: Any, observations: Any, enemy: int) -> float:
        """Draw, as a scripted enemy does from its key, the visible ally that it would walk to: a number in [0, 1)."""
        features = len(self.environment.unit_features)
        seen = np.asarray(observations[f"enemy_{enemy}"])
        first = (self.side - 1) * features
        visible = seen[first : first + self.side * features : features] > 0
        if not visible.any():
            return 0.0
        key, _ = self.jax.random.split(key)
        share = self.jax.numpy.asarray(visible / visible.sum())
        index = int(self.jax.random.choice(key, self.side, p=share))
        rank = int(visible[::-1][: self.side - 1 - index].sum())  # counted from the first ally
        return (rank + 0.5) / int(visible.sum())


def main() -> None:
    """Play whole episodes of every map and write the fixture."""
    import jax

    arrays: dict[str, np.ndarray] = {}
    for name, steps in STEPS.items():
        match, played, episode = Match(name), 0, 0
        while played < steps:
            found = match.episode(jax.random.PRNGKey(episode), RANDOM_SHARE[episode % 2])
            arrays |= {f"{name}/{episode}/{key}": _small(values) for key, values in found.items()}
            played += len(found["done"]) - 1
            episode += 1
        print(f"{name}: {played} steps in {episode} episodes")
    np.savez_compressed(FIXTURE, **arrays)  # type: ignore[arg-type]
    print(f"{FIXTURE}: {FIXTURE.stat().st_size:,} bytes")


def _small(values: np.ndarray) -> np.ndarray:
    """Store floats in JaxMARL's own type, and whole numbers in bytes."""
    return values.astype(np.float32 if values.dtype.kind == "f" else np.uint8)


if __name__ == "__main__":
    main()
