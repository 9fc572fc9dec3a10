"""How commands print: signs as words where the terminal takes no UTF-8, and control characters shown, never obeyed.

Names, logs and messages come from files that others may write. A terminal obeys what is in them: it sets its title, clears the
screen, or shows a line that is not there. So all that commands print goes through `say` or `Screen`.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

WORDS = {
    "\N{GREEK SMALL LETTER ALPHA}": "alpha",
    "\N{GREEK SMALL LETTER TAU}": "tau",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
    "\N{GREEK SMALL LETTER GAMMA}": "gamma",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{UPWARDS ARROW}": "^",
    "\N{DOWNWARDS ARROW}": "v",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{MIDDLE DOT}": "*",
    "\N{BULLET}": "*",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
}
"""Signs that we print, and what stands for them."""

HANDLER = "recipe_sweep.words"

READER_GONE = 141
"""The exit code of a command whose reader ended first, as a shell reports it of any other program."""


def words_for_signs(error: UnicodeError) -> tuple[str, int]:
    """Put words in the place of signs that an encoding lacks; the number of the character in that of an unknown one."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(WORDS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking), error.end


def print_to_any_encoding() -> None:
    """Let the standard streams take whatever is printed."""
    codecs.register_error(HANDLER, words_for_signs)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # A stream that a test or a notebook put there has none.
        if reconfigure is not None:
            reconfigure(errors=HANDLER)


def flush_standard_streams() -> bool:
    """Write out what is still held back; whether its readers are there to take it.

    Of a reader that has gone nothing is said: else Python would complain of it, after the command, with a trace.
    """
    there = True
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where the command was started with it closed.
        try:
            stream.flush()
        except BrokenPipeError:
            there = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return there


_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters but newline and tab, and those that turn the direction of what is beside them."""


_ORDERS = re.compile("\x1b([\\]PX^_])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)")
"""Orders to the terminal that hold a text, such as its title or a link: all of them were written for it, not for a reader."""


def visible(text: str) -> str:
    """The text with every control character written out, as \\x1b; of an order to the terminal, its beginning."""
    text = _ORDERS.sub(lambda found: f"\\x1b{found[1]}...", text)
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: object = "", *, end: str = "\n", flush: bool = False, file: TextIO | None = None) -> None:
    """Print a text whose control characters are shown."""
    print(visible(str(text)), end=end, flush=flush, file=file)


def warn(sentence: str) -> None:
    """Say beside what was asked for, on the other stream, that something is not as it should be."""
    say(f"warning: {sentence}", file=sys.stderr)


def screen() -> Console:
    """The terminal, or what stands for one; of texts in tables too, control characters are shown."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Screen(Console):
        """Rich's own control sequences are segments of their own; texts are all the others."""

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(visible(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            with suppress(SystemExit):  # Rich would end with the code of a failure.
                super().on_broken_pipe()
            raise SystemExit(READER_GONE)

    return Screen()
