"""A store that was never there before, added as CONTRIBUTING.md says: its class, and a line in the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.contracts.copied_tree import CopiedTree
from tests.sweep.cli.test_bad_input import GRID, INLINE

CLASS = '''\
"""A store that is a dictionary on disk: one file with every object, by its key."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import ClassVar

from recipe_sweep.sweep.files.atomic import replacing
from recipe_sweep.sweep.store.base import Address, wrong_address
from recipe_sweep.sweep.store.keys import checked, ours


class ShelfStore:
    """Objects in one file, which only tests would do."""

    example: ClassVar[str] = "shelf:///a/file"
    folder: Path | None = None

    @classmethod
    def at(cls, address: Address) -> ShelfStore:
        if address.place:
            raise wrong_address(address.text, f"the place {address.place}", "shelf:// and an absolute path")
        return cls(Path(address.path))

    def __init__(self, file: Path) -> None:
        self.address, self._file = f"shelf://{file}", file

    def keys(self, prefix: str = "") -> frozenset[str]:
        return ours(self.address, self._read(), prefix)

    def fetch(self, key: str, path: Path) -> bool:
        content = self._read()
        if key in content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content[key][1])
        return key in content

    def create(self, key: str, path: Path) -> bool:
        new = key not in self._read()
        if new:
            self.replace(key, path)
        return new

    def replace(self, key: str, path: Path) -> None:
        self._write(self._read() | {checked(self.address, key): (time.time(), path.read_bytes())})

    def remove(self, key: str) -> None:
        self._write({name: value for name, value in self._read().items() if name != key})

    def age_s(self, key: str) -> float | None:
        content = self._read()
        return time.time() - content[key][0] if key in content else None

    def _read(self) -> dict[str, tuple[float, bytes]]:
        return pickle.loads(self._file.read_bytes()) if self._file.exists() else {}

    def _write(self, content: dict[str, tuple[float, bytes]]) -> None:
        with replacing(self._file) as temporary:
            temporary.write_bytes(pickle.dumps(content))
'''

SCRIPT = """
import os, sys
sys.path.append(ROOT)  # for the stand-in that trains without learning
os.environ |= {"RECIPE_SWEEP_WORKLOAD": "tests.sweep.stand_in", "RECIPE_SWEEP_DATA": "data"}
from typer.testing import CliRunner
from recipe_sweep.sweep.cli.main import app

for line in LINES:
    done = CliRunner().invoke(app, line.split())
    print(f"$ {line}\\n{done.exit_code}\\n{done.output}")
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CopiedTree:
    """The checkout with one store more."""
    tree = CopiedTree(tmp_path_factory.mktemp("newcomer") / "tree")
    tree.write("sweep/store/shelf.py", CLASS)
    last = "from recipe_sweep.sweep.store.s3 import S3Store\n"
    tree.edit(
        "sweep/store/registry.py",
        (last, f"{last}from recipe_sweep.sweep.store.shelf import ShelfStore\n"),
        ('    "file": FolderStore,\n', '    "file": FolderStore,\n    "shelf": ShelfStore,\n'),
    )
    return tree


def test_a_store_takes_more_than_its_class_and_a_line(tree: CopiedTree, tmp_path: Path) -> None:
    """A sweep is kept there, its directory is lost, and its address alone brings it back."""
    (tmp_path / "data").mkdir()
    (tmp_path / "little.yaml").write_text(GRID)
    (tmp_path / "inline.yaml").write_text(INLINE)
    address = f"shelf://{tmp_path}/kept"
    lines = [
        f"launch little.yaml --cluster inline.yaml --no-mlflow --store {address}",
        f"status {address} --dir elsewhere",
        "launch little.yaml --cluster inline.yaml --no-mlflow --store shelf://somewhere/kept",
        "launch little.yaml --cluster inline.yaml --no-mlflow --store shelve:///kept",
    ]
    said = tree.python(f"ROOT, LINES = {str(ROOT)!r}, {lines!r}\n{SCRIPT}", tmp_path)
    launched, status, wrong, unknown = (part.split("\n", 2)[1:] for part in said.split("$ ")[1:])
    assert tree.changed == {"sweep/store/shelf.py", "sweep/store/registry.py"}
    assert (launched[0], status[0], wrong[0], unknown[0]) == ("0", "0", "2", "2"), said
    assert list((tmp_path / "elsewhere" / "results").glob("*.parquet"))
    assert "the place somewhere" in wrong[1]
    assert "s3://bucket/name-of-the-sweep, file:///a/directory, or shelf:///a/file" in unknown[1]
