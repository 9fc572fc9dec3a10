"""Tells the user how packs travel, if they do, and which disk has the only copy of their results."""

from __future__ import annotations

import socket
from pathlib import Path

from recipe_sweep.search_spaces.counted import agreeing
from recipe_sweep.sweep.files.way_file import ChosenWay, read_way
from recipe_sweep.sweep.planning.request import LaunchRequest

MOST_HOSTS = 3


class WayTold:
    """Tells it once, as soon as the engine has chosen."""

    def __init__(self, path: Path, request: LaunchRequest) -> None:
        self._path, self._request, self._known = path, request, False

    def look(self) -> str | None:
        """Return the sentence if there is one to tell now."""
        if self._known or (chosen := read_way(self._path)) is None:
            return None
        self._known = True
        return way_sentence(chosen, self._request) if chosen.way.through_gate else None


def way_sentence(chosen: ChosenWay, request: LaunchRequest) -> str:
    """Say why packs travel, how, and where the sweep is."""
    why = ""
    if chosen.unseen:
        more = f" and {len(chosen.unseen) - MOST_HOSTS} more" if len(chosen.unseen) > MOST_HOSTS else ""
        hosts = ", ".join(chosen.unseen[:MOST_HOSTS]) + more
        why = f"{hosts} {agreeing(len(chosen.unseen), 'does', 'do')} not see {request.paths.root} or its datasets: "
    if chosen.way.by_store and request.store is not None:
        return f"{why}checkpoints and weights travel by {request.store.address}, and everything small through Ray"
    only = "" if request.store is not None else ", whose disk has the only copy (`--store` keeps a second one)"
    return f"{why}packs travel through Ray to {socket.gethostname()}{only}"
