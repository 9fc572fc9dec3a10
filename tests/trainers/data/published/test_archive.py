"""A zip is unpacked whole, inside its own folder and for one reader, or not at all."""

from __future__ import annotations

import shutil
import stat
import threading
import zipfile
from collections import namedtuple
from pathlib import Path, PurePosixPath

import pytest

from recipe_sweep.trainers.data.errors import BrokenVaultError, NoRoomError
from recipe_sweep.trainers.data.published.archive import VaultArchive, VaultName, vault_directories

EXPERT, MEDIUM = PurePosixPath("2ant.vlt/Expert"), PurePosixPath("2ant.vlt/Medium")
GOOD = {f"{vault}/{name}": b"content of " + name.encode() for vault in (EXPERT, MEDIUM) for name in ("manifest.ocdbt", "d/0")}


def packed(path: Path, files: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (GOOD if files is None else files).items():
            archive.writestr(name, content)
    return path


def left(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_one_vault_is_there_while_it_is_read_and_gone_afterwards(tmp_path):
    archive = VaultArchive(packed(tmp_path / "a.zip"))
    assert archive.vaults == [EXPERT, MEDIUM]
    told: list[tuple[int, int]] = []
    with archive.unpacked(EXPERT, tmp_path / "data", lambda done, total: told.append((done, total))) as directory:
        assert {path.name for path in directory.rglob("*")} == {"manifest.ocdbt", "d", "0"}
        assert (directory / "d" / "0").read_bytes() == b"content of d/0"
        assert not (directory.parent / "Medium").exists()
        assert VaultName.of(directory) == ("2ant", "Expert")
    assert told[-1][0] == told[-1][1] > 0
    assert left(tmp_path / "data") == []


def test_what_a_killed_process_left_is_not_taken_for_whole(tmp_path):
    archive = VaultArchive(packed(tmp_path / "a.zip"))
    with archive.unpacked(EXPERT, tmp_path) as directory:
        folder = directory.parents[1]
    (folder / EXPERT).mkdir(parents=True)
    (folder / EXPERT / "manifest.ocdbt").write_bytes(b"half")
    (folder / EXPERT / "stale").write_bytes(b"half")
    with archive.unpacked(EXPERT, tmp_path) as directory:
        assert (directory / "manifest.ocdbt").read_bytes() == b"content of manifest.ocdbt"
        assert not (directory / "stale").exists()


def test_two_readers_take_turns(tmp_path):
    archive = VaultArchive(packed(tmp_path / "a.zip"))
    waits = threading.Event()
    seen: list[bool] = []

    def second() -> None:
        with archive.unpacked(EXPERT, tmp_path, waiting=waits.set) as directory:
            seen.append((directory / "d" / "0").is_file())

    thread = threading.Thread(target=second)
    with archive.unpacked(EXPERT, tmp_path) as directory:
        thread.start()
        assert waits.wait(10)
        assert (directory / "d" / "0").is_file()
    thread.join(10)
    assert seen == [True]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


UNSAFE = {
    "../escape": "leads out",
    "2ant.vlt/../../escape": "leads out",
    "/etc/escape": "absolute",
    "C:escape": "absolute",
    "2ant.vlt\\..\\escape": "absolute",
}


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_lead_elsewhere_are_refused_before_anything_is_unpacked(tmp_path, name: str):
    path = packed(tmp_path / "a.zip", GOOD | {name: b"x"})
    with pytest.raises(BrokenVaultError, match=UNSAFE[name]) as caught:
        VaultArchive(path)
    assert str(path) in str(caught.value)
    assert left(tmp_path) == [path]


def test_links_are_refused(tmp_path):
    path = packed(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link("2ant.vlt/link"), "/etc/passwd")
    with pytest.raises(BrokenVaultError, match="a link or a device"):
        VaultArchive(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_all_unsafe_names_are_told_at_once(tmp_path):
    path = packed(tmp_path / "a.zip", GOOD | {"../a": b"", "/b": b""})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("2ant.vlt/Expert/d/0", b"again")
    with pytest.raises(BrokenVaultError, match=r"3 problems[\s\S]*\.\./a[\s\S]*/b[\s\S]*the same name twice"):
        VaultArchive(path)


def test_a_damaged_zip_leaves_nothing_behind(tmp_path):
    path = packed(tmp_path / "a.zip", {f"{EXPERT}/manifest.ocdbt": b"m", f"{EXPERT}/d/0": bytes(range(256)) * 400})
    archive = VaultArchive(path)
    content = bytearray(path.read_bytes())
    content[600] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BrokenVaultError, match="undamaged"), archive.unpacked(EXPERT, tmp_path):
        pass
    assert left(tmp_path) == [path]


def test_half_a_zip_is_refused(tmp_path):
    path = packed(tmp_path / "a.zip")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BrokenVaultError, match="a whole zip archive"):
        VaultArchive(path)


def test_a_zip_without_vaults_is_refused(tmp_path):
    with pytest.raises(BrokenVaultError, match="none a vault"):
        VaultArchive(packed(tmp_path / "a.zip", {"readme.txt": b""}))


def test_a_disk_without_room_is_seen_before_anything_is_unpacked(tmp_path, monkeypatch):
    archive = VaultArchive(packed(tmp_path / "a.zip"))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 90, 10))
    with pytest.raises(NoRoomError, match=r"to unpack a\.zip"), archive.unpacked(EXPERT, tmp_path / "data"):
        pass
    assert left(tmp_path / "data") == []


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_vaults_are_found_in_whatever_folder_is_named(tmp_path, depth: int):
    for name in GOOD:
        (tmp_path / "base" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "base" / name).write_bytes(b"")
    start = [tmp_path / "base" / EXPERT, tmp_path / "base" / "2ant.vlt", tmp_path / "base"][depth]
    found = [VaultName.of(path).uid for path in vault_directories(start)]
    assert found == (["Expert"] if depth == 0 else ["Expert", "Medium"])


def test_a_folder_without_vaults_is_refused(tmp_path):
    with pytest.raises(BrokenVaultError, match=r"no manifest\.ocdbt"):
        vault_directories(tmp_path)
