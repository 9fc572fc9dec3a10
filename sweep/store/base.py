"""Where the truth of a sweep may be kept besides its directory: a bucket, or a folder on another disk.

A store holds objects by key. Of all it can do, two things matter: an object can be created so that of two who try one fails,
and it tells how old an object is by its own clock. `sync.py` decides what goes there, `lease.py` who may.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import StoreAddressError as StoreAddressError  # Who opens a store asks for it here.


class Address(NamedTuple):
    """An address that was found plain: `scheme://place/path`, without a password, a query or a part that steers."""

    text: str
    place: str
    """What stands before the path: a bucket, say. May be empty."""
    path: str
    parts: tuple[str, ...]
    """Names in the path."""


class Store(Protocol):
    """Objects by key (`results/3fa9.parquet`). All methods raise StoreError where the store is away for long.

    A new store is a class like this and a line in `registry.py`, which has the scheme of its addresses.
    """

    example: ClassVar[str]
    """An address as it should be, for complaints about others."""
    address: str

    @classmethod
    def at(cls, address: Address) -> Store:
        """Make the store at an address, and ask nothing of it yet. Raises StoreAddressError with what is wrong with it."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder of this machine that has the objects as files; None where they are elsewhere."""
        ...

    def keys(self, prefix: str = "") -> frozenset[str]:
        """The keys that begin so."""
        ...

    def fetch(self, key: str, path: Path) -> bool:
        """Write an object to a file that must be whole or absent; False where there is no such object."""
        ...

    def create(self, key: str, path: Path) -> bool:
        """Store a file under a key that must be new; False where there is one, which is then left as it was.

        Raises FileNotFoundError where the file itself has gone, as does `replace`.
        """
        ...

    def replace(self, key: str, path: Path) -> None:
        """Store a file, whatever was there."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""
        ...

    def age_s(self, key: str) -> float | None:
        """Seconds since an object was stored, both times the store's own; None where there is none."""
        ...


def wrong_address(address: str, found: str, expected: str) -> StoreAddressError:
    """Return the error for an address that is none."""
    return StoreAddressError(Problem(file=address or "the address of the store", found=found, expected=expected))
