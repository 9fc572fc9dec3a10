"""Ids of points never change: a run done once is known for ever.

`run_ids.json` was written when the ids were decided and is never regenerated. If this file fails, finished sweeps would be
trained again: mend the code, not the fixture. New points may be added to it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.search_spaces.words import Word


def _word(kind: Any, text: str) -> object:
    return kind.of(text) if issubclass(kind, Word) else kind(text)


FIXTURE = json.loads(Path(__file__).with_name("run_ids.json").read_text(encoding="utf-8"))
TYPES = get_type_hints(DesignPoint)
IDS = ("run_id", "value_lane_id", "config_id", "pack_key", "dataset_id")


def point_of(content: dict[str, Any]) -> DesignPoint:
    """A point from plain JSON, absent fields None or at their default."""
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(DesignPoint):
        if field.name in content:
            value, kind = content[field.name], TYPES[field.name]
            fields[field.name] = (
                tuple(value) if isinstance(value, list) else _word(kind, value) if isinstance(value, str) else value
            )
        elif field.default is dataclasses.MISSING:
            fields[field.name] = None
    return DesignPoint(**fields)


POINT = point_of(FIXTURE[0]["point"])


@pytest.mark.parametrize("entry", FIXTURE, ids=lambda entry: entry["name"])
def test_a_run_that_is_done_keeps_its_ids(entry: dict[str, Any]) -> None:
    point = point_of(entry["point"])
    assert {name: getattr(point, name) for name in IDS} == entry["ids"]


def test_every_kind_of_run_is_in_the_fixture() -> None:
    points = [point_of(entry["point"]) for entry in FIXTURE]
    assert {point.decomposition for point in points} == set(Decomposition.members())
    assert {point.value_learning for point in points} == set(ValueLearning.members())
    assert {point.extraction for point in points} == set(Extraction.members())
    assert {point.critic_norm for point in points} == set(CriticNorm.members())


@pytest.mark.parametrize("one", [1, 1.0])
def test_a_whole_number_and_its_float_are_one_run(one: float) -> None:
    assert replace(POINT, alpha=one, mixer_gain=one).run_id == replace(POINT, alpha=1.0).run_id


def test_a_field_added_later_leaves_older_ids_alone() -> None:
    """A field with a default is in the id only where it differs from it, so its addition changes no id."""
    content = POINT.canonical()
    for field in dataclasses.fields(DesignPoint):
        if field.default is not dataclasses.MISSING and field.name != "numerics":
            assert field.name not in content
            other = {int: 7, float: 0.5, int | None: 7, float | None: 0.5}.get(TYPES[field.name]) or list(TYPES[field.name])[-1]
            assert replace(POINT, **{field.name: other}).run_id != POINT.run_id


def test_other_numbers_have_other_ids() -> None:
    assert POINT.canonical()["numerics"] == 1
    assert replace(POINT, numerics=2).run_id != POINT.run_id


def _members(kind: Any) -> Any:
    return kind.members() if issubclass(kind, Word) else kind


def test_every_field_is_part_of_the_id() -> None:
    """A field left out of the id would make two different runs one, and the second would never be trained."""
    other: dict[str, Any] = {
        "critic_norm": CriticNorm.MIN,
        "actor_norm": ActorNorm.NONE,
        "hidden": (8,),
        "tau": 0.5,
        "final_episodes": 7,
        "regularisation": 3.0,
    }
    for field in dataclasses.fields(DesignPoint):
        value = getattr(POINT, field.name)
        if field.name in other:
            changed = other[field.name]
        elif isinstance(value, str) and type(value) is not str:
            changed = next(member for member in _members(type(value)) if member != value)
        else:
            changed = f"{value}x" if isinstance(value, str) else value + 1
        assert replace(POINT, **{field.name: changed}).run_id != POINT.run_id, field.name


def test_actors_share_a_critic_only_where_it_cannot_tell_them_apart() -> None:
    for value_learning in ValueLearning.members():
        point = replace(POINT, value_learning=value_learning)
        other = replace(point, extraction=Extraction.AWR, alpha=3.0, actor_norm=ActorNorm.NONE)
        assert (point.value_lane_id == other.value_lane_id) == (value_learning is not ValueLearning.TD)
        assert replace(point, seed=9).value_lane_id != point.value_lane_id


def test_a_configuration_gathers_its_seeds_and_nothing_else() -> None:
    assert replace(POINT, seed=5).config_id == POINT.config_id
    assert replace(POINT, alpha=0.7).config_id != POINT.config_id


def test_a_pack_gathers_runs_of_one_shape_on_one_dataset() -> None:
    together = replace(POINT, seed=5, alpha=0.7, extraction=Extraction.AWR, actor_norm=ActorNorm.NONE, lr=0.1)
    assert together.pack_key == POINT.pack_key
    for name, value in {
        "batch": 7,
        "hidden": (8,),
        "dataset": "random",
        "decomposition": Decomposition.DEC,
        "gamma": 0.5,
    }.items():
        assert replace(POINT, **{name: value}).pack_key != POINT.pack_key  # type: ignore[arg-type]
