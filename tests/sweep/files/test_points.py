"""Points that were written to a file are read as they were, words in a number's place included."""

from __future__ import annotations

import json

import pytest

from recipe_sweep.search_spaces.vocabulary import DivergenceBound
from recipe_sweep.sweep.files.points import point_from_canonical, point_from_text, points_from_json, points_to_json
from tests.builders import design_point

POINTS = (
    design_point(divergence_bound=DivergenceBound.AUTO),
    design_point(divergence_bound=1e8),
    design_point(divergence_bound=None),
    design_point(final_episodes=100),
)


def test_a_bound_and_the_episodes_at_the_end_are_read_as_they_were_written() -> None:
    assert points_from_json(json.loads(json.dumps(points_to_json(POINTS)))) == POINTS
    read = [point_from_text(point.canonical_text()) for point in POINTS]
    assert read == list(POINTS)
    assert isinstance(read[0].divergence_bound, DivergenceBound)


def test_a_point_whose_bound_is_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="never"):
        point_from_canonical(POINTS[0].canonical() | {"divergence_bound": "never"})
