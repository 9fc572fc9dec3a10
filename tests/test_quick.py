"""The list of what `make test-quick` leaves out."""

from __future__ import annotations

import ast

from tests.checkout import ROOT
from tests.quick import Recorder, function_of, not_quick


def test_the_list_names_tests_that_exist() -> None:
    for name in not_quick():
        file, *parts = name.split("::")
        assert (ROOT / file).exists(), f"tests/not_quick.txt: {name}: no such file; run `make quick-list`"
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        generated = {"TestHistories", "runTest"}  # Hypothesis makes it of a state machine
        assert set(parts) <= names | generated, f"tests/not_quick.txt: {name}: no such test; run `make quick-list`"


def test_what_starts_a_process_and_what_takes_longest_is_left_out() -> None:
    recorder = Recorder()
    recorder.take("a.py::test_fast[1]", 10.0, False)
    recorder.take("a.py::test_fast[2]", 10.0, False)
    recorder.take("a.py::test_slow", 30.0, False)
    recorder.take("a.py::test_process", 0.1, True)
    assert recorder.left_out() == {"a.py::test_slow", "a.py::test_process"}
    assert function_of("a.py::test_fast[1]") == "a.py::test_fast"
