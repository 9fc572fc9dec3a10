"""A terminal or a log that takes no UTF-8 gets words for signs, and never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from recipe_sweep.sweep.cli.streams import HANDLER, WORDS, print_to_any_encoding

ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "koi8-r", "shift_jis", "iso8859-7"]


def printed(text: str, encoding: str) -> str:
    print_to_any_encoding()
    there = io.BytesIO()
    with io.TextIOWrapper(there, encoding=encoding, errors=HANDLER) as stream:
        stream.write(text)
        stream.flush()
        return there.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_sign_that_we_print_can_be_read(encoding: str) -> None:
    for sign, word in WORDS.items():
        assert printed(f"a{sign}b", encoding) in (f"a{sign}b", f"a{word}b")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_other_character_is_told_by_its_number(encoding: str) -> None:
    text = printed("run \N{SNOWMAN} \U0001f600 of M\u00fcller", encoding)
    assert "\\u2603" in text
    assert "\\U0001f600" in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "words", [["recommend", "figure7"], ["recommend", "figure7", "--json"], ["plan", "figure7"], ["--help"]]
)
def test_commands_end_well_whatever_the_terminal_takes(encoding: str, words: list[str]) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "recipe_sweep.sweep.cli.main", *words]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    done.stdout.decode(encoding)
