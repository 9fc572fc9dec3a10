"""Texts in CSV files that a spreadsheet would take for formulas, made harmless.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, whoever wrote it. Names and messages of a sweep can come from
others. So a text that begins so gets an apostrophe before it, as OWASP advises; numbers are no texts and stay as they are.
"""

from __future__ import annotations

import re
from typing import Any

_FORMULA = re.compile("[\t\r\n]|[ \u00a0]*[=+@\uff1d\uff0b\uff0d\uff20-]")
"""Tab and line ends too, because some programs drop them; and the signs' wide forms, which some take for the signs."""


def harmless(text: str) -> str:
    """Return the text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def harmless_table(table: Any) -> Any:
    """Return an Arrow table whose texts, but no numbers, are harmless to a spreadsheet."""
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = table[field.name].to_pylist()
            marked = [text if text is None else harmless(text) for text in texts]
            if marked != texts:
                table = table.set_column(index, field.name, pa.array(marked, pa.string()))
    return table
