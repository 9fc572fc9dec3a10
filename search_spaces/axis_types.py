"""What one axis may hold: a value, or a list of values, of one kind each.

YAML makes some mistakes easy. Every kind refuses them: a bool or a quoted number in place of a number, an infinite or undefined
number, an empty value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from annotated_types import MaxLen, MinLen
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from recipe_sweep.search_spaces.plugins import PLUGINS_VARIABLE
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.validation import one_of, refuse
from recipe_sweep.search_spaces.vocabulary import DivergenceBound
from recipe_sweep.search_spaces.yaml_file import shown

T = TypeVar("T")

LARGEST = 2**63 - 1
"""Whole numbers are stored as 64-bit integers."""

EVERY_TASK = "*"
"""Key that holds one list of datasets for all tasks. Users do not write it."""

LONGEST_RANGE = 10_000
"""Seeds in one range. A longer range is probably a typing mistake."""


MOST_LAYERS = 64
"""Hidden layers of one network."""


class OneOrList:
    """Tells editors that one value may replace a list of values, and which other forms are allowed."""

    def __init__(self, *others: JsonSchemaValue) -> None:
        self._others = others

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        one = [several["items"]] if "items" in several else []
        return {"anyOf": [*one, several, *self._others]}


class KnownTasks:
    """Tells editors the tasks, including those of plugins.

    It looks the tasks up when a schema is asked for, not when this module is imported.
    """

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": list(TASKS)}


def _listed(value: object) -> object:
    if value is None:
        raise refuse("a value or a list of values")
    return value if isinstance(value, list | tuple | dict) else [value]


def _shapes_listed(value: object) -> object:
    """Put one network shape, `[64, 64]`, into a list. A list of shapes stays as it is."""
    if isinstance(value, list | tuple) and value and not all(isinstance(shape, list | tuple) for shape in value):
        return [value]
    return _listed(value)


def seed_range(text: str) -> range | None:
    """Parse `0-7` into its seeds, both ends included; None for other text."""
    match = re.fullmatch(r"\s*(\d{1,18})\s*-\s*(\d{1,18})\s*", text)
    return range(int(match[1]), int(match[2]) + 1) if match else None


def _seeds_listed(value: object) -> object:
    """List the seeds, with ranges written out."""
    listed = _listed(value)
    return [seed for item in listed for seed in _seeds_of(item)] if isinstance(listed, list | tuple) else listed


def _seeds_of(item: object) -> Iterable[object]:
    if not isinstance(item, str):
        return [item]
    seeds = seed_range(item)
    if seeds is None:
        raise refuse("whole numbers, or a range such as 0-7", found=shown(item))
    if not 0 < len(seeds) <= LONGEST_RANGE:
        expected = f"a range from a smaller to a larger seed, at most {LONGEST_RANGE:,} long"
        raise refuse(expected, found=shown(item))
    return seeds


def _whole(value: object) -> object:
    """Turn 5e5 into a whole number, because YAML reads it as a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _bound(value: object, number: ValidatorFunctionWrapHandler) -> object:
    if value == "none":
        return None
    if isinstance(value, str) and value in set(DivergenceBound):
        return DivergenceBound(value)
    if value is None or isinstance(value, bool | str):
        raise refuse(f"a number above 0, {', '.join(DivergenceBound)}, or none")
    return number(value)


def _or_none(value: object) -> object:
    if value == "none":
        return None
    if value is None or isinstance(value, str):
        raise refuse("a whole number of at least 1, or none")
    return value


def _task_key(value: object) -> str:
    return EVERY_TASK if value == EVERY_TASK else _task_name(value)


def _task_name(value: object) -> str:
    if not isinstance(value, str) or value not in TASKS:
        hint = f"tasks of your own come from plugins: ${PLUGINS_VARIABLE} names them"
        raise refuse(one_of(TASKS), hint, known=TASKS)
    return value


Axis = Annotated[tuple[T, ...], BeforeValidator(_listed), MinLen(1), OneOrList()]

_Integer = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(lambda number: number + 0.0)]  # no -0.0

# Every number has two bounds; a test asks each key.
# An upper bound is at least a hundred times the largest number that anybody has trained with.
Steps = Annotated[_Integer, Field(ge=1, le=1_000_000_000)]
Batch = Annotated[_Integer, Field(ge=1, le=1_000_000)]
Width = Annotated[_Integer, Field(ge=1, le=65_536)]
"""Units of a layer."""
Size = Annotated[_Integer, Field(ge=1, le=100_000_000)]
"""Transitions of a dataset."""
Episodes = Annotated[_Integer, Field(ge=1, le=100_000)]
LastEpisodes = Annotated[
    Episodes | None, BeforeValidator(_or_none), WithJsonSchema({"anyOf": [{"type": "integer"}, {"const": "none"}]})
]
Trials = Annotated[_Integer, Field(ge=1, le=10_000)]
"""Trials of one study. A larger number is probably a typing mistake."""
Natural = Annotated[_Integer, Field(ge=0, le=LARGEST)]
LearningRate = Annotated[_Number, Field(gt=0, le=1e30)]
Gain = Annotated[_Number, Field(gt=0, le=1_000)]
Temperature = Annotated[_Number, Field(ge=0, le=1_000_000)]
Positive = Annotated[_Number, Field(gt=0, le=1e30)]
"""Below the largest number of float32, so that a float32 number can be compared with it."""
Expectile = Annotated[_Number, Field(gt=0, lt=1)]
Regularisation = Annotated[_Number, Field(gt=0, le=1_000_000)]
Discount = Annotated[_Number, Field(ge=0, lt=1)]
Rate = Annotated[_Number, Field(gt=0, le=1)]
Bound = Annotated[
    Positive | None,
    WrapValidator(_bound),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": [*DivergenceBound, "none"]}]}),
]
"""A number, None, or a word of `DivergenceBound`, which stays a word."""
Word = Annotated[str, Field(strict=True, min_length=1)]
TaskName = Annotated[str, BeforeValidator(_task_name), KnownTasks()]
TaskKey = Annotated[str, BeforeValidator(_task_key)]

_SEED_RANGE: JsonSchemaValue = {"type": "string", "pattern": r"^\d+-\d+$"}
Seeds = Annotated[tuple[Natural, ...], BeforeValidator(_seeds_listed), MinLen(1), OneOrList(_SEED_RANGE)]
Shapes = Annotated[
    tuple[Annotated[tuple[Width, ...], MinLen(1), MaxLen(MOST_LAYERS)], ...],
    BeforeValidator(_shapes_listed),
    MinLen(1),
    OneOrList(),
]
WORDS: JsonSchemaValue = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Values = Annotated[tuple[Any, ...], BeforeValidator(_listed), MinLen(1), OneOrList()]
