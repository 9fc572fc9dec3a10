"""Ways to spoil an input: values that no one expects, a text with one thing wrong, a file that is none."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

VALUES = (
    "", "null", "~", "true", "no", "-1", "0", "1", "1e300", "-1e300", "inf", "-inf", ".inf", "nan", ".nan", "1e-320", "0x10",
    "1_000",
    "10**15", str(10**15), "9" * 5000, "0.1", "-0.0", "cuda:99", "cuda:-1", "[]", "{}", "[[]]", "{a: {b: c}}", "[1, 2", "'",
    '"', "a: b: c",
    "vdn", "mix", "figure7", "../../etc/passwd", "/dev/zero", "s3://", "file:///", "s3://b/../../x", "\x1b[31mred\x1b[0m",
    "\x00", "\u202egnp",
    "é" * 50, "😀", "a" * 3000, "${HOME}", "$(touch pwned)", "`id`", "; rm -rf x", "%s%n", "<script>", "=1+1",
    "!!python/object:os.system x",
    "&a [*a]", "*nowhere", "<<: *x", "- - - -", "2026-11-30", "0-19999", "1:30", "\t", "?", "|", "---", "#",
)  # fmt: skip
"""Values, as they are typed or stand in YAML."""

NAMES = (
    "..", ".", "a/../../b", "..\\x", "-rf", "~", "", " ", "CON", "a" * 300, "\n", "\x1b[2J", "é", "%2e%2e", "sweep.json",
    "000001.json",
    "0000000000000000.parquet", "x.tmp", "9" * 30 + ".json",
)  # fmt: skip
"""Names of files and of objects in a store."""

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)
"""Nine to the power of nine, in a few lines."""


def spoil_text(text: str, chance: random.Random) -> bytes:
    """One thing is wrong with it (or, by chance, nothing that matters)."""
    lines = text.splitlines()
    place = chance.randrange(len(lines))
    line = lines[place]

    def with_line(*instead: str) -> str:
        return "\n".join([*lines[:place], *instead, *lines[place + 1 :]]) + "\n"

    def value() -> str:
        return with_line(f"{line.partition(':')[0]}: {chance.choice(VALUES)}")

    def inner_value() -> str:
        numbers = list(re.finditer(r"[\w.]+", line)) or [re.match("", line)]
        match = chance.choice(numbers)
        assert match is not None
        return with_line(line[: match.start()] + chance.choice(VALUES) + line[match.end() :])

    def key() -> str:
        name, colon, rest = line.partition(":")
        at = chance.randrange(len(name) + 1)
        return with_line(name[:at] + chance.choice("x_é -") + name[at + 1 :] + colon + rest)

    def byte() -> bytes:
        content = bytearray(text.encode())
        content[chance.randrange(len(content))] = chance.randrange(256)
        return bytes(content)

    changes: list[Callable[[], str | bytes]] = [
        value, inner_value, key, byte,
        lambda: with_line(),
        lambda: with_line(line, line),
        lambda: with_line(" " * chance.randrange(1, 5) + line),
        lambda: with_line(line.lstrip()),
        lambda: with_line("\t" + line),
        lambda: text[: chance.randrange(len(text))],
        lambda: text + chance.choice(VALUES),
        lambda: text.replace("\n", "\r\n"),
        lambda: "\ufeff" + text,
        lambda: text.encode("utf-16"),
        lambda: BOMB + text,
        lambda: with_line(f"{line.partition(':')[0]}: {'[' * 2000}{']' * 2000}"),
        lambda: with_line(f"{line.partition(':')[0]}: [{','.join(map(str, range(60000)))}]"),
        lambda: text + "# " + "x" * 2_000_000 + "\n",
        lambda: "",
        lambda: b"\x00" * 100,
        lambda: "\x1b]0;owned\x07" + text,
    ]  # fmt: skip
    spoilt = chance.choice(changes)()
    return spoilt if isinstance(spoilt, bytes) else spoilt.encode("utf-8", "surrogatepass")


def spoil_json(content: Any, chance: random.Random) -> Any:
    """The same with one value in it changed, or one key lost or added."""
    if isinstance(content, dict) and content:
        key = chance.choice(sorted(content))
        match chance.randrange(6):
            case 0:
                return {name: value for name, value in content.items() if name != key}
            case 1:
                return content | {"never_heard_of": 1}
            case _:
                return content | {key: spoil_json(content[key], chance)}
    if isinstance(content, list) and content and chance.random() < 0.7:
        at = chance.randrange(len(content))
        return [*content[:at], spoil_json(content[at], chance), *content[at + 1 :]]
    return chance.choice(
        [None, True, -1, 0, 1e300, 10**30, "", "..", "/etc/passwd", "\x1b[31m", "a" * 5000, [], {}, [[]], {"a": 1}, "99"]
    )


def spoil_file(path: Path, chance: random.Random) -> str:
    """Damage a file; returns how."""
    content = path.read_bytes() if path.is_file() else b""

    def special(make: Callable[[], None]) -> None:
        path.unlink()
        make()

    def deep() -> None:
        path.write_text("[" * 100_000 + "]" * 100_000)

    def mistyped() -> None:
        try:
            spoilt = json.dumps(spoil_json(json.loads(content), chance))
        except ValueError:
            spoilt = content[::-1].decode("latin-1")
        path.write_text(spoilt, encoding="utf-8")

    def flipped() -> None:
        at = chance.randrange(len(content)) if content else 0
        path.write_bytes(content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :])

    ways: dict[str, Callable[[], Any]] = {
        "emptied": lambda: path.write_bytes(b""),
        "cut": lambda: path.write_bytes(content[: len(content) // 2]),
        "garbled": lambda: path.write_bytes(chance.randbytes(300)),
        "nested": deep,
        "mistyped": mistyped,
        "one byte changed": flipped,
        "foreign": lambda: path.write_text('{"b": "keep"}'),
        "a FIFO": lambda: special(lambda: os.mkfifo(path)),
        "a directory": lambda: special(path.mkdir),
        "a dangling link": lambda: special(lambda: path.symlink_to("/nowhere/at/all")),
        "a link to a device": lambda: special(lambda: path.symlink_to("/dev/zero")),
        "a link to itself": lambda: special(lambda: path.symlink_to(path)),
        "gone": path.unlink,
    }
    how = chance.choice([*ways, "mistyped", "mistyped", "one byte changed"])
    ways[how]()
    return how
