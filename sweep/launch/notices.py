"""Tells a person how a launch goes: at its end, when runs are given up, and at half of the budget.

The address is a secret, because whoever has it can write there. It is only in an environment variable, and never printed. A
notice that cannot be sent costs one line, and changes nothing else.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from recipe_sweep.cluster.notice import Notice
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.launch.supervisor import Display
from recipe_sweep.sweep.monitoring.status import SweepStatus

PREFIX = "env:"
WAIT_S = 20.0
"""Seconds that a launch waits at its end for notices that are still being sent."""
_NAME = re.compile(r"env:([A-Za-z_]\w*)", re.ASCII)


def variable_of(option: str) -> str:
    """Return the name of the variable that `--notify` gives. Raises UserInputError, without repeating what was found."""
    match = _NAME.fullmatch(option)
    if match is None:
        raise UserInputError(
            Problem(
                "--notify",
                found="a text that is not env:NAME; it is not repeated here, because it may be a secret",
                expected="env:NAME, the name of an environment variable that has the address",
                hint="an address on a command line can be read by every user of the machine",
            )
        )
    return match[1]


def why_not(variable: str) -> Problem | None:
    """Say why nobody can be told at the address in a variable; None if somebody can be."""
    if not os.environ.get(variable):
        hint = f"export {variable}=ntfy://MY-TOPIC, for example"
        return Problem(f"{PREFIX}{variable}", None, "", "no such variable here, or an empty one", "an address in it", hint)
    if importlib.util.find_spec("apprise") is None:
        return Problem("apprise", found="nothing of that name here", expected="a package: pip install 'recipe-sweep[notify]'")
    if not len(_addresses(variable)):
        expected = "an address that apprise understands, such as mailto://, slack:// or ntfy://"
        return Problem(f"{PREFIX}{variable}", found="an address that is none; it is not repeated here", expected=expected)
    return None


class Notices:
    """Sends notices beside a launch. `warn` prints a line about those that could not be sent."""

    def __init__(self, variable: str | None, name: str, warn: Callable[[str], None]) -> None:
        self._variable, self._name, self._warn = variable, name, warn
        self._addresses = None if variable is None else _addresses(variable)
        self._sending: list[threading.Thread] = []
        self._lost = 0

    def send(self, title: str, body: str) -> None:
        """Send a notice, without waiting for it. Do nothing if nobody is to be told."""
        if self._variable is not None:
            thread = threading.Thread(target=self._send, args=(f"{self._name}: {title}", body), daemon=True)
            self._sending.append(thread)
            thread.start()

    def close(self) -> None:
        """Wait until all notices are sent, but not for long. Say so if some were not."""
        for thread in self._sending:
            thread.join(WAIT_S / len(self._sending))
        lost = self._lost + sum(thread.is_alive() for thread in self._sending)
        if lost:
            self._warn(f"{lost} of {len(self._sending)} notices to {PREFIX}{self._variable} could not be sent")

    def _send(self, title: str, body: str) -> None:
        assert self._addresses is not None
        try:
            sent = self._addresses.notify(title=title, body=body)
        except Exception:  # noqa: BLE001 (a library of many services; its errors may have the address in them)
            sent = False
        self._lost += not sent


class NoticedDisplay:
    """A display that also sends notices: once when a run is given up, and once at half of the budget."""

    def __init__(self, display: Display, notices: Notices, notice: Notice, line: Callable[[SweepStatus], str]) -> None:
        self._display, self._notices, self._line = display, notices, line
        self._half_at = _half(notice, datetime.now(UTC))
        self._failed: int | None = None
        self._told_failed = False

    def show(self, status: SweepStatus) -> None:
        """Show the state, and send what has become true since."""
        self._display.show(status)
        self._failed = status.failed if self._failed is None else self._failed
        if status.failed > self._failed and not self._told_failed:
            self._told_failed = True
            self._notices.send("gave up the first run", self._line(status))
        if self._half_at is not None and datetime.now(UTC) >= self._half_at:
            self._half_at = None
            self._notices.send("half of the budget is used", self._line(status))

    def tell(self, text: str) -> None:
        self._display.tell(text)


def _half(notice: Notice, now: datetime) -> datetime | None:
    """Compute when half of the budget is used; None if no budget is known, or if that was before this launch."""
    if notice.budget_hours is None:
        return None
    at = (notice.up_since or now) + timedelta(hours=notice.budget_hours / 2)
    return at if at > now else None


def _addresses(variable: str) -> Any:
    """Read the addresses in a variable. The library's log is switched off, because it may have them in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Services of the library import old modules.
        import apprise

        logging.getLogger("apprise").disabled = True
        found = apprise.Apprise()
        found.add(os.environ.get(variable, ""))
    return found
