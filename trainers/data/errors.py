"""What can be wrong with a dataset.

UserInputError
└── DataError               root of this tree
    ├── MissingDataError    it is not here, and nothing here can make it
    ├── BrokenDataError     its files are not what its card says
    │   └── BrokenVaultError    a published file is damaged, or not what was published
    ├── ChangedDataError    it is whole, but not the content that was pinned
    ├── FetchError          it could not be downloaded
    └── NoRoomError         the disk is too full for it
"""

from __future__ import annotations

from recipe_sweep.search_spaces.errors import UserInputError


class DataError(UserInputError):
    """Something is wrong with a dataset; nothing was trained on it."""


class MissingDataError(DataError):
    """The dataset is not in the data directory and cannot be made."""


class BrokenDataError(DataError):
    """Files of a dataset are missing, unreadable, or do not match its card."""


class ChangedDataError(DataError):
    """The dataset's content is not the one that was pinned."""


class BrokenVaultError(BrokenDataError):
    """A vault or an archive of vaults is truncated, unsafe to unpack, or holds something else than what was published."""


class FetchError(DataError):
    """A download failed; what has arrived so far is kept for the next attempt."""


class NoRoomError(DataError):
    """The disk has not the room that is needed; nothing was written."""
