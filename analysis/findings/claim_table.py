"""The judged claims as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from recipe_sweep.analysis.findings.claims import Claim

if TYPE_CHECKING:
    import pandas as pd


def claims_frame(judged: Sequence[Claim]) -> pd.DataFrame:
    """Tabulate claims, one row each; the columns are the fields of a claim."""
    import pandas as pd

    names = [field.name for field in fields(Claim)]
    rows = [[_cell(getattr(claim, name)) for name in names] for claim in judged]
    return pd.DataFrame(rows, columns=names)


def _cell(value: object) -> object:
    return str(value) if isinstance(value, str) else value  # a verdict is text
