"""A recommendation that shows itself as sentences."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from recipe_sweep.analysis.findings.recommendation import Recommendation
from recipe_sweep.analysis.report.recommendation_text import recommendation_lines

if TYPE_CHECKING:
    from typing import Self


class Advice(Recommendation):
    """A recommendation with its fields: `recipe`, `steps`, `sentences`, `evidence`, `caveats`. Printed, it is plain text.

    >>> import recipe_sweep
    >>> advice = recipe_sweep.open("sweeps/demo").recommend()
    >>> len(advice.sentences)
    3
    """

    @classmethod
    def of(cls, found: Recommendation) -> Self:
        """Make it of a recommendation."""
        return cls(**vars(found))

    def __repr__(self) -> str:
        return "\n".join(recommendation_lines(self))

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Show the sentences below a notebook's cell."""
        return f'<pre style="white-space: pre-wrap; word-break: normal">{html.escape(str(self))}</pre>'
