"""Tells a person how a launch goes, and runs a command at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from recipe_sweep.cluster.notice import Notice
from recipe_sweep.search_spaces.errors import RecipeSweepError, UserInputError
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.cli.streams import warn
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.launch.at_end import command_words, run_at_end
from recipe_sweep.sweep.launch.notices import NoticedDisplay, Notices, variable_of, why_not
from recipe_sweep.sweep.launch.options import LaunchOptions
from recipe_sweep.sweep.launch.supervisor import Display
from recipe_sweep.sweep.monitoring.status import SweepStatus

_ENDS = {
    ExitCode.OK: "done",
    ExitCode.FAILURE: "ended, and not every run is done",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass
class Noticing:
    """What is noticed of one launch. `last` is the state of the sweep that was shown last."""

    notices: Notices
    notice: Notice
    last: SweepStatus | None = None

    def display(self, display: Display) -> Display:
        """Return a display that also sends notices."""
        return NoticedDisplay(display, self.notices, self.notice, self._line)

    def ended(self, status: SweepStatus) -> None:
        """Keep the state at the end of a launch."""
        self.last = status

    def end(self, title: str) -> None:
        """Send the last notice."""
        self.notices.send(title, "nothing was to do" if self.last is None else status_line(self.last))

    def _line(self, status: SweepStatus) -> str:
        self.last = status
        return status_line(status)


@contextmanager
def noticing(options: LaunchOptions, cluster: Cluster | None) -> Iterator[Noticing]:
    """Tell somebody how a launch ended, whichever way that is, and run the command of `--at-end`.

    Nothing follows a mistake of the user, because then nothing was started. No command follows an interruption. Raises
    UserInputError for an address or a command that cannot be used.
    """
    words = None if options.at_end is None else command_words(options.at_end)
    notice = Notice() if cluster is None else cluster.backend.notice()
    notices = Notices(_variable(options, notice), Path(options.reference.text).stem, warn)
    noticed, code, title = Noticing(notices, notice), ExitCode.FAILURE, "stopped by an error"
    try:
        yield noticed
        code, title = ExitCode.OK, _ENDS[ExitCode.OK]
    except typer.Exit as end:
        code = ExitCode(end.exit_code)
        title = _ENDS.get(code, title)
        raise
    except UserInputError:
        code = ExitCode.BAD_INPUT
        raise
    except RecipeSweepError:
        title = "gave up"
        raise
    except KeyboardInterrupt:
        code, title = ExitCode.INTERRUPTED, _ENDS[ExitCode.INTERRUPTED]
        raise
    finally:
        if code is not ExitCode.BAD_INPUT:
            noticed.end(title)
        notices.close()
        if words is not None and code in (ExitCode.OK, ExitCode.FAILURE):
            run_at_end(words, "done" if code is ExitCode.OK else "failed", warn)


def _variable(options: LaunchOptions, notice: Notice) -> str | None:
    """Return the variable that has the address; None to tell nobody.

    What was typed for this launch must work. A cluster file is for many machines, so there a lacking address is only said.
    """
    typed = None if options.notify is None else variable_of(options.notify)
    variable = typed or notice.variable
    problem = None if variable is None else why_not(variable)
    if problem is None:
        return variable
    if typed is not None:
        raise UserInputError(problem)
    warn(f"nobody will be told how this launch ends: {problem.file} is {problem.found}")
    return None
