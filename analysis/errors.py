"""Analysis's leaves of the tree of errors drawn in `search_spaces/errors.py`.

UserInputError
├── NothingToReportError   no run among those wanted is finished, so there is nothing to draw    exit code 2
├── AdviceError            nothing can be said to a recommendation that was asked for            exit code 2
├── UnknownFigureError     the paper has no such figure, or this report does not draw it         exit code 2
└── MissingFigureError     the sweep has the data for none of the figures that were asked for    exit code 2
"""

from __future__ import annotations

from recipe_sweep.search_spaces.errors import UserInputError


class NothingToReportError(UserInputError):
    """The sweep has no finished run among those wanted, so there is nothing to draw."""


class AdviceError(UserInputError):
    """A recommendation was asked for that nothing can be said to; carries every mistake."""


class UnknownFigureError(UserInputError):
    """A figure is asked for that the paper has not, or that this report does not draw."""


class MissingFigureError(UserInputError):
    """Figures were asked for, and the sweep has the data for none of them."""
