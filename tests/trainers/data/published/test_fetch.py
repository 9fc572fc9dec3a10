"""From an archive on the network or on a disk to datasets that open, whoever else fetches them at the same time."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from recipe_sweep.trainers.data.catalogue import ensure_dataset, map_dataset
from recipe_sweep.trainers.data.errors import BrokenVaultError, ChangedDataError, FetchError, MissingDataError, NoRoomError
from recipe_sweep.trainers.data.published import fetch as fetching
from recipe_sweep.trainers.data.published.fetch import DOWNLOADS, fetch_task, import_path
from recipe_sweep.trainers.data.published.tasks import PUBLISHED
from recipe_sweep.trainers.data.stored.card import read_card
from tests.checkout import ROOT
from tests.trainers.data.servers import Behaviour, serving
from tests.trainers.data.vaults import own_row_leaves, spread_episodes, write_vault

SPREAD = PUBLISHED["simple_spread"]
QUALITIES = ["expert", "medium", "medium-replay", "random"]


@pytest.fixture(scope="module")
def vaults(tmp_path_factory) -> Path:
    """`simple_spread.vlt` with its four datasets."""
    directory = tmp_path_factory.mktemp("published") / "simple_spread.vlt"
    for uid in SPREAD.datasets:
        write_vault(directory / uid, own_row_leaves(spread_episodes(uid.lower(), batch_rows=5, episodes=2)))
    return directory


@pytest.fixture(scope="module")
def archive(vaults) -> Path:
    """The same as it is published: in a zip, beside other files."""
    path = vaults.parent / "simple_spread.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(vaults.rglob("*")):
            packed.write(file, file.relative_to(vaults.parent))
        packed.writestr("__MACOSX/._simple_spread.vlt", b"")
    return path


def names(directories: list[Path]) -> list[str]:
    return sorted(read_card(directory).identity.dataset for directory in directories)


def leftovers(root: Path) -> list[str]:
    """Files that belong to no dataset."""
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if path.parts[0] != "og_marl")


def test_a_task_is_fetched_imported_and_opened(tmp_path, archive):
    with serving(Behaviour(archive.read_bytes())) as server:
        found = list(fetch_task("simple_spread", tmp_path, server.url))
    assert names([imported.directory for imported in found]) == QUALITIES
    for imported in found:
        card = read_card(imported.directory)
        assert ensure_dataset(card.identity, tmp_path) == imported.directory
        assert map_dataset(card.identity, tmp_path, verify=True).card.rows == 250
        assert card.origin is not None
        assert card.origin.archive_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
        assert "OG-MARL" in card.licence
    # The archive has done its service; the hash that it must have for ever stays.
    folder = f"{DOWNLOADS}/prior_work/omar/mpe/simple_spread.zip"
    kept = leftovers(tmp_path)
    assert [path for path in kept if not path.endswith(".lock")] == [f"{folder}.sha256"]


def test_what_is_there_is_not_fetched_again(tmp_path, archive):
    with serving(Behaviour(archive.read_bytes())) as server:
        first = list(fetch_task("simple_spread", tmp_path, server.url))
        again = list(fetch_task("simple_spread", tmp_path, server.url))
    assert first == again
    assert len(server.asked) == 1


def test_only_what_is_missing_is_imported(tmp_path, vaults, archive):
    import_path_result = list(import_path(vaults / "Medium", tmp_path))
    before = import_path_result[0].directory.stat().st_mtime_ns
    list(fetch_task("simple_spread", tmp_path, str(archive.parent)))
    assert import_path_result[0].directory.stat().st_mtime_ns == before


def test_room_for_all_that_will_be_made_is_asked_for_first(tmp_path, archive, monkeypatch):
    """2ant: 1.3 GB of zip, as much unpacked, and 5.4 GB of datasets; spread: 5 + 5 + 3.9 GB."""
    assert 1.31 * (1 + fetching._room_afterwards(PUBLISHED["2ant"])) == pytest.approx(2 * 1.31 + 5.43, abs=0.01)
    assert 4.98 * (1 + fetching._room_afterwards(SPREAD)) == pytest.approx(2 * 4.98 + 3.92, abs=0.01)
    size = archive.stat().st_size
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10 * size, 7.5 * size, 2.5 * size))
    with (
        serving(Behaviour(archive.read_bytes())) as server,
        pytest.raises(NoRoomError, match=r"to download simple_spread\.zip"),
    ):
        list(fetch_task("simple_spread", tmp_path, server.url))
    assert [path for path in leftovers(tmp_path) if not path.endswith(".lock")] == []


def test_the_archive_can_be_kept(tmp_path, archive):
    with serving(Behaviour(archive.read_bytes())) as server:
        list(fetch_task("simple_spread", tmp_path, server.url, keep_archive=True))
    assert (tmp_path / DOWNLOADS / SPREAD.archive).read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("laid_out", [True, False], ids=["laid out like the hub", "a folder with the zip"])
def test_a_local_mirror_is_read_in_place_and_left_alone(tmp_path, archive, laid_out: bool):
    mirror = tmp_path / "mirror"
    copy = mirror / (SPREAD.archive if laid_out else "simple_spread.zip")
    copy.parent.mkdir(parents=True)
    copy.write_bytes(archive.read_bytes())
    found = list(fetch_task("simple_spread", tmp_path / "data", str(mirror)))
    assert len(found) == 4
    assert copy.read_bytes() == archive.read_bytes()
    assert not list((tmp_path / "data").rglob("*.zip"))


def test_a_mirror_without_the_file_says_what_was_looked_for(tmp_path):
    with pytest.raises(FetchError, match=r"neither .*prior_work/omar/mpe/simple_spread\.zip nor .*simple_spread\.zip"):
        list(fetch_task("simple_spread", tmp_path, str(tmp_path)))


def test_a_mirror_with_another_file_than_was_first_fetched_is_refused(tmp_path, archive):
    with serving(Behaviour(archive.read_bytes())) as server:
        found = list(fetch_task("simple_spread", tmp_path, server.url))
    for file in found[0].directory.iterdir():
        file.unlink()
    found[0].directory.rmdir()
    (tmp_path / "simple_spread.zip").write_bytes(archive.read_bytes())
    with zipfile.ZipFile(tmp_path / "simple_spread.zip", "a") as packed:
        packed.writestr("more", b"")
    with pytest.raises(ChangedDataError, match="as when it was first fetched"):
        list(fetch_task("simple_spread", tmp_path, str(tmp_path)))


def test_an_archive_that_lacks_a_dataset_is_no_success(tmp_path, archive):
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(tmp_path / "simple_spread.zip", "w") as lacking:
        for member in whole.namelist():
            if "/Random/" not in member:
                lacking.writestr(member, whole.read(member))
    with pytest.raises(FetchError, match=r"no simple_spread\.vlt/Random"):
        list(fetch_task("simple_spread", tmp_path / "data", str(tmp_path)))


def test_an_unsafe_archive_leaves_no_dataset(tmp_path, archive):
    path = tmp_path / "simple_spread.zip"
    path.write_bytes(archive.read_bytes())
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("../escape", b"x")
    with pytest.raises(BrokenVaultError, match="leads out"):
        list(fetch_task("simple_spread", tmp_path / "data", str(tmp_path)))
    assert not (tmp_path / "data" / "og_marl").exists()
    assert not (tmp_path / "escape").exists()


def test_processes_that_fetch_at_once_download_once(tmp_path, archive):
    program = (
        "import sys; from pathlib import Path; from recipe_sweep.trainers.data.published.fetch import fetch_task;"
        "print('ready', flush=True); input();"
        "print(len(list(fetch_task('simple_spread', Path(sys.argv[1]), sys.argv[2]))))"
    )
    with serving(Behaviour(archive.read_bytes())) as server:
        command = [sys.executable, "-c", program, str(tmp_path), server.url]
        pipe = subprocess.PIPE
        fetching = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) for _ in range(3)]
        for process in fetching:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in fetching:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in fetching:
            said, complaints = process.communicate(timeout=120)
            assert (process.returncode, said) == (0, "4\n"), complaints
    assert len(server.asked) == 1


@pytest.mark.parametrize("what", ["the folder", "the zip", "one vault"])
def test_what_lies_on_a_disk_is_imported(tmp_path, vaults, archive, what: str):
    path = {"the folder": vaults, "the zip": archive, "one vault": vaults / "Random"}[what]
    found = list(import_path(path, tmp_path))
    assert names([imported.directory for imported in found]) == (["random"] if what == "one vault" else QUALITIES)


def test_a_vault_whose_path_says_nothing_is_what_the_user_says(tmp_path, vaults):
    (tmp_path / "mine").symlink_to(vaults / "Expert")
    (tmp_path / "copy").mkdir()
    for file in sorted((vaults / "Expert").rglob("*")):
        target = tmp_path / "copy" / file.relative_to(vaults / "Expert")
        target.mkdir() if file.is_dir() else target.write_bytes(file.read_bytes())
    with pytest.raises(MissingDataError, match="--task and --dataset"):
        list(import_path(tmp_path / "copy", tmp_path / "data"))
    found = list(import_path(tmp_path / "copy", tmp_path / "data", task="simple_spread", dataset="expert"))
    assert names([imported.directory for imported in found]) == ["expert"]


def test_names_that_were_never_published_are_refused(tmp_path, vaults):
    with pytest.raises(MissingDataError, match="did you mean simple_spread"):
        list(fetch_task("simple_spred", tmp_path))
    with pytest.raises(MissingDataError, match=r"'best'\s+expected\s+one of expert, medium"):
        list(import_path(vaults / "Expert", tmp_path, dataset="best"))
    with pytest.raises(MissingDataError, match="4 vaults that are all to be simple_spread/expert"):
        list(import_path(vaults, tmp_path, dataset="expert"))
    with pytest.raises(MissingDataError, match="nothing"):
        list(import_path(tmp_path / "nowhere", tmp_path))
    assert not (tmp_path / "og_marl").exists()


def test_a_vault_of_another_task_is_refused_by_its_shapes(tmp_path, vaults):
    with pytest.raises(BrokenVaultError, match=r"shape \(5, 50, 3, 18\)"):
        list(import_path(vaults / "Expert", tmp_path, task="2ant"))
    assert not list(tmp_path.rglob("*.npy"))
