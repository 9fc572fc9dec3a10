"""A store keeps a second copy of a sweep: in a bucket, or in a folder on another disk.

A store holds objects by key. Two of its abilities matter. It can create an object so that of two processes that try, one fails.
It also tells how old an object is by its own clock. `sync.py` decides what is stored, `lease.py` decides who may store.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import StoreAddressError


class Address(NamedTuple):
    """An address that was checked: `scheme://place/path`, without a password, a query, or a part such as `..`."""

    text: str
    place: str
    """The part before the path, such as a bucket. It may be empty."""
    path: str
    parts: tuple[str, ...]
    """Names in the path."""


class Store(Protocol):
    """Objects by key (`results/3fa9.parquet`). All methods raise StoreError if the store does not answer for a long time.

    A new store is a class like this and a line in `registry.py` with the scheme of its addresses.
    """

    example: ClassVar[str]
    """A valid address. Complaints about other addresses show it."""
    address: str

    @classmethod
    def at(cls, address: Address) -> Store:
        """Make the store at an address, without a request to it.

        Raises StoreAddressError that says what is wrong with the address.
        """
        ...

    @property
    def folder(self) -> Path | None:
        """The folder of this machine that has the objects as files; None if they are elsewhere."""
        ...

    def keys(self, prefix: str = "") -> frozenset[str]:
        """List the keys that begin with `prefix`."""
        ...

    def fetch(self, key: str, path: Path) -> bool:
        """Copy an object to a file, completely or not at all; False if there is no such object."""
        ...

    def create(self, key: str, path: Path) -> bool:
        """Store a file under a key that must be new; False if the key exists, and then it stays unchanged.

        Raises FileNotFoundError if the file itself is gone. So does `replace`.
        """
        ...

    def replace(self, key: str, path: Path) -> None:
        """Store a file and replace what was there."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object, if it exists."""
        ...

    def age_s(self, key: str) -> float | None:
        """Return the seconds since an object was stored, by the store's own clock; None if there is no such object."""
        ...


def wrong_address(address: str, found: str, expected: str) -> StoreAddressError:
    """Make the error for an address that is not valid."""
    hint = "write the scheme, the bucket and a plain path; credentials come from the environment"
    return StoreAddressError(Problem(file=address or "the address of the store", found=found, expected=expected, hint=hint))
