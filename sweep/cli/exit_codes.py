"""Exit codes of all commands. Errors that we raise on purpose become clear text here."""

from __future__ import annotations

import errno
import sys
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.sweep.cli.streams import READER_GONE, say, tell, warn
from recipe_sweep.sweep.files.overlooked import Overlooked, overlooked


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILURE = 1
    """Some runs failed, or a problem was found, or Ray could not go on."""
    BAD_INPUT = 2
    """Something in the grid, a file, a directory or an option is wrong; nothing was done."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM; the same command continues from there."""
    READER_GONE = READER_GONE
    """The program that read the output, such as `head`, ended first."""


_PATH_ERRORS = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)


class Group(TyperGroup):
    """Prints its help if it is called without anything. That is no mistake, so the exit code is 0."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            say(ctx.get_help())
            ctx.exit(ExitCode.OK)
        return list(super().parse_args(ctx, args))


class Commands(Group):
    """Turns errors that we raise on purpose, and errors of the system, into clear text and an exit code.

    At its end a command names the damaged files that it ignored.
    """

    def invoke(self, ctx: Any) -> Any:
        with overlooked() as heard:
            try:
                return self._invoke(ctx, heard)
            except BrokenPipeError as error:
                raise typer.Exit(ExitCode.READER_GONE) from error
            finally:
                heard.tell(warn)

    def _invoke(self, ctx: Any, heard: Overlooked) -> Any:
        try:
            return super().invoke(ctx)
        except RecipeSweepError as error:
            _complain(error)
            for problem in getattr(error, "problems", ()):
                heard.silence(problem.file)
            raise typer.Exit(error.exit_code) from error
        except _PATH_ERRORS as error:
            _complain(f"{error.filename or 'path'}\n  found     {error.strerror}\n  expected  a path that can be used")
            raise typer.Exit(ExitCode.BAD_INPUT) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                _complain(
                    f"{cut(str(error.filename))}\n  found     a name that is too long\n  expected  a path that can be used"
                )
                raise typer.Exit(ExitCode.BAD_INPUT) from error
            _complain(
                f"{error.filename or 'a file'}: {error.strerror}\n"
                "  hint      free some space, or repair the disk or the network; "
                "no finished work is lost, the same command continues"
            )
            raise typer.Exit(ExitCode.FAILURE) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(ExitCode.INTERRUPTED) from error


def _complain(error: object) -> None:
    tell(f"error: {error}", file=sys.stderr)
