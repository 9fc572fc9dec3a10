"""Reader of vaults, the format of OG-MARL's files, with tensorstore alone. Only this file knows the format.

A vault (Flashbax) is an OCDBT key-value store. It holds one zarr v2 array per leaf of a tree, and `vault_index`, the number of
rows written. An array's key is the leaf's dotted path with a dot at its end (`observations.`, `infos.state.`). Arrays have the
shape (B, 10,000,000,000,000, ...), but only the first `vault_index` rows of the second axis were written. `metadata.json` gives
the shape of the writer's buffer, and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts
from numpy.typing import NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import BrokenVaultError

OBSERVATIONS, ACTIONS, REWARDS = "observations", "actions", "rewards"
TERMINALS, TRUNCATIONS = "terminals", "truncations"
STATES, LEGALS = "infos.state", "infos.legals"
"""Names of the leaves. Only SMAC's vaults have legal actions."""

INDEX = "vault_index"
MANIFEST = "manifest.ocdbt"
_ARRAY = "/.zarray"


class Vault:
    """The arrays of one vault by the names of their leaves, without the dot at the end.

    Raises BrokenVaultError if a file is missing, truncated or no vault. Chunks that were never written read as zeros;
    `require_written` finds them.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        if not (directory / MANIFEST).is_file():
            raise BrokenVaultError(self.problem("", f"no {MANIFEST}", "the directory of a vault"))
        self._store = self._result("", ts.KvStore.open(_ocdbt(directory)))
        self._keys = {key.decode() for key in self._result("", self._store.list())}
        paths = sorted(key.removesuffix(_ARRAY) for key in self._keys if key.endswith(_ARRAY))
        self._path = {path.removesuffix("."): path for path in paths}
        self._arrays: dict[str, Any] = {}
        self.rows = self._read_index()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the leaves in this vault."""
        return tuple(name for name in self._path if name != INDEX)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a leaf: (B, vault_index, ...)."""
        batch, _, *rest = self._array(name).shape
        return (batch, self.rows, *rest)

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return the type that a leaf is stored as."""
        dtype: np.dtype[Any] = self._array(name).dtype.numpy_dtype
        return dtype

    def read(self, name: str, first: int, last: int) -> NDArray[Any]:
        """Read rows [first, last) of every batch row of a leaf: (B, last - first, ...)."""
        assert 0 <= first <= last <= self.rows, "rows beyond the last written one"
        values: NDArray[Any] = self._result(name, self._array(name)[:, first:last].read())
        return values

    def require_written(self, name: str) -> None:
        """Raise BrokenVaultError if a chunk below `vault_index` is not in the store.

        A chunk of zeros may be missing in an intact vault. So call this only for leaves that have no chunk of zeros.
        """
        chunk = self._array(name).chunk_layout.write_chunk.shape
        shape = self.shape(name)
        expected = {
            f"{self._path[name]}/{'.'.join(map(str, position))}"
            for position in np.ndindex(*(-(-size // part) for size, part in zip(shape, chunk, strict=True)))
        }
        if absent := expected - self._keys:
            found = f"{len(absent)} of {len(expected)} chunks are missing, e.g. {min(absent)}"
            raise BrokenVaultError(self.problem(name, found, f"{shape[1]:,} rows, as {INDEX} says"))

    def problem(self, name: str, found: str, expected: str) -> Problem:
        """Describe a problem of this vault or of one of its leaves."""
        hint = "fetch or unpack it again, or name another vault"
        return Problem(file=str(self.directory), key=name, found=found, expected=expected, hint=hint)

    def _read_index(self) -> int:
        if INDEX not in self._path:
            raise BrokenVaultError(self.problem(INDEX, f"only {_listed(self._path)}", "how many rows were written"))
        rows = int(self._result(INDEX, self._open(INDEX).read())[0])
        if rows < 1:
            raise BrokenVaultError(self.problem(INDEX, str(rows), "at least 1 row"))
        return rows

    def _array(self, name: str) -> Any:
        if name not in self._arrays:
            if name not in self._path:
                raise BrokenVaultError(self.problem(name, f"only {_listed(self._path)}", "this key"))
            array = self._open(name)
            if array.rank < 2 or array.shape[1] < self.rows:
                expected = f"(B, at least {self.rows}, ...), because so many rows were written"
                raise BrokenVaultError(self.problem(name, f"shape {tuple(array.shape)}", expected))
            self._arrays[name] = array
        return self._arrays[name]

    def _open(self, name: str) -> Any:
        kvstore = _ocdbt(self.directory) | {"path": self._path[name]}
        return self._result(name, ts.open({"driver": "zarr", "kvstore": kvstore}, open=True, read=True))

    def _result(self, name: str, future: Any) -> Any:
        """Wait for a future of tensorstore. Raises BrokenVaultError with the first line of tensorstore's error."""
        try:
            return future.result()
        except (ValueError, OSError) as error:
            told = str(error).splitlines()[0]
            raise BrokenVaultError(self.problem(name, told, "a whole and readable vault")) from error


def _ocdbt(directory: Path) -> dict[str, Any]:
    return {"driver": "ocdbt", "base": {"driver": "file", "path": f"{directory.resolve()}/"}}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no arrays"
