"""Addresses of stores, and the store at an address."""

from __future__ import annotations

from urllib.parse import urlsplit

from recipe_sweep.sweep.store.base import Address, Store, wrong_address
from recipe_sweep.sweep.store.registry import STORES

LONGEST = 800
"""Bytes of an address. Keys of S3 have at most 1,024 bytes."""


def open_store(address: str) -> Store:
    """Make the store at an address, without a request to it.

    Raises StoreAddressError that says what is wrong with the address.
    """
    try:
        where = urlsplit(address)
    except ValueError as error:  # brackets without an IPv6 address, or letters that only look like brackets
        raise wrong_address("the address of the store", f"{address!r} ({error})", _expected()) from error
    parts = [part for part in where.path.split("/") if part]
    if "@" in where.netloc:
        raise wrong_address(
            f"{where.scheme}://***",
            "a password in an address, which would be recorded",
            "credentials from the environment",
        )
    if not address.isprintable() or len(address.encode()) > LONGEST:
        raise wrong_address(f"{address[:60]!r}...", "an address too long, or with unprintable characters in it", _expected())
    if where.query or where.fragment or any(part in (".", "..") or part != part.strip() for part in parts):
        raise wrong_address(address, "an address with more than a bucket and a plain path in it", _expected())
    kind = STORES.get(where.scheme)
    if kind is None:
        raise wrong_address(address, f"the scheme {where.scheme!r}" if where.scheme else "no scheme", _expected())
    return kind.at(Address(address, where.netloc, where.path, tuple(parts)))


def is_address(text: str) -> bool:
    """Say whether a text means a store and not a file."""
    return "://" in text


def _expected() -> str:
    *others, last = [kind.example for kind in STORES.values()]
    return f"{', '.join(others)}, or {last}"
