"""Ray's cluster launcher: its command lines for a file that it understands."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.cluster.backends.base import Command


def up(config: Path) -> Command:
    """Start the head of the cluster that a file describes."""
    return ("ray", "up", "--yes", str(config))


def launch(config: Path, shell: str) -> Command:
    """Run a shell command on the head, detached from this terminal. Afterwards end the whole cluster."""
    return ("ray", "exec", "--tmux", "--stop", str(config), shell)


def status(config: Path) -> Command:
    """Ask the head for its nodes."""
    return ("ray", "exec", str(config), "ray status")


def down(config: Path) -> Command:
    """End every machine of the cluster."""
    return ("ray", "down", "--yes", str(config))
