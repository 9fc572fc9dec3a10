"""Nobody gets the weights of a rehearsal for a policy, because a rehearsal trains nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import recipe_sweep
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.sweep.commands import call, little_sweep

REHEARSAL = "sweeps/little-rehearsal"
REFUSAL = "a rehearsal, which trains nothing"


@pytest.fixture
def rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a run that is done in a rehearsal with kept weights."""
    little_sweep(tmp_path, monkeypatch)
    call("rehearse", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow")
    assert list(Path(REHEARSAL).glob("weights/*.safetensors")), "the rehearsal kept something that looks like weights"
    return recipe_sweep.open(REHEARSAL).points[0].run_id


@pytest.mark.parametrize(
    "command",
    [
        lambda run_id: ("export", REHEARSAL, "--policy", run_id, "-o", "policy.safetensors"),
        lambda run_id: ("play", REHEARSAL, run_id, "-o", "episode.gif"),
        lambda run_id: ("replay", REHEARSAL, run_id),
    ],
    ids=["export", "play", "replay"],
)
def test_a_command_hands_out_a_policy_that_was_never_trained(command: Callable[[str], tuple[str, ...]], rehearsed: str) -> None:
    before = sorted(Path().iterdir())
    assert REFUSAL in call(*command(rehearsed), expect=ExitCode.BAD_INPUT)
    assert sorted(Path().iterdir()) == before, "nothing is written"


def test_python_hands_out_a_policy_that_was_never_trained(rehearsed: str) -> None:
    with pytest.raises(recipe_sweep.UserInputError, match=REFUSAL):
        recipe_sweep.open(REHEARSAL).policy(rehearsed)
