"""Prints for all commands: signs become words if the terminal takes no UTF-8, and control characters become visible text.

Names, logs and messages come from files that others may write. A terminal obeys control characters in them: it sets its title,
clears the screen, or shows a line that does not exist. So commands print everything through `say` or `Screen`.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from recipe_sweep.sweep.cli.folding import folded, parts, width_of

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
"""Signs that we print, and the words that replace them."""

WIDE = 10_000
"""Columns of a file or a pipe. Every table fits."""

HANDLER = "recipe_sweep.words"

READER_GONE = 141
"""The exit code of a command whose reader ended first, as a shell reports it of any other program."""


def words_for_signs(error: UnicodeError) -> tuple[str, int]:
    """Replace signs that an encoding lacks by words, or by the number of the character if there is no word."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(WORDS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking), error.end


def print_to_any_encoding() -> None:
    """Let the standard streams take every character."""
    codecs.register_error(HANDLER, words_for_signs)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # A stream that a test or a notebook put there has none.
        if reconfigure is not None:
            reconfigure(errors=HANDLER)


def flush_standard_streams() -> bool:
    """Write out what is still buffered; return whether the readers are still there.

    A reader that has gone is no error. Without this, Python would print a trace after the command.
    """
    there = True
    for stream in filter(None, (sys.stdout, sys.stderr)):  # A stream is None if it was closed when the command started.
        try:
            stream.flush()
        except BrokenPipeError:
            there = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return there


_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters except newline and tab, and characters that change the direction of text."""


_ORDERS = re.compile("\x1b([\\]PX^_])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)")
"""Commands to the terminal that contain text, such as its title or a link. Their text is not for a reader."""


def visible(text: str) -> str:
    """Write every control character out, as \\x1b, and only the beginning of a command to the terminal."""
    text = _ORDERS.sub(lambda found: f"\\x1b{found[1]}...", text)
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: object = "", *, end: str = "\n", flush: bool = False, file: TextIO | None = None) -> None:
    """Print a text with its control characters visible."""
    print(visible(str(text)), end=end, flush=flush, file=file)


def tell(text: object, *, flush: bool = False, file: TextIO | None = None) -> None:
    """Print sentences as `say`. Those that are too long for the terminal are folded between words."""
    say(folded(visible(str(text)), width_of(file or sys.stdout)), flush=flush, file=file)


def warn(sentence: str) -> None:
    """Print a warning to standard error."""
    tell(f"warning: {sentence}", file=sys.stderr)


def screen() -> Console:
    """Return the terminal, or the stream in its place. Control characters are visible in tables too.

    Sentences are folded as by `tell`. In a file or a pipe a table is as wide as its cells, and nothing is folded.
    """
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

    class Screen(Console):
        """Shows control characters in every segment that is text. Rich marks its own control sequences as such."""

        def print(self, *objects: Any, **keywords: Any) -> None:
            texts = {name: value for name, value in keywords.items() if name in ("markup", "highlight")}
            if objects and all(isinstance(each, str) for each in objects):
                keywords["soft_wrap"] = True
            super().print(*(self._sentence(each, texts) for each in objects), **keywords)

        def _sentence(self, each: Any, texts: dict[str, Any]) -> Any:
            if not isinstance(each, str):
                return each
            lines = self.render_str(each, **texts).split("\n", allow_blank=True)
            width = self.width
            return Text("\n").join(
                Text(" " * part.indent).append_text(line[part.start : part.end])
                for line in lines
                for part in parts(line.plain, width)
            )

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(visible(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            with suppress(SystemExit):  # Rich would exit with the code of a failure.
                super().on_broken_pipe()
            raise SystemExit(READER_GONE)

    made = Screen()
    if not (made.is_terminal or made.is_jupyter or os.environ.get("COLUMNS")):
        made.width = WIDE
    return made
