"""What is printed where the terminal or the file takes no UTF-8: words for signs, never a traceback."""

from __future__ import annotations

import codecs
import sys

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
