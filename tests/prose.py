"""Finds sentences that readers would have to read twice: in docstrings, comments, what the program says, and documents."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.checkout import ROOT, python_files

LONGEST = 20
"""Words of a sentence."""

EXCEPTIONS = Path(__file__).with_name("prose_exceptions.txt")
"""Lines of `file: text  # reason`: places that may stay as they are."""

VERBS = frozenset((Path(__file__).with_name("prose_verbs.txt")).read_text(encoding="utf-8").split())
"""Verbs with which a function's docstring may begin; add the one that you need, if it says what the function does."""

RIDDLES = {
    "told from, tells from": re.compile(r"\b(?:told|tells?|telling) (?:\w+ ){0,2}?(?:from|apart)\b"),
    "for, where because is meant": re.compile(
        r"[a-z)`][,;] for (?!example|instance|each|every \w+ing|all|now|which|whom|that reason|use|\d)"
        r"(?=(?:\w+ ){1,8}(?:\w*s|are|have|was|were|can|may|would|must|will|do|never)\b)"
    ),
    "less, where minus is meant": re.compile(r"(?<!no |or )\bless (?:the|that of|those|what|its|another)\b"),
    "of X the Y": re.compile(r"(?:^|[.:;] )Of (?:\w+ ){1,4}(?:the|those|only|its|that)\b(?! \w+ of)"),
    "whatever is there, in one word": re.compile(
        r"\b(?:its like|their like|for want of|nought|save for|lest|thereof|wherein|hereby)\b"
    ),
}


class Found(NamedTuple):
    """A sentence that breaks a rule."""

    file: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.text}"


def sentences(text: str) -> Iterator[str]:
    """Split prose into sentences. Items of lists, cells of tables and what stands after a colon count for themselves."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(?: {4,}|#).*$", "", text, flags=re.MULTILINE) if "\n" in text else text
    text = re.sub(r"^.*[─│├└].*$", "", text, flags=re.MULTILINE)  # A drawing.
    text = re.sub(r"`[^`]*`", "`code`", text)
    text = re.sub(r"\]\([^)]*\)|\[|\]", "", text)
    for part in re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.) |\|", text):
        plain = " ".join(part.split())
        yield from filter(None, (piece.strip() for piece in re.split(r"(?<=[.!?])[)\"'*]* (?=\S)|(?<=[:;]) ", plain)))


def count(sentence: str) -> int:
    """Words of a sentence."""
    return len(re.findall(r"[A-Za-z][A-Za-z'-]*|\d[\d,.]*", sentence))


def of_text(text: str) -> Iterator[tuple[str, str]]:
    """Rules that a text breaks, each with the sentence."""
    for sentence in sentences(text):
        if count(sentence) > LONGEST:
            yield f"{count(sentence)} words", sentence
        for name, pattern in RIDDLES.items():
            if pattern.search(sentence):
                yield name, sentence


def of_python(source: str) -> Iterator[tuple[int, str, str]]:
    """Lines, rules and sentences of a Python file: docstrings, comments and texts that are printed."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and (text := ast.get_docstring(node)) is not None:
            docstrings.add(id(node.body[0].value))  # type: ignore[attr-defined]
            prose = re.sub(r"^>>> .*?(?:\n\n|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)  # examples are code
            yield from ((node.body[0].lineno, rule, sentence) for rule, sentence in of_text(prose))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_named_by_a_noun(node):
                first = text.split()[0].strip(".,:;")
                if first not in VERBS:
                    yield node.lineno, "begins with no verb", text.splitlines()[0]
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in docstrings | parts:
            text = _plain(node)
            if len(text.split()) > 5:
                yield from ((node.lineno, rule, sentence) for rule, sentence in of_text(text))
    for line, comment in comments(source):
        yield from ((line, rule, sentence) for rule, sentence in of_text(comment))


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Comments, those on lines below each other as one."""
    lines: list[str] = []
    begin = last = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(("#!", "# type:", "# noqa", "# fmt:")):
            if token.start[0] != last + 1 and lines:
                yield begin, " ".join(lines)
                lines = []
            begin = begin if lines else token.start[0]
            last = token.start[0]
            lines.append(token.string.lstrip("# ").split("  # ")[0])
    if lines:
        yield begin, " ".join(lines)


def _is_named_by_a_noun(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it reads like a field: a property."""
    names = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    return bool(names & {"property", "cached_property", "setter"})


def _plain(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)


def documents() -> list[Path]:
    """What is written by hand; docs/cli.md repeats help texts."""
    own = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")]
    return own + [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name != "cli.md"]


def all_found() -> list[Found]:
    """Every sentence that breaks a rule and is no exception."""
    found = []
    for path in python_files():
        name = str(path.relative_to(ROOT))
        found += [Found(name, *one) for one in of_python(path.read_text(encoding="utf-8"))]
    for path in documents():
        text = path.read_text(encoding="utf-8")
        found += [Found(str(path.relative_to(ROOT)), 0, *one) for one in of_text(text)]
    known = exceptions()
    return [one for one in dict.fromkeys(found) if (one.file, one.text) not in known]


def exceptions() -> dict[tuple[str, str], str]:
    """Reasons by file and sentence."""
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines() if EXCEPTIONS.exists() else []
    pairs = (line.partition("  # ") for line in lines if line.strip() and not line.startswith("#"))
    return {(place.partition(": ")[0], place.partition(": ")[2]): reason for place, _, reason in pairs}


if __name__ == "__main__":
    for one in all_found():
        print(one)
