"""What the network carried for packs that travelled, as their workers counted it into the logs of attempts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

_NUMBER = r"([\d,]+)"
_LINE = re.compile(
    rf"^travelled: {_NUMBER} requests?, {_NUMBER} bytes sent, {_NUMBER} received"
    rf"(?:; the store: {_NUMBER} sent, {_NUMBER} received)?$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Carried:
    """Means over attempts. Bytes are of contents, without what the network adds."""

    attempts: int
    requests: float
    sent: float
    received: float
    stored: float
    fetched: float

    def __str__(self) -> str:
        sent, received, stored = (f"{size / 1e3:,.0f} kB" for size in (self.sent, self.received, self.stored))
        store = f", {stored} to the store" if self.stored else ""
        return f"per pack {self.requests:.1f} requests, {sent} sent, {received} received{store}"


def carried(logs: Path) -> Carried | None:
    """Read the logs of all attempts; None if none of them travelled."""
    texts = [path.read_text(errors="replace") for path in sorted(logs.glob("*/*.log"))]
    found = [[int((number or "0").replace(",", "")) for number in each] for text in texts for each in _LINE.findall(text)]
    return Carried(len(found), *(mean(column) for column in zip(*found, strict=True))) if found else None
