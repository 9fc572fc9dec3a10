"""Where no laboratory can be, its tests are skipped, and say what is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab.reasons import PROGRAMS, why_not


def reason() -> str:
    why_not.cache_clear()
    try:
        return why_not() or "nothing"
    finally:
        why_not.cache_clear()


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "only root" in reason()


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert all(program in reason() for program in PROGRAMS)


def test_a_root_that_may_not_make_namespaces_is_told_what_the_system_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for program in PROGRAMS:
        (tmp_path / program).write_text("#!/bin/sh\necho Operation not permitted >&2; exit 1\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Operation not permitted" in reason()
