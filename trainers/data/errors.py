"""Errors of datasets.

UserInputError
└── DataError               root of this tree
    ├── MissingDataError    the dataset is not here and cannot be made here
    ├── BrokenDataError     the files do not match the dataset's card
    │   └── BrokenVaultError    a published file is damaged, or not what was published
    ├── ChangedDataError    the dataset is intact, but not the pinned one
    ├── FetchError          the dataset could not be downloaded
    └── NoRoomError         the disk has too little room for the dataset
"""

from __future__ import annotations

from recipe_sweep.search_spaces.errors import UserInputError


class DataError(UserInputError):
    """Something is wrong with a dataset. Nothing was trained on it."""


class MissingDataError(DataError):
    """The dataset is not in the data directory and cannot be made."""


class BrokenDataError(DataError):
    """Files of a dataset are missing, unreadable, or do not match its card."""


class ChangedDataError(DataError):
    """The dataset's content is not the one that was pinned."""


class BrokenVaultError(BrokenDataError):
    """A vault or an archive of vaults is truncated, unsafe to unpack, or not what was published."""


class FetchError(DataError):
    """A download failed. The part that has arrived is kept for the next attempt."""


class NoRoomError(DataError):
    """The disk has too little room. Nothing was written."""
