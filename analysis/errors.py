"""The errors that `analysis` raises; the whole tree of errors is drawn in `search_spaces/errors.py`.

UserInputError
├── NothingToReportError   no run among those wanted is finished, so there is nothing to draw    exit code 2
├── AdviceError            the request for a recommendation has mistakes                         exit code 2
├── MixedScalesError       scores are on two scales, and nobody knows the present one            exit code 2
├── ScoreRuleError         a score rule does not take this threshold, or a dataset has none      exit code 2
├── UnknownFigureError     the paper has no such figure, or this report does not draw it         exit code 2
└── MissingFigureError     the sweep has the data for none of the figures that were asked for    exit code 2
"""

from __future__ import annotations

from recipe_sweep.search_spaces.errors import UserInputError


class NothingToReportError(UserInputError):
    """None of the wanted runs is finished, so there is nothing to draw."""


class AdviceError(UserInputError):
    """The request for a recommendation has mistakes. Carries all of them."""


class MixedScalesError(UserInputError):
    """Scores of one task and source are on two scales, and its present reference returns are not known."""


class ScoreRuleError(UserInputError):
    """A score rule does not take this threshold, or a dataset has none."""


class UnknownFigureError(UserInputError):
    """The paper has no figure of this number, or this report does not draw it."""


class MissingFigureError(UserInputError):
    """The sweep has the data for none of the requested figures."""
