"""Writes values of axes and settings as text: for files exactly, for screens shortly."""

from __future__ import annotations

LEAST_POWER = 1e5
"""Numbers from here on are shown as a power of ten, if that is exact."""


def setting_text(value: object) -> str:
    """Write a value of an axis or setting as text, for files: the widths of a network as `64x64`, no value as `none`.

    A comma between the widths would not do, because a spreadsheet reads `64,64` as one number.
    """
    if value is None:
        return "none"
    return "x".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def value_text(value: object) -> str:
    """Write a value of an axis or setting for a screen: as `setting_text`, and large numbers as `1e+08`."""
    short = f"{value:g}" if isinstance(value, float) and abs(value) >= LEAST_POWER else None
    return short if short is not None and float(short) == value else setting_text(value)
