"""A download is resumed where it was cut, is never taken for whole unless it is, and has the hash it had at first."""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import socket
import zipfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.trainers.data.errors import ChangedDataError, FetchError, NoRoomError
from recipe_sweep.trainers.data.published.download import ATTEMPTS, download
from tests.trainers.data.servers import Behaviour, serving


def zipped(seed: int = 0) -> bytes:
    """A zip archive of about 100 kB that does not compress."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data", np.random.default_rng(seed).bytes(100_000))
    return packed.getvalue()


ZIP = zipped()
SHA256 = hashlib.sha256(ZIP).hexdigest()


class Pauses(list[float]):
    """Notes how long one would have waited."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.rglob("*") if path.is_file()}


def fetch(server: Behaviour, directory: Path, pauses: Pauses | None = None) -> str:
    return download(f"{server.url}/a.zip", directory / "a.zip", pause=pauses if pauses is not None else Pauses())


def test_a_file_arrives_whole_with_its_hash_and_its_progress(tmp_path):
    told: list[tuple[int, int]] = []
    with serving(Behaviour(ZIP)) as server:
        sha256 = download(f"{server.url}/a.zip", tmp_path / "a.zip", lambda done, total: told.append((done, total)))
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    assert sha256 == SHA256
    assert told[-1] == (len(ZIP), len(ZIP))
    assert files(tmp_path) == {"a.zip", "a.zip.sha256"}
    assert (tmp_path / "a.zip.sha256").read_text() == f"{SHA256}  a.zip\n"  # what `sha256sum --check` reads


@pytest.mark.parametrize("dated", [False, True], ids=["etag", "date"])
def test_a_cut_download_goes_on_where_it_was_cut(tmp_path, dated: bool):
    behaviour = Behaviour(ZIP, etag=None if dated else '"v1"', dated=dated, cut_after=[30_000, 20_000])
    with serving(behaviour) as server:
        fetch(server, tmp_path)
    assert behaviour.asked == ["", "bytes=30000-", "bytes=50000-"]
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_another_process_goes_on_where_a_killed_one_stopped(tmp_path):
    with serving(Behaviour(ZIP, cut_after=[40_000], status=[None, *[503] * ATTEMPTS])) as server, pytest.raises(FetchError):
        fetch(server, tmp_path)
    assert files(tmp_path) == {"a.zip.part", "a.zip.part.json"}
    behaviour = Behaviour(ZIP)
    with serving(behaviour) as server:
        fetch(server, tmp_path)
    assert behaviour.asked == ["bytes=40000-"]
    assert files(tmp_path) == {"a.zip", "a.zip.sha256"}


