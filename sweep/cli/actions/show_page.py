"""Opens a page in a browser, where there is a display."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from recipe_sweep.sweep.cli.streams import tell


def open_page(page: Path | None) -> None:
    """Open a page in the user's browser. Without a page or a display, only say so."""
    if page is None:
        tell("there is no page to open")
    elif not has_display(os.environ, sys.platform):
        tell(f"no display here; open it yourself: {page.resolve()}")
    else:
        _open(page.resolve())


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Say whether a browser could show a window. A text browser would take over the terminal, so it does not count."""
    if platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in environment
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.as_uri()):
        tell(f"no browser could be started; open it yourself: {page}")
