"""`report --open` opens the page where somebody can see it, and says where it is elsewhere."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.actions.show_page import has_display, open_page


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def test_a_page_is_opened_where_there_is_a_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    open_page(tmp_path / "a page.html")
    assert opened == [(tmp_path / "a page.html").as_uri()]
    assert capsys.readouterr().out == ""


def test_without_a_display_the_path_is_said_and_nothing_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    open_page(tmp_path / "page.html")
    assert str(tmp_path / "page.html") in capsys.readouterr().out
    open_page(None)
    assert "no page" in capsys.readouterr().out
    assert opened == []


def test_a_display_is_known_by_the_environment() -> None:
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert not has_display({"DISPLAY": ""}, "linux")
    assert has_display({}, "darwin")
    assert not has_display({"SSH_CONNECTION": "1"}, "darwin")
