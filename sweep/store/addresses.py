"""Addresses of stores, and the store at one."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.store.base import Store, StoreAddressError

_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
LONGEST = 800
"""Bytes of an address; S3 has keys of 1,024 at most."""
_EXPECTED = "s3://bucket/name-of-the-sweep, or file:///a/directory"


def open_store(address: str) -> Store:
    """The store at an address. Raises StoreAddressError with what is wrong with it; nothing is asked of it yet."""
    try:
        where = urlsplit(address)
    except ValueError as error:  # brackets that are no IPv6 address, or letters that only look like some
        raise _wrong("the address of the store", f"{address!r} ({error})", _EXPECTED) from error
    parts = [part for part in where.path.split("/") if part]
    if "@" in where.netloc:
        raise _wrong(
            f"{where.scheme}://***",
            "a password in an address, which would be recorded",
            "credentials from the environment",
        )
    if not address.isprintable() or len(address.encode()) > LONGEST:
        raise _wrong(f"{address[:60]!r}...", "an address too long, or with unprintable characters in it", _EXPECTED)
    if where.query or where.fragment or any(part in (".", "..") or part != part.strip() for part in parts):
        raise _wrong(address, "an address with more than a bucket and a plain path in it", _EXPECTED)
    if where.scheme == "s3":
        if not _BUCKET.fullmatch(where.netloc) or ".." in where.netloc:
            raise _wrong(
                address, f"the bucket {where.netloc!r}", "3 to 63 small letters, digits, dots and hyphens, and no IP address"
            )
        if not parts:
            raise _wrong(address, "a whole bucket", "a path in it, so that one bucket can hold several sweeps")
        from recipe_sweep.sweep.store.s3 import S3Store

        return S3Store(where.netloc, "/".join(parts))
    if where.scheme == "file":
        if where.netloc or not parts:
            raise _wrong(
                address, f"the directory {where.netloc + where.path!r}", "file:// and an absolute path, three slashes in a row"
            )
        from recipe_sweep.sweep.store.folder import FolderStore

        folder = Path(where.path)
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        if not nearest.is_dir():
            raise _wrong(address, f"{nearest} is a file", "a directory, or a name that is free")
        return FolderStore(folder)
    raise _wrong(address, f"the scheme {where.scheme!r}" if where.scheme else "no scheme", _EXPECTED)


def is_address(text: str) -> bool:
    """Whether somebody means a store and not a file."""
    return "://" in text


def _wrong(address: str, found: str, expected: str) -> StoreAddressError:
    return StoreAddressError(Problem(file=address or "the address of the store", found=found, expected=expected))
