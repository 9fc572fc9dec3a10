"""What can be wrong with a dataset.

UserInputError
└── DataError               root of this tree
    ├── MissingDataError    it is not here, and nothing here can make it
    ├── BrokenDataError     its files are not what its card says
    └── ChangedDataError    it is whole, but not the content that was pinned
"""

from __future__ import annotations

from search_spaces.errors import UserInputError


class DataError(UserInputError):
    """Something is wrong with a dataset; nothing was trained on it."""


class MissingDataError(DataError):
    """The dataset is not in the data directory and cannot be made."""


class BrokenDataError(DataError):
    """Files of a dataset are missing, unreadable, or do not match its card."""


class ChangedDataError(DataError):
    """The dataset's content is not the one that was pinned."""
