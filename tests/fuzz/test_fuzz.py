"""Whatever is typed, whatever a file holds: an answer or one clear refusal, soon, and nothing written where it is refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.checkout import ROOT
from tests.fuzz.cases import Case, Degree, Maker
from tests.sweep import stand_in
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

LONG, SHORT = 500, 40
MOST_LINES = 80
"""Of a refusal; more fills a terminal."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Commands:
    """The server that runs them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, words: tuple[str, ...], home: Path) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"words": words, "home": str(home)}), file=self._process.stdin, flush=True)
        return dict(json.loads(self._process.stdout.readline()))


@contextmanager
def commands(data: Path) -> Iterator[Commands]:
    """Commands whose packs are trained by the stand-in, and whose home is not the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    own = {"RECIPE_SWEEP_WORKLOAD": stand_in.NAME, "RECIPE_SWEEP_DATA": str(data), "HOME": str(data), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.server"],
        cwd=ROOT,
        env=kept | own | {"XDG_CACHE_HOME": str(data), "COLUMNS": "100"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Commands(process)
        assert process.stdin is not None
        process.stdin.close()


def tree(home: Path) -> dict[str, str]:
    """What is in a directory, by content; of special files, that they are there."""
    found = {}
    for path in sorted(home.rglob("*")):
        content = (
            path.read_bytes() if path.is_file() and not path.is_symlink() else os.readlink(path) if path.is_symlink() else ""
        )
        found[str(path)] = hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()
    return found


def faults(case: Case, answer: dict[str, Any], before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """Everything that is wrong with how a command ended."""
    said = str(answer["said"])
    if answer["hung"]:
        yield "it hung"
    elif answer["code"] not in set(ExitCode):
        yield f"exit code {answer['code']} after {answer['cpu_s']:.1f} s of processor time"
    if "Traceback" in said and case.words[0] != "logs":
        yield "a traceback"
    if CONTROL.search(said):
        yield f"control characters: {CONTROL.findall(said)[:5]!r}"
    if answer["code"] == ExitCode.BAD_INPUT:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if changed:
            yield f"refused, and yet changed {changed[:5]}"
        if not re.search(r"(?m)^(error: |Usage: )", said):
            yield "a refusal that does not begin with `error:`"
    if answer["code"] != ExitCode.OK and not said.strip():
        yield "it said nothing"
    if answer["code"] == ExitCode.BAD_INPUT and len(said.splitlines()) > MOST_LINES:
        yield f"a refusal of {len(said.splitlines())} lines"
    if case.degree is Degree.VALID and answer["code"] != ExitCode.OK:
        yield f"a valid input was refused with exit code {answer['code']}"


def fuzz(home: Path, patch: pytest.MonkeyPatch, numbers: range, seed: int) -> tuple[list[str], Counter[str]]:
    """Run the cases of these numbers; returns what is wrong with them, and how often each command was typed."""
    model = home / "model"
    model.mkdir()
    stand_in_sweep(model, patch)
    call(*LAUNCH, "--dir", "sweep")
    call(*LAUNCH, "--dir", "stored", "--store", f"file://{model}/store")
    run_id = stand_in.trainings(model / "data")[0]
    maker, found, typed = Maker(model, run_id, seed), list[str](), Counter[str]()
    with commands(home / "data") as typing:
        for number in numbers:
            place = home / f"case-{number}"
            case = maker.make(number, place)
            before = tree(place)
            answer = typing.run(case.words, place)
            typed[" ".join(case.words[: 2 if case.words[0] in ("data", "cluster") else 1])] += 1
            for fault in faults(case, answer, before, tree(place)):
                found.append(
                    f"case {number} of seed {seed} ({case.kind}, {case.degree}): {fault}\n"
                    f"  recipe-sweep {' '.join(map(repr, case.words))[:400]}\n  {case.story[:700]}\n  {answer['said'][-1500:]}"
                )
    return found, typed


@pytest.mark.slow
def test_a_few_inputs_are_answered_or_refused_and_never_end_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = fuzz(tmp_path, monkeypatch, range(SHORT), seed=1)
    assert not found, "\n".join(found)


@pytest.mark.faults
def test_five_hundred_inputs_are_answered_or_refused_and_never_end_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`make test-fuzz`; FUZZ_SEED and FUZZ_INPUTS say which and how many."""
    inputs, seed = int(os.environ.get("FUZZ_INPUTS", LONG)), int(os.environ.get("FUZZ_SEED", "2"))
    found, typed = fuzz(tmp_path, monkeypatch, range(inputs), seed)
    with capfd.disabled():
        print(
            f"{inputs} inputs of seed {seed}, by command: "
            + ", ".join(f"{name} {count}" for name, count in typed.most_common())
        )
        print(f"{len(found)} faults" + "".join(f"\n{fault}" for fault in found))
    assert not found
