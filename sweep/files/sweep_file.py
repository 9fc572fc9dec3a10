"""`sweep.json`: what a sweep is, pinned when it is first launched.

It holds the grid as it was last launched, so that `status` and `report` need only the directory. It says which weights are
kept, and which versions home-made data have. It also holds two hashes of every dataset from its first use. Every later process
refuses data with other hashes. The content hash is in a dataset's card. The fingerprint is taken from its bytes, its
transitions and its reference returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from recipe_sweep.search_spaces.data_versions import DataVersions, first_versions
from recipe_sweep.search_spaces.point import FIRST_NUMERICS
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import SWEEP
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import read_json

SCHEMA_VERSION = 4
"""2 since there are fingerprints. An older release would drop them, and train without comparing.

3 since versions of home-made data are kept. An older release would use its own, and train every run again.

4 since numerics are kept. An older release would train every run again, with its own.
"""


@dataclass(frozen=True)
class Rehearsal:
    """Mark of a rehearsal, with the seconds that each of its runs pretends to take.

    `world` names the world of known truth that the results come from. The file of a plain rehearsal names none.
    """

    seconds_per_run: float = 0.0
    world: str | None = None

    def continuing(self, known: Rehearsal | None) -> Rehearsal:
        """Return this mark in the world of an earlier launch, if there was one."""
        return self if known is None else replace(self, world=known.world)


class DataPins(NamedTuple):
    """The pinned hashes of datasets, by dataset id."""

    contents: Mapping[str, str]
    fingerprints: Mapping[str, str]


NO_PINS = DataPins({}, {})


@dataclass(frozen=True)
class SweepFile:
    """The content of `sweep.json`.

    `grid` is the grid document with its overrides applied. `data_root` is the data directory. `word_sources` are the source
    hashes of plugins' words, by word, at their first use. `dataset_versions` are the versions of home-made data by task, at the
    first launch. They are None in sweeps from before versions were kept. `numerics` is the version of the numbers that its runs
    have. A file that does not say it is of a sweep with the first.

    `rehearsal` is None in a real sweep, and never changes. Real sweeps and rehearsals refuse each other's directories. `store`
    is the address of the store that also keeps the sweep's files, if there is one.
    """

    name: str
    grid: Mapping[str, Any]
    keep: Keep
    data_root: str
    created_at: str
    data_hashes: Mapping[str, str] = field(default_factory=dict)
    rehearsal: Rehearsal | None = None
    store: str | None = None
    data_fingerprints: Mapping[str, str] = field(default_factory=dict)
    word_sources: Mapping[str, str] = field(default_factory=dict)
    dataset_versions: Mapping[str, str] | None = None
    numerics: int = FIRST_NUMERICS
    schema_version: int = SCHEMA_VERSION

    @property
    def pins(self) -> DataPins:
        """Pinned hashes of the sweep's data."""
        return DataPins(self.data_hashes, self.data_fingerprints)

    @property
    def versions(self) -> DataVersions:
        """Versions of home-made data that the sweep's runs have."""
        return first_versions() if self.dataset_versions is None else DataVersions(self.dataset_versions)

    def with_words(self, sources: Mapping[str, str]) -> SweepFile:
        """Pin further words of plugins. Words that are already pinned stay unchanged."""
        return replace(self, word_sources={**sources, **self.word_sources})

    def with_pins(self, pins: DataPins) -> SweepFile:
        """Pin further datasets. Datasets that are already pinned stay unchanged."""
        return replace(
            self,
            data_hashes={**pins.contents, **self.data_hashes},
            data_fingerprints={**pins.fingerprints, **self.data_fingerprints},
        )


def read_sweep_file(paths: SweepPaths) -> SweepFile | None:
    """Read the sweep's lock file; None if the directory has none. Raises DamagedFileError if it cannot be read."""
    try:
        return read_json(paths.lock_file, SweepFile, SWEEP, SCHEMA_VERSION)
    except FileNotFoundError:
        return None


def is_rehearsal(paths: SweepPaths) -> bool:
    """Say whether the sweep's file marks a rehearsal; False if there is no file.

    Raises DamagedFileError if it cannot be read.
    """
    sweep = read_sweep_file(paths)
    return sweep is not None and sweep.rehearsal is not None


def write_sweep_file(paths: SweepPaths, sweep: SweepFile) -> None:
    """Replace the sweep's lock file."""
    content = asdict(sweep)
    if sweep.rehearsal is not None and sweep.rehearsal.world is None:
        del content["rehearsal"]["world"]
    replace_json(paths.lock_file, content)
