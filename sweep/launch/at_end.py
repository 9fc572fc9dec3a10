"""A command of the user that runs when a launch has ended. It comes from the command line alone, and runs without a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence

from recipe_sweep.search_spaces.errors import Problem, UserInputError

OUTCOME_VARIABLE = "RECIPE_SWEEP_ENDED"
"""An environment variable of the command. It says how the launch ended."""
_SHELL_WORDS = {"&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1"}


def command_words(text: str) -> Sequence[str]:
    """Split a command into its words. Raises UserInputError if it cannot run without a shell, or is not here."""
    expected, hint = (
        "a program of this machine with its arguments; it runs without a shell",
        "for more: --at-end \"sh -c '...'\"",
    )
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserInputError(Problem("--at-end", found=f"{text!r}: {error}", expected=expected, hint=hint)) from error
    if not words:
        raise UserInputError(Problem("--at-end", found="no command", expected=expected))
    special = next((word for word in words if word in _SHELL_WORDS or word.endswith(";")), None)
    if special is not None:
        raise UserInputError(Problem("--at-end", found=f"{special!r}, which only a shell knows", expected=expected, hint=hint))
    if shutil.which(words[0]) is None:
        raise UserInputError(Problem("--at-end", found=f"{words[0]!r}, which is no program here", expected=expected))
    return words


def run_at_end(words: Sequence[str], outcome: str, warn: Callable[[str], None]) -> None:
    """Run the command and wait for it. If it fails, say so in one line."""
    try:
        code = subprocess.run(  # noqa: S603 (words that the user typed for this launch, no shell)
            words, stdin=subprocess.DEVNULL, env=os.environ | {OUTCOME_VARIABLE: outcome}
        ).returncode
    except OSError as error:
        warn(f"--at-end: {words[0]} could not be started: {error.strerror}")
        return
    if code:
        warn(f"--at-end: {words[0]} ended with exit code {code}")
