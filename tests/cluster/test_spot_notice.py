from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import requests

from recipe_sweep.cluster.spot_notice import ENDPOINT_VARIABLE, InstanceMetadata, SpotNotice, listening
from tests.cluster.metadata_server import MetadataServer, metadata_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MetadataServer]:
    with metadata_server() as server:
        monkeypatch.setenv(ENDPOINT_VARIABLE, server.endpoint)
        yield server


def test_the_notice_is_read_with_a_token_that_is_kept_and_renewed_when_it_runs_out(server: MetadataServer) -> None:
    metadata = InstanceMetadata()
    assert metadata.spot_notice() is None
    server.give_notice()
    assert metadata.spot_notice() == SpotNotice("terminate", "2026-01-02T03:04:05Z")
    assert server.given == 1
    server.forget()
    assert metadata.spot_notice() is not None
    assert server.given == 2


def test_a_proxy_is_never_asked_for_the_metadata_of_this_machine(
    server: MetadataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    server.give_notice("stop")
    assert InstanceMetadata().spot_notice() == SpotNotice("stop", "2026-01-02T03:04:05Z")


def test_a_notice_is_heard_while_work_goes_on_and_told_once(server: MetadataServer) -> None:
    told: list[str] = []
    with listening(True, told.append, poll_s=0.02) as leaving:
        time.sleep(0.1)
        assert not leaving()
        server.give_notice()
        deadline = time.monotonic() + 20
        while not leaving():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert told == ["AWS will terminate this machine at 2026-01-02T03:04:05Z"]


def test_no_metadata_service_means_no_notice_and_is_told_once(server: MetadataServer) -> None:
    told: list[str] = []
    server.shutdown()
    server.server_close()
    with listening(True, told.append, poll_s=0.02) as leaving:
        time.sleep(0.3)
        assert not leaving()
    [only] = told
    assert "metadata service does not answer" in only
    with pytest.raises(requests.RequestException):
        InstanceMetadata().spot_notice()


def test_machines_that_are_not_of_aws_are_not_asked() -> None:
    before = threading.active_count()
    with listening(False, pytest.fail) as leaving:
        assert threading.active_count() == before
        assert not leaving()
