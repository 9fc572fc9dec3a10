"""The kinds of files in a sweep's directory: what each is, and what to do if one cannot be read.

A reader names the kind of file that it reads. So every command describes a damaged file in the same words.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError

DAMAGED_SUFFIX = ".damaged"
"""Suffix of a file that was moved away. No reader looks at such a name."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file. `pattern` says where such files are in the sweep's directory.

    `follows` says what happens when a reader continues without the file. `remedy` says what the user can do. A command that
    moves the file away is added to it.
    """

    title: str
    pattern: str
    follows: str
    remedy: str

    def damaged(self, path: Path, found: str) -> DamagedFileError:
        """Make the error for a damaged file of this kind."""
        away = shlex.join(["mv", "--", str(path), f"{path}{DAMAGED_SUFFIX}"])
        return DamagedFileError(path, found, self.title, self.follows, f"{self.remedy}: {away}")

    def refused(self, path: Path, error: OSError) -> DamagedFileError:
        """Make the error for a file of this kind that the system does not let us read."""
        remedy = "make it readable, or mend the disk: nothing needs to be moved"
        return DamagedFileError(path, f"a file that cannot be read ({error.strerror})", self.title, self.follows, remedy)

    def newer(self, path: Path, version: int, known: int) -> DamagedFileError:
        """Make the error for a file of this kind that a newer recipe-sweep wrote."""
        found = f"one of schema version {version}, where versions up to {known} are known"
        remedy = "a newer recipe-sweep wrote this file: use that one for this sweep"
        return DamagedFileError(path, found, self.title, self.follows, remedy)


SWEEP = FileKind(
    "the sweep's file", "sweep.json", "nothing is known of this sweep",
    "restore it from a copy; or move it away and launch the grid again with the same --dir, results are kept",
)  # fmt: skip
RESULTS = FileKind(
    "the results of a pack", "results/*.parquet", "it is left out, and its runs wait",
    "move it away, and the next launch trains its runs again",
)  # fmt: skip
WEIGHTS = FileKind(
    "the weights of a pack", "weights/[!.]*.safetensors", "nothing that needs them is shown",
    "move it away, and the next launch trains its runs again",
)  # fmt: skip
PACK = FileKind(
    "the record of a started pack", "packs/[!.]*.json", "what it says is left out",
    "restore it from a copy; or move it away, and its runs are planned again and train from their start",
)  # fmt: skip
ATTEMPT = FileKind(
    "the record of an attempt at a pack", "attempts/*/[!.]*.json", "the attempt is left out",
    "move it away, because no result depends on it",
)  # fmt: skip
CLAIM = FileKind(
    "the claim of a pack", "attempts/*/claim", "who has the pack is not known",
    "make sure that no launch is at work on this sweep, then move it away",
)  # fmt: skip
FAILURE = FileKind(
    "the record of a failure", "failures/*/[!.]*.json", "the attempt counts as failed, and its cause is not shown",
    "move it away, and the attempt no longer counts as failed",
)  # fmt: skip
LEASE = FileKind(
    "the record of who launches", "lease/[0-9]*.json", "whether a launch is at work is not known",
    "make sure that no launch is at work on this sweep, then move it away",
)  # fmt: skip
LOCK = FileKind(
    "the lock of the lease", "lease/lock", "no launch can begin",
    "make sure that no launch is at work on this sweep, then move it away",
)  # fmt: skip
HEARTBEAT = FileKind(
    "a launch's sign of life", "lease/[0-9]*.heartbeat", "the launch seems dead from other machines",
    "make sure that no launch is at work on this sweep, then move it away",
)  # fmt: skip
LAUNCH = FileKind(
    "the plan of a launch", "launches/" + "[0-9]" * 6 + "*.json", "what it says is left out",
    "move it away, because no later launch depends on it",
)  # fmt: skip
ESTIMATE = FileKind(
    "the estimate of a launch", "launches/[0-9]*.estimate.json", "the launch is not scored",
    "move it away, because no launch depends on it",
)  # fmt: skip
OUTCOME = FileKind(
    "the outcome of a launch", "launches/[0-9]*.outcome.json", "the launch is not scored",
    "move it away, because no launch depends on it",
)  # fmt: skip
ON_CLUSTER = FileKind(
    "the note that the sweep runs on a cluster", "on_cluster.json", "whether it runs there is not known",
    "make sure that no cluster is at work on this sweep, then move it away",
)  # fmt: skip
WAY = FileKind(
    "the way that packs travel", "launches/[0-9]*.way", "the launch does not tell it",
    "move it away, because no launch depends on it",
)  # fmt: skip
OFFERS = FileKind(
    "the list of packs to take", "launches/[0-9]*.offers", "no pack is taken until the launch writes it again",
    "move it away, because the launch writes it again",
)  # fmt: skip
ROUND = FileKind(
    "a round of the search", "search/[0-9]*.json", "its trials are left out, and the search waits",
    "restore it from a copy; or move it and all later rounds away: they are asked for again, and no finished run is lost",
)  # fmt: skip
CODE = FileKind(
    "the source of a version", "code/[!.]*.tar.gz", "the source of its runs is not here",
    "move it away, because no result depends on it; a launch with that version writes it again",
)  # fmt: skip
CALIBRATION = FileKind(
    "how fast this machine trains", "calibration.json", "estimates do without it",
    "measure again with `recipe-sweep plan --calibrate`, or move it away",
)  # fmt: skip
PROGRESS = FileKind(
    "the progress of a pack", "progress/[!.]*.json", "the pack is not shown as running",
    "move it away, because the pack writes it again",
)  # fmt: skip
INDEX = FileKind(
    "the index of the results", "index/done.json", "all results are read instead",
    "move it away, because it is made again",
)  # fmt: skip
STORED = FileKind(
    "the list of what is stored", "index/stored.txt", "it is fetched again",
    "move it away, because it is made again",
)  # fmt: skip
CHECKPOINT = FileKind(
    "the checkpoint of a pack", "checkpoints/*/*.json", "the pack continues from the one before, or from its start",
    "move it away, because no result depends on it",
)  # fmt: skip
LOG = FileKind("a log", "logs/**/*.log", "it is not shown", "move it away, because nothing depends on it")
