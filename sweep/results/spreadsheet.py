"""Makes texts in CSV files harmless that a spreadsheet would read as formulas.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, no matter who wrote it. Names and messages of a sweep can come
from others. So such a text gets an apostrophe before it, as OWASP advises. Numbers are not texts and stay unchanged.
"""

from __future__ import annotations

import re
from typing import Any

_FORMULA = re.compile("[\t\r\n]|[ \u00a0]*[=+@\uff1d\uff0b\uff0d\uff20-]")
"""Tab and line ends count too, because some programs drop them.

The signs' wide forms count, because some read them as signs.
"""


def harmless(text: str) -> str:
    """Return the text, with an apostrophe before it if a spreadsheet would read it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def harmless_table(table: Any) -> Any:
    """Return an Arrow table whose texts are harmless to a spreadsheet. Numbers stay unchanged."""
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = table[field.name].to_pylist()
            marked = [text if text is None else harmless(text) for text in texts]
            if marked != texts:
                table = table.set_column(index, field.name, pa.array(marked, pa.string()))
    return table