def test_a_file_that_changed_meanwhile_is_not_sewn_to_the_old_part(tmp_path):
    with serving(Behaviour(zipped(1), cut_after=[40_000], status=[None, *[503] * ATTEMPTS])) as server:
        with pytest.raises(FetchError):
            fetch(server, tmp_path)
        assert (tmp_path / "a.zip.part").stat().st_size == 40_000
    with serving(Behaviour(ZIP, etag='"v2"')) as server:
        fetch(server, tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == ZIP


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_a_server_that_cannot_tell_versions_apart_is_asked_for_all_of_it(tmp_path, etag: str | None):
    behaviour = Behaviour(ZIP, etag=etag, cut_after=[30_000])
    with serving(behaviour) as server:
        fetch(server, tmp_path)
    assert behaviour.asked == ["", ""]
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_server_that_ignores_ranges_is_not_misunderstood(tmp_path):
    with serving(Behaviour(ZIP, ranges=False, cut_after=[30_000])) as server:
        fetch(server, tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_part_that_was_not_asked_for_is_not_taken(tmp_path):
    with serving(Behaviour(ZIP, cut_after=[30_000], wrong_range=[500])) as server:
        fetch(server, tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_part_that_is_whole_is_accepted_without_more_bytes(tmp_path):
    (tmp_path / "a.zip.part").write_bytes(ZIP)
    (tmp_path / "a.zip.part.json").write_text(f'{{"validator": "\\"v1\\"", "size": {len(ZIP)}, "sha256": null}}')
    behaviour = Behaviour(ZIP)
    with serving(behaviour) as server:
        fetch(server, tmp_path)
    assert behaviour.asked == [f"bytes={len(ZIP)}-"]
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_part_without_its_description_is_not_trusted(tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"of another file")
    with serving(Behaviour(ZIP)) as server:
        fetch(server, tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == ZIP


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_not_there_is_said_at_once_and_nothing_stays_behind(tmp_path, status: int):
    pauses = Pauses()
    with serving(Behaviour(ZIP, status=[status])) as server, pytest.raises(FetchError, match=f"HTTP {status}") as caught:
        fetch(server, tmp_path, pauses)
    assert f"{server.url}/a.zip" in str(caught.value)
    assert "--from" in str(caught.value)
    assert (pauses, files(tmp_path)) == ([], set())


def test_a_busy_server_is_asked_again_when_it_wishes(tmp_path):
    pauses = Pauses()
    with serving(Behaviour(ZIP, status=[503, 429], retry_after="7")) as server:
        fetch(server, tmp_path, pauses)
    assert pauses == [7.0, 7.0]


def test_attempts_come_to_an_end(tmp_path):
    pauses = Pauses()
    with serving(Behaviour(ZIP, status=[500] * 50)) as server, pytest.raises(FetchError, match="HTTP 500") as caught:
        fetch(server, tmp_path, pauses)
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0]
    assert f"{ATTEMPTS} attempts" in str(caught.value)
    assert files(tmp_path) == set()


def test_a_body_that_is_always_short_ends_with_what_is_kept(tmp_path):
    with (
        serving(Behaviour(ZIP, cut_after=[30_000, *[0] * 50])) as server,
        pytest.raises(FetchError, match="30,000 bytes are kept"),
    ):
        fetch(server, tmp_path)
    assert files(tmp_path) == {"a.zip.part", "a.zip.part.json"}


def test_nobody_at_the_address_is_an_error_and_no_traceback(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://ann:hunter2@127.0.0.1:{closed.getsockname()[1]}/a.zip"
    pauses = Pauses()
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 refuses the connection[\s\S]*HF_ENDPOINT") as caught:
        download(address, tmp_path / "a.zip", pause=pauses)
    assert "hunter2" not in str(caught.value)
    assert (pauses, files(tmp_path)) == ([], set())


def test_a_name_that_cannot_be_resolved_is_said_at_once_with_the_host_and_what_to_do(tmp_path):
    pauses = Pauses()
    with pytest.raises(FetchError, match=r"the name nowhere\.invalid cannot be resolved[\s\S]*HF_ENDPOINT.*--from"):
        download("https://nowhere.invalid/a.zip", tmp_path / "a.zip", pause=pauses)
    assert (pauses, files(tmp_path)) == ([], set())


def test_a_name_that_is_lost_during_a_download_is_waited_for(tmp_path, monkeypatch):
    """Once a server has answered, the network is there, and a hitch of it costs a pause and no more."""
    resolve, asked = socket.getaddrinfo, []

    def hitch(*args, **how):
        asked.append(args)
        if len(asked) == 2:
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return resolve(*args, **how)

    monkeypatch.setattr(socket, "getaddrinfo", hitch)
    pauses = Pauses()
    with serving(Behaviour(ZIP, cut_after=[30_000])) as server:
        fetch(server, tmp_path, pauses)
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    assert len(pauses) == 2


def test_an_address_that_is_none_is_an_error_and_no_traceback(tmp_path):
    with pytest.raises(FetchError, match="an address that can be fetched"):
        download("ftp://example.invalid/a.zip", tmp_path / "a.zip", pause=Pauses())


def test_a_page_instead_of_the_file_is_seen_through(tmp_path):
    page = b"<!doctype html><title>Please log in</title>"
    with serving(Behaviour(page)) as server, pytest.raises(FetchError, match=r"no zip archive and begin with b'<!doctype"):
        fetch(server, tmp_path)
    assert files(tmp_path) == set()


def test_an_encoded_body_is_refused(tmp_path):
    with serving(Behaviour(ZIP, headers={"Content-Encoding": "gzip"})) as server, pytest.raises(FetchError, match="gzip"):
        fetch(server, tmp_path)
    assert files(tmp_path) == set()


@pytest.mark.parametrize("where", ["its own etag", "a redirection"])
def test_the_hash_that_the_server_gives_is_compared(tmp_path, where: str):
    for number, declared in enumerate((SHA256, "0" * 64)):
        server_says = {"etag": f'"{declared}"'} if where == "its own etag" else {"linked_sha256": declared}
        with serving(Behaviour(ZIP, **server_says)) as server:
            directory = tmp_path / str(number)
            if declared == SHA256:
                assert fetch(server, directory) == SHA256
                continue
            with pytest.raises(FetchError, match=f"{SHA256}[\\s\\S]*{declared}, as the server says"):
                fetch(server, directory)
            assert files(directory) == set()


def test_hashes_of_the_place_behind_a_redirection_are_its_own_affair(tmp_path):
    with serving(Behaviour(ZIP, linked_sha256=SHA256, etag=f'"{"7" * 64}"')) as server:
        assert fetch(server, tmp_path) == SHA256


def test_a_later_download_must_have_the_hash_of_the_first(tmp_path):
    with serving(Behaviour(ZIP)) as server:
        fetch(server, tmp_path)
    (tmp_path / "a.zip").unlink()
    other = zipped(1)
    with serving(Behaviour(other)) as server, pytest.raises(ChangedDataError) as caught:
        fetch(server, tmp_path)
    for told in (SHA256, hashlib.sha256(other).hexdigest(), "a.zip.sha256"):
        assert told in str(caught.value)
    assert files(tmp_path) == {"a.zip.sha256"}


def test_a_file_that_is_there_is_checked_and_not_fetched_again(tmp_path):
    with serving(Behaviour(ZIP)) as server:
        fetch(server, tmp_path)
        assert fetch(server, tmp_path) == SHA256
    assert len(server.asked) == 1
    (tmp_path / "a.zip").write_bytes(zipped(1))
    with pytest.raises(ChangedDataError):
        fetch(server, tmp_path)


def test_a_disk_without_room_is_seen_before_anything_is_written(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 50_000, 50_000))
    with (
        serving(Behaviour(ZIP)) as server,
        pytest.raises(NoRoomError, match=r"0\.00 GB to download a\.zip"),
    ):
        fetch(server, tmp_path)
    assert files(tmp_path) == set()


def test_a_disk_that_fills_up_is_left_as_it_was(tmp_path, monkeypatch):
    opened = Path.open

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(path: Path, mode: str = "r", **options):
        return Full() if path.suffix == ".part" and mode == "ab" else opened(path, mode, **options)

    monkeypatch.setattr(Path, "open", full)
    with serving(Behaviour(ZIP)) as server, pytest.raises(NoRoomError, match="No space left on device"):
        fetch(server, tmp_path)
    assert files(tmp_path) == set()
