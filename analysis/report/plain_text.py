"""Escapes names and messages of a sweep for Markdown and LaTeX, so that no letter is read as markup.

HTML needs nothing here, because its templates escape all values.
"""

from __future__ import annotations

import re
import unicodedata

_MARKDOWN = re.compile(r"[\\`*|]|<(?=[A-Za-z/!?])|\](?=[(\[:])")
"""Begin or end of markup. `<` and `]` count only before a possible tag or link, because intervals are in brackets."""

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {letter: "\\" + letter for letter in "&%$#_{}"}
_LATEX |= {"|": r"$|$", "<": "$<$", ">": "$>$", "\N{SUPERSCRIPT TWO}": r"$^2$", "\N{EN DASH}": "--", "\N{EM DASH}": "---"}
_LATEX |= {"\N{GREEK SMALL LETTER ALPHA}": r"$\alpha$", "\N{GREEK SMALL LETTER TAU}": r"$\tau$"}
_LATEX |= {"\N{GREEK SMALL LETTER SIGMA}": r"$\sigma$", "\N{LATIN SMALL LETTER SHARP S}": r"\ss{}", "\N{NO-BREAK SPACE}": "~"}
_LATEX |= {"\N{LEFT SINGLE QUOTATION MARK}": "`", "\N{RIGHT SINGLE QUOTATION MARK}": "'"}
_LATEX |= {"\N{LEFT DOUBLE QUOTATION MARK}": "``", "\N{RIGHT DOUBLE QUOTATION MARK}": "''"}

_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"'}
_ACCENTS |= {"\u030a": "r", "\u030c": "v", "\u0327": "c"}


def in_markdown(text: str) -> str:
    """Escape text so that Markdown shows it unchanged, on one line, even in the cell of a table."""
    return _MARKDOWN.sub(lambda found: "\\" + found[0], _one_line(text))


def in_latex(text: str) -> str:
    """Escape text so that LaTeX prints it unchanged, in ASCII alone. A letter that LaTeX lacks becomes its code point."""
    return "".join(_LATEX.get(letter) or _latex_letter(letter) for letter in _one_line(text))


def as_latex_label(text: str) -> str:
    """Make a text valid in a `\\label`: letters that mean something to LaTeX become dashes."""
    return re.sub(r"[^A-Za-z0-9_.:-]", "-", text)


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text)


def _latex_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    parts = unicodedata.normalize("NFKD", letter)
    if len(parts) == 2 and parts[0].isalpha() and parts[0].isascii() and parts[1] in _ACCENTS:
        return f"\\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"[U+{ord(letter):04X}]"
