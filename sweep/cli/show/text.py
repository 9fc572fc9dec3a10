"""What all that is shown has in common: the look of tables, values as text, and the version of the JSON."""

from __future__ import annotations

from rich.table import Table

JSON_SCHEMA_VERSION = 1


def plain_table(*columns: str) -> Table:
    """An empty table without lines."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 3, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def value_text(value: object) -> str:
    """A value of an axis or setting."""
    if value is None:
        return "none"
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
