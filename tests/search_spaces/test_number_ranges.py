"""Every number of a grid has a lowest and a highest value; a new key without them fails here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.overrides import apply_overrides
from recipe_sweep.search_spaces.presets import preset_names
from recipe_sweep.search_spaces.yaml_file import parse_yaml
from tests.search_spaces.grids import GRID

SEARCH = """\
search:
  trials: 4
  alpha: {brac: {low: 0.01, high: 10.0}}
  tau: {low: 0.5, high: 0.9}
  prune: {below: 50}
"""


class Number:
    """A number somewhere in a model, and the bounds that stand on it."""

    def __init__(self, path: tuple[str, ...], bounds: list[object]) -> None:
        self.path = path
        self.lowest = any(isinstance(bound, Ge | Gt) for bound in bounds)
        self.highest = any(isinstance(bound, Le | Lt) for bound in bounds)


def numbers(annotation: Any, path: tuple[str, ...], bounds: list[object]) -> Iterator[Number]:
    """Every int and float in a type, however it is wrapped."""
    if annotation in (int, float):
        yield Number(path, bounds)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield from numbers(field.annotation, (*path, name), list(field.metadata))
    elif hasattr(annotation, "__metadata__"):
        inner = [each for one in annotation.__metadata__ for each in (one.metadata if isinstance(one, FieldInfo) else [one])]
        yield from numbers(annotation.__origin__, path, [*bounds, *inner])
    else:
        for part in get_args(annotation):
            yield from numbers(part, path, bounds)


NUMBERS = {".".join(number.path): number for number in numbers(Grid, (), [])}


def test_the_numbers_of_a_grid_are_found() -> None:
    assert {"settings.steps", "settings.hidden", "axes.seed", "axes.alpha", "search.prune.below", "zip.lr"} <= set(NUMBERS)
    assert len(NUMBERS) > 40


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_of_a_grid_has_a_lowest_and_a_highest_value(name: str) -> None:
    assert NUMBERS[name].lowest, f"{name} has no lowest value"
    assert NUMBERS[name].highest, f"{name} has no highest value"


BAD = (
    "1e300",
    "-1e300",
    "1e400",
    ".inf",
    "-.inf",
    ".nan",
    "-1",
    "true",
    "'1'",
    "0x10",
    "9" * 100,
    "9" * 400,
    "9" * 5000,
)
"""Of no key's range."""
LARGE = ("1000000000000000", "1e15")
SETTABLE = sorted(name for name in NUMBERS if name.split(".")[0] in ("axes", "settings"))
TAKE_LARGE = ("axes.seed", "axes.dataset_seed", "settings.divergence_bound", "settings.lr")
"""Seeds have 64 bits; a bound and a rate at which every run diverges have what float32 can hold."""


@pytest.mark.parametrize("name", SETTABLE)
def test_a_number_beyond_its_range_is_told_in_one_sentence(name: str) -> None:
    document = parse_yaml(GRID, "grid.yaml")
    bad = [*BAD, *(LARGE if name not in TAKE_LARGE else ())]
    for text in bad:
        overridden = apply_overrides(document, [f"{name}={text}"])
        with pytest.raises(GridError) as raised:
            grid_from(overridden.document, overridden.problems)
        told = [problem for problem in raised.value.problems if (problem.file or "").startswith(f"--set {name}=")]
        assert len(told) == 1, f"{name}={text[:20]}: {raised.value}"
        assert max(map(len, str(told[0]).splitlines())) < 200


@pytest.mark.parametrize("key", ["trials: 4", "low: 0.01", "high: 10.0", "below: 50", "low: 0.5", "high: 0.9"])
@pytest.mark.parametrize("value", ["1e300", "1000000000000000", ".nan", ".inf", "true", "-1", "9" * 5000])
def test_a_number_of_a_search_beyond_its_range_is_refused(key: str, value: str) -> None:
    text = GRID.replace("  alpha:\n    brac: [0.1, 1.0]\n    awr: [3.0]\n", "").replace("[brac, awr]", "brac") + SEARCH
    text = text.replace("  tau: [0.7, 0.9]\n", "")
    grid_from(parse_yaml(text, "grid.yaml"))
    with pytest.raises(GridError if len(value) < 400 else Exception, match=key.partition(":")[0]):
        grid_from(parse_yaml(text.replace(key, f"{key.partition(':')[0]}: {value}"), "grid.yaml"))


def test_the_largest_seed_and_no_larger_one_is_taken() -> None:
    largest = grid_from(parse_yaml(GRID.replace("[0, 1]", "[9223372036854775807]"), "grid.yaml"))
    assert largest.axes.seed == (2**63 - 1,)
    with pytest.raises(GridError, match="less than or equal to 9223372036854775807"):
        grid_from(parse_yaml(GRID.replace("[0, 1]", "[9223372036854775808]"), "grid.yaml"))


def test_every_preset_lies_within_the_ranges() -> None:
    from recipe_sweep.search_spaces.grid_file import read_grid

    assert all(read_grid(name) for name in preset_names())


def test_a_network_of_too_many_layers_is_refused() -> None:
    grid_from(parse_yaml(GRID.replace("[64, 64]", f"[{'8,' * 64}]"), "grid.yaml"))
    with pytest.raises(GridError, match="a shorter list"):
        grid_from(parse_yaml(GRID.replace("[64, 64]", f"[{'8,' * 65}]"), "grid.yaml"))
