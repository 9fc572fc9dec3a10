"""The archive of the source: exact, the package's own, the same bytes each time, and of use to somebody who unpacks it."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.worker.source import check_archive, code_version, keep_source, source_archive
from tests.checkout import ROOT


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def test_an_unpacked_archive_is_the_version_that_trained_the_runs(tmp_path: Path) -> None:
    keep_source(SweepPaths(tmp_path / "sweep"))
    [archive] = (tmp_path / "sweep" / "code").iterdir()
    there = tmp_path / "there"
    there.mkdir()
    with tarfile.open(archive) as file:
        file.extractall(there, filter="data")
    program = (
        "import recipe_sweep.trainers.train, recipe_sweep.sweep.cli.main as main; "
        "from recipe_sweep.sweep.worker.source import code_version, source_archive; "
        "import hashlib; print(main.__file__, code_version(), hashlib.sha256(source_archive()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=there, env={"PYTHONPATH": str(there)}, capture_output=True, text=True, check=True
    )
    where, version, again = done.stdout.split()
    assert Path(where).is_relative_to(there)
    assert f"{version}.tar.gz" == archive.name == f"{code_version()}.tar.gz"
    assert again == hashlib.sha256(archive.read_bytes()).hexdigest(), "a launch with it would keep other source"


def test_the_archive_has_the_files_of_a_wheel_and_no_others() -> None:
    names = set(members(source_archive()))
    assert {name for name in names if not name.startswith("recipe_sweep")} == set()
    folders = ("analysis", "cluster", "search_spaces", "sweep", "trainers")
    code = {f"recipe_sweep/{path.relative_to(ROOT)}" for folder in folders for path in (ROOT / folder).rglob("*.py")}
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package, patterns in data.items():
        folder = ROOT.joinpath(*package.split(".")[1:])
        code |= {f"recipe_sweep/{path.relative_to(ROOT)}" for each in patterns for path in folder.glob(each) if path.is_file()}
    inside = {name for name in names if not name.startswith("recipe_sweep-")}
    assert inside == code | {"recipe_sweep/__init__.py"}


def test_one_source_gives_the_same_bytes_without_a_name_of_a_person_or_a_time() -> None:
    first = source_archive()
    source_archive.cache_clear()
    assert source_archive() == first
    with tarfile.open(fileobj=io.BytesIO(first), mode="r:gz") as archive:
        assert {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in archive} == {(0, 0, 0, "", "")}
    assert first[4:8] == b"\0\0\0\0"


def test_a_version_that_is_kept_is_not_written_again(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    keep_source(paths)
    path = paths.code_archive(code_version())
    before = path.stat().st_mtime_ns
    keep_source(paths)
    assert path.stat().st_mtime_ns == before
    assert [each.name for each in paths.code.iterdir()] == [path.name]


def test_an_archive_that_is_not_what_its_name_says_is_found(tmp_path: Path) -> None:
    path = tmp_path / f"{code_version()}.tar.gz"
    path.write_bytes(source_archive())
    check_archive(path)
    files = members(source_archive())
    files["recipe_sweep/trainers/train.py"] += b"# changed\n"
    path.write_bytes(packed(files))
    with pytest.raises(DamagedFileError, match="an archive of the source"):
        check_archive(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        source_archive()[:-100],
        source_archive()[:5000] + bytes(99) + source_archive()[5099:],
        gzip.compress(b"no tar" * 200),
        gzip.compress(bytes(1 << 27)),
        packed({".": b"", "recipe_sweep": b"", "/": b""}),
    ],
    ids=["empty", "garbage", "cut", "spoilt", "no tar", "a bomb", "strange names"],
)
def test_a_damaged_archive_is_an_error_and_no_trace(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"{code_version()}.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        check_archive(path)
