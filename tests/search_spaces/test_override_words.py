"""What the shell offers after `--set` is what a grid takes."""

from __future__ import annotations

import pytest

from recipe_sweep.search_spaces.grid import Axes, Section, Settings
from recipe_sweep.search_spaces.overrides import override_keys, override_words
from recipe_sweep.sweep.cli.options import _complete_override


def test_every_key_is_one_that_an_override_can_name() -> None:
    keys = override_keys()
    assert {"axes.seed", "axes.alpha.brac", "settings.lr", "keep", "search.trials"} <= set(keys)
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("section", [Axes, Settings])
def test_every_word_of_a_key_is_taken_as_its_value(section: type[Section]) -> None:
    offered = {name: override_words(name) for name in section.model_fields}
    assert any(offered.values())
    for name, words in offered.items():
        for word in words:
            section.model_validate({name: word})


def test_a_key_may_be_shortened_and_an_unknown_one_has_no_words() -> None:
    assert override_words("value_learning") == override_words("axes.value_learning") == ("td", "sarsa", "iql", "gvr")
    assert override_words("nonsense") == override_words("search.alpha.brac") == override_words("brac") == ()


def test_the_shell_completes_keys_values_and_lists() -> None:
    assert _complete_override("settings.ev") == ["settings.eval_every=", "settings.eval_episodes=", "settings.evaluate="]
    assert _complete_override("keep=a") == ["keep=actor", "keep=all"]
    assert _complete_override("decomposition=[mix,") == [
        f"decomposition=[mix,{word}" for word in ("cen", "vdn", "dec", "wvdn", "qatten", "qplex", "dcg")
    ]
    assert _complete_override("settings.lr=") == []
