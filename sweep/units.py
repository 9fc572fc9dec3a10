"""Writes durations, moments, sizes and shares as text."""

from __future__ import annotations

from datetime import UTC, datetime

from recipe_sweep.search_spaces.counted import counted


def duration(seconds: float) -> str:
    """Write seconds as people say them: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    if hours < 48:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours // 24} d {hours % 24} h"


def span(seconds: float) -> str:
    """Write seconds to two or three figures, for estimates: `0.04 s`, `45 s`, `3.1 min`, `5.2 h`, `2.1 d`."""
    for unit, size, least in (("d", 86400.0, 172800.0), ("h", 3600.0, 5400.0), ("min", 60.0, 90.0)):
        if seconds >= least:
            return f"{seconds / size:.1f} {unit}"
    if seconds >= 1.0:
        return f"{seconds:.0f} s" if seconds >= 10.0 else f"{seconds:.1f} s"
    return f"{seconds:.2f} s" if seconds >= 0.01 else "under 0.01 s"


def in_minutes(seconds: float) -> str:
    """Write seconds in minutes, even if there are many: `90 min`."""
    return f"{seconds / 60:.0f} min"


def moment(at: datetime) -> str:
    """Write a moment to the minute, in UTC, because several machines may see it: `2026-01-31 12:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def local_moment(at: datetime) -> str:
    """Write a moment to the second, by this machine's clock: `2026-01-31 12:00:00`."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def megabytes(size: float) -> str:
    """Write a number of bytes in whole megabytes: `1,234 MB`."""
    return f"{size / 1e6:,.0f} MB"


def gigabytes(size: float) -> str:
    """Write a number of bytes in gigabytes: `1.2 GB`."""
    return f"{size / 1e9:.1f} GB"


def memory(size: float) -> str:
    """Return a number of bytes in gigabytes, or in megabytes if it is less than one gigabyte: `1.2 GB`, `12 MB`."""
    if size >= 1e9:
        return gigabytes(size)
    return megabytes(size) if size >= 1e6 else "under 1 MB"


def device_time(seconds: float, device: str) -> str:
    """Return the time that a kind of device was in use, for bills: `45 CPU-s`, `13 CPU-min`, `3.2 GPU-h`."""
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} {device}-h"
    return f"{seconds / 60:.0f} {device}-min" if seconds >= 90 else f"{seconds:.0f} {device}-s"


def percent(share: float) -> str:
    """Write a share of one in whole percent: `12 %`."""
    return f"{share:.0%}".replace("%", " %")


def slots(count: int) -> str:
    """Write how many packs run at the same time: `1 slot`, `8 slots`."""
    return counted(count, "slot")
