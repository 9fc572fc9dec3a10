"""Files through huggingface_hub: its cache, its mirrors, its offline mode; and what is said where none of it helps."""

from __future__ import annotations

import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from recipe_sweep.trainers.data.errors import ChangedDataError, FetchError, NoRoomError
from recipe_sweep.trainers.data.published.fetch import fetch_task
from recipe_sweep.trainers.data.published.hub import HubFile, hub_file
from tests.trainers.data.hub import Hub, hub
from tests.trainers.data.published.test_download import SHA256, ZIP, zipped

NAME = "prior_work/a.zip"
TOKEN = "hf_MARKEDSECRET0005"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    import huggingface_hub.constants  # It reads HF_HUB_OFFLINE once, when it is imported: not in a test that sets it.

    assert not huggingface_hub.constants.HF_HUB_OFFLINE


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Bring the file from an endpoint."""

    def from_endpoint(endpoint: str, **how) -> HubFile:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        return hub_file(NAME, tmp_path / "data" / "a.zip", **how)

    return from_endpoint


def test_a_file_comes_from_the_mirror_that_hf_endpoint_names_and_then_from_the_cache(tmp_path, bring):
    told: list[tuple[int, int]] = []
    with hub(Hub(ZIP)) as mirror:
        file = bring(mirror.url, progress=lambda done, total: told.append((done, total)))
        again = bring(mirror.url)
    assert file == HubFile(again.path, SHA256, fresh=True)
    assert not again.fresh
    assert file.path.read_bytes() == ZIP
    assert file.path.is_relative_to(tmp_path / "cache")
    assert told[-1] == (len(ZIP), len(ZIP))
    assert [method for method, _, _ in mirror.asked].count("GET") == 1
    assert {path for _, path, _ in mirror.asked} == {f"/datasets/InstaDeepAI/og-marl/resolve/main/{NAME}"}
    assert (tmp_path / "data" / "a.zip.sha256").read_text().startswith(SHA256)


def test_a_cut_download_goes_on_where_it_was_cut(bring, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    with hub(Hub(ZIP, cut_after=[30_000])) as mirror:
        assert bring(mirror.url).path.read_bytes() == ZIP
    assert mirror.asked[-1][2] == "bytes=30000-"


def test_a_download_that_never_ends_is_given_up_and_a_later_one_is_whole(tmp_path, bring, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    with hub(Hub(ZIP, cut_after=[30_000, *[0] * 8])) as mirror:
        with pytest.raises(FetchError, match="try again later"):
            bring(mirror.url)
        assert not list((tmp_path / "cache").rglob("blobs/*"))
        mirror.cut_after.clear()
        assert bring(mirror.url).path.read_bytes() == ZIP


@pytest.mark.parametrize("kind", ["unresolved name", "refused connection"])
def test_a_hub_that_cannot_be_reached_is_said_at_once_with_its_host_and_the_ways_out(bring, monkeypatch, kind: str):
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail(f"waits {seconds} s"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    endpoint, said = {
        "unresolved name": ("https://ann:hunter2@nowhere.invalid", "the name nowhere.invalid cannot be resolved"),
        "refused connection": (f"http://ann:hunter2@127.0.0.1:{port}", "127.0.0.1 refuses the connection"),
    }[kind]
    with pytest.raises(FetchError, match=said) as caught:
        bring(endpoint)
    assert "HF_ENDPOINT" in str(caught.value)
    assert "--from" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("status", "hint"), [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "--from"), (410, "--from")])
def test_a_file_that_the_hub_does_not_give_is_said_with_its_address(bring, status: int, hint: str):
    with hub(Hub(ZIP, status=status)) as mirror, pytest.raises(FetchError, match=f"HTTP {status}") as caught:
        bring(mirror.url)
    assert f"{mirror.url}/datasets/InstaDeepAI/og-marl/resolve/main/{NAME}" in str(caught.value)
    assert hint in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_server_that_is_no_hub_is_said_in_one_line(bring):
    with hub(Hub(b"<html>hello</html>", status=204)) as mirror, pytest.raises(FetchError, match="X-Repo-Commit"):
        bring(mirror.url)


def test_bytes_that_have_not_the_hash_that_the_hub_says_are_not_taken_nor_kept(tmp_path, bring):
    with hub(Hub(ZIP, sha256="0" * 64)) as mirror, pytest.raises(FetchError, match="as the server says"):
        bring(mirror.url)
    assert not list((tmp_path / "cache").rglob("*.zip"))
    with hub(Hub(ZIP)) as mirror:
        assert bring(mirror.url).sha256 == SHA256


def test_a_file_published_anew_is_refused_by_the_hash_of_the_first(bring):
    with hub(Hub(ZIP)) as mirror:
        bring(mirror.url).discard()
        mirror.content = zipped(1)
        with pytest.raises(ChangedDataError, match=SHA256):
            bring(mirror.url)


def test_a_page_in_the_place_of_the_file_is_seen_through(bring):
    with hub(Hub(b"<!doctype html>log in")) as mirror, pytest.raises(FetchError, match="no zip archive"):
        bring(mirror.url)


def test_offline_the_cache_is_enough_and_nobody_is_asked(bring, monkeypatch):
    with hub(Hub(ZIP)) as mirror:
        bring(mirror.url)
        asked = len(mirror.asked)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert bring(mirror.url).path.read_bytes() == ZIP
        assert len(mirror.asked) == asked


def test_offline_without_the_file_says_which_setting_forbids_the_network(bring, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with hub(Hub(ZIP)) as mirror, pytest.raises(FetchError, match="HF_HUB_OFFLINE is set, and the file is not in"):
        bring(mirror.url)
    assert mirror.asked == []


def test_a_network_that_went_away_does_not_matter_to_a_file_in_the_cache(bring):
    with hub(Hub(ZIP)) as mirror:
        bring(mirror.url)
    assert bring(mirror.url).path.read_bytes() == ZIP


def test_a_disk_without_room_is_seen_before_a_byte_is_taken(bring, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 150_000, 150_000))
    with hub(Hub(ZIP)) as mirror, pytest.raises(NoRoomError, match=r"to download a\.zip"):
        bring(mirror.url, room_afterwards=1.0)
    assert "GET" not in {method for method, _, _ in mirror.asked}


def test_what_the_cache_had_before_stays_and_what_was_brought_goes(bring):
    with hub(Hub(ZIP)) as mirror:
        file = bring(mirror.url)
        bring(mirror.url).discard()
    assert file.path.exists()
    file.discard()
    assert not file.path.exists()


def test_published_data_come_from_the_hub_unless_another_place_is_named(tmp_path, monkeypatch):
    with hub(Hub(ZIP, status=404)) as mirror, monkeypatch.context() as patched:
        patched.setenv("HF_ENDPOINT", mirror.url)
        with pytest.raises(FetchError, match="HTTP 404"):
            list(fetch_task("2ant", tmp_path / "data"))
    assert mirror.tokens == {f"Bearer {TOKEN}"}
