"""Numbers as readers want them; files for programs have every digit."""

from __future__ import annotations


def short(value: float) -> str:
    """Three significant digits, without an exponent for what is large: 0.667, 0.03, 1500."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if abs(rounded) >= 1000.0 else f"{rounded:g}"
