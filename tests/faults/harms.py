"""What is done to a sweep between two launches, and what the launch after it must do: go on, or say what is wrong and stop."""

from __future__ import annotations

import os
import random
import re
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.monitoring.doctor import examine
from tests.faults.works import Work
from tests.sweep.launch.test_start_watch import BROKEN


class Harm(StrEnum):
    """A kind of damage."""

    DATA = "data changed"
    """One bit of a dataset."""
    TORN = "file torn"
    """Some JSON file of the sweep, cut in half."""
    NO_WORKER = "no worker starts"
    """A library of the workers is broken."""


HARMS = {
    Work.REHEARSAL: (Harm.TORN, Harm.NO_WORKER, Harm.TORN),
    Work.REAL: (Harm.DATA, Harm.TORN, Harm.NO_WORKER, Harm.TORN, Harm.DATA),
    Work.SEARCH: (Harm.DATA, Harm.TORN),
    Work.RETRY: (Harm.TORN,),
    Work.DEFAULT: (Harm.TORN, Harm.DATA),
}
"""What each sweep of a kind suffers, one after another, each after a launch that was killed."""

_FOLDERS = ("packs", "attempts", "failures", "progress", "launches", "lease", "search")
_HASH = re.compile(r"\b[0-9a-f]{12,64}\b")


class Done(NamedTuple):
    """A harm that was done: the file that it was done to, and what that was before and is after."""

    harm: Harm
    file: Path | None
    before: bytes
    after: bytes
    environment: dict[str, str]

    def fault(self, code: int, said: str) -> str | None:
        """What is wrong with how the next launch ended: it must not train on it, and must name it; or need not mind."""
        match self.harm:
            case Harm.DATA:
                fine = code == ExitCode.BAD_INPUT and len(set(_HASH.findall(said))) >= 2
            case Harm.NO_WORKER:
                fine = code == ExitCode.FAILURE and "no worker could be started" in said
            case Harm.TORN:
                assert self.file is not None
                fine = code == ExitCode.BAD_INPUT and self.file.name in said
        fine = fine and "Traceback" not in said
        return None if fine else f"{self.harm} ({self.file}): exit code {code}, and it said: {said[-1500:]}"

    @property
    def may_be_borne(self) -> bool:
        """Whether a launch may go on in spite of it."""
        return self.harm is Harm.TORN

    def seen_to(self, paths: SweepPaths) -> list[str]:
        """Move a file away that launches went on without, as the doctor says. Returns what is wrong."""
        if self.file is None or not self.file.exists() or self.file.read_bytes() != self.after:
            return []  # Written anew since.
        told = [finding.text for finding in examine(paths) if str(self.file) in finding.text]
        self.file.unlink()
        return [] if told else [f"{self.harm}: the doctor says nothing of {self.file}"]

    def mend(self) -> None:
        """Do what a user does who was told."""
        if self.file is not None:
            self.file.write_bytes(self.before)


def harm(kind: Harm, paths: SweepPaths, data: Path, chance: random.Random) -> Done | None:
    """Do it; None where there is nothing yet to do it to."""
    match kind:
        case Harm.NO_WORKER:
            broken = paths.root.with_name(f"{paths.root.name}-broken")
            broken.mkdir(exist_ok=True)
            (broken / "numpy.py").write_text(BROKEN)
            return Done(kind, None, b"", b"", {"PYTHONPATH": os.pathsep.join([str(broken), os.environ["PYTHONPATH"]])})
        case Harm.DATA:
            files = sorted(data.rglob("*.npy"))
        case Harm.TORN:
            files = sorted(file for folder in _FOLDERS for file in (paths.root / folder).rglob("*.json"))
            files += [paths.root / "sweep.json"] if (paths.root / "sweep.json").exists() else []
    if not files:
        return None
    file = chance.choice(files)
    before = file.read_bytes()
    torn = before[: len(before) // 2]
    flipped = bytes([*before[: len(before) // 2], before[len(before) // 2] ^ 1, *before[len(before) // 2 + 1 :]])
    after = torn if kind is Harm.TORN else flipped
    file.write_bytes(after)
    return Done(kind, file, before, after, {})
