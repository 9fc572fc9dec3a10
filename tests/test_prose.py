"""What is read by people whose first language is not English can be read once: docstrings, comments, messages, documents."""

from __future__ import annotations

import pytest

from tests import prose


def test_no_sentence_has_to_be_read_twice() -> None:
    found = [str(one) for one in prose.all_found()]
    assert not found, f"{len(found)} sentences; `python -m tests.prose` lists them:\n" + "\n".join(found[:20])


def test_every_exception_has_a_reason_and_is_still_there() -> None:
    """An exception whose sentence is gone would excuse the next one."""
    for (file, text), reason in prose.exceptions().items():
        assert reason.strip(), f"{file}: {text}"
        path = prose.ROOT / file
        assert path.exists(), file
        source = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            sentences = [sentence for _, _, sentence in prose.of_python(source)]
        else:
            sentences = [sentence for _, sentence in prose.of_text(source)]
        assert text in sentences, f"{file} has no such sentence any more: {text}"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" ".join(["word"] * 21) + ".", "21 words"),
        ("These runs cannot be told from noise.", "told from"),
        ("The worker stops, for the launch has ended.", "because is meant"),
        ("It is the score of AWR less that of BRAC.", "minus is meant"),
        ("Of several values the first counts.", "of X the Y"),
    ],
)
def test_a_riddle_is_found(text: str, rule: str) -> None:
    assert any(rule in name for name, _ in prose.of_text(text)), text


@pytest.mark.parametrize(
    "text",
    [
        "It is small, for example 3.",
        "Fewer than four seeds give no interval.",
        "| a table | of cells | " + " | ".join(["cell"] * 30),
        "First sentence of seven words in all. " * 5,
    ],
)
def test_plain_sentences_pass(text: str) -> None:
    assert not list(prose.of_text(text))


def test_docstrings_comments_and_messages_are_all_looked_at() -> None:
    long = " ".join(["word"] * 21)
    source = f'"""{long}."""\n# {long}\nx = f"{long} {{y}}"\n\n\ndef f():\n    """The thing."""\n'
    assert [rule for _, rule, _ in prose.of_python(source)] == ["21 words", "begins with no verb", "22 words", "21 words"]
