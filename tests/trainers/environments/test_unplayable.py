"""A task whose environment does not run here is refused before it is trained, and trains without being played."""

from __future__ import annotations

import dataclasses

import pytest

from recipe_sweep.search_spaces.vocabulary import Evaluate
from recipe_sweep.trainers.environments import registry
from recipe_sweep.trainers.environments.registry import (
    UnplayableTaskError,
    available_tasks,
    make_environment,
    require_playable,
    task_spec,
)
from tests.builders import design_point

PLAYED = design_point(task="battle")
KEPT = dataclasses.replace(PLAYED, evaluate=Evaluate.NONE)


@pytest.fixture(autouse=True)
def _battle(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry._ENVIRONMENTS["simple_spread"]
    spec = dataclasses.replace(known.spec, name="battle")
    entry = registry._Entry(spec, known.make, lambda: "the game is not installed")
    monkeypatch.setattr(registry, "_ENVIRONMENTS", registry._ENVIRONMENTS | {"battle": entry})


def test_runs_that_cannot_be_played_are_refused_with_the_reason_and_the_remedy() -> None:
    for refuse in (lambda: require_playable([design_point(), KEPT, PLAYED]), lambda: make_environment("battle", 1)):
        with pytest.raises(UnplayableTaskError) as caught:
            refuse()
        [problem] = caught.value.problems
        assert problem.found == "battle, which cannot be played here, because the game is not installed"
        assert "`evaluate: none`" in problem.expected


def test_runs_that_are_not_played_are_trained_all_the_same() -> None:
    require_playable([design_point(), KEPT])
    assert task_spec("battle").name == "battle"


def test_what_cannot_be_played_is_not_listed_as_playable() -> None:
    assert "battle" not in available_tasks()
    assert "simple_spread" in available_tasks()
