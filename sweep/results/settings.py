"""Gives every axis and setting of a run a column of its own. It is made from the point in the run's row.

Results files have columns for the axes of the paper's study only. The others stand in `point`, such as `lr` and `hidden`. So
tables for people get one more column for each of them, after the columns of the files. Files of every version have `point`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping

import pyarrow as pa

from recipe_sweep.search_spaces.filters import SELECTABLE
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.points import fields_of_text, values_where_absent
from recipe_sweep.sweep.results.schema import POINT_COLUMNS
from recipe_sweep.sweep.results.setting_text import setting_text

_TYPES = {int: pa.int64(), float: pa.float64()}


def _kind(hint: object) -> pa.DataType:
    """Return the type of a field's column. A field that holds numbers and words, or several numbers, is text."""
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kinds = [part for part in parts if part is not types.NoneType]
    return _TYPES.get(kinds[0], pa.string()) if len(kinds) == 1 else pa.string()


def _columns() -> list[pa.Field]:
    hints = typing.get_type_hints(DesignPoint)
    files = {field.name for field in POINT_COLUMNS}
    return [pa.field(name, _kind(hints[name])) for name in SELECTABLE if name not in files]


SETTING_COLUMNS = _columns()
"""What can be selected by `--only` and has no column in results files."""


def with_settings(table: pa.Table) -> pa.Table:
    """Append the columns of settings to rows that have `point`. What this version does not understand is null."""
    cells = [_cells(text) for text in table["point"].to_pylist()]
    for field in SETTING_COLUMNS:
        table = table.append_column(field, _array([row.get(field.name) for row in cells], field.type))
    return table


def settings_of(content: Mapping[str, object]) -> dict[str, object]:
    """Return the cells of one canonical point, by column."""
    return {field.name: _cell(field, content) for field in SETTING_COLUMNS}


def _cells(text: str) -> dict[str, object]:
    try:
        content = fields_of_text(text)
    except ValueError:
        return {}
    return settings_of(content) if isinstance(content, dict) else {}


def _cell(field: pa.Field, content: Mapping[str, object]) -> object:
    value = content.get(field.name, values_where_absent()[field.name])
    return setting_text(value) if value is not None and pa.types.is_string(field.type) else value


def _array(values: list[object], kind: pa.DataType) -> pa.Array:
    """Make a column. A value of a newer version that is of another type is null."""
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([value if isinstance(value, int | float) else None for value in values], pa.float64()).cast(
            kind, safe=False
        )
