"""Sweeps that a released version left on disk: read and reported as that version did, and trained anew when asked."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from recipe_sweep.search_spaces.point import NUMERICS_VERSION
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.settings import SETTING_COLUMNS
from tests.releases.make import CLUSTER, machine
from tests.releases.turned_back import WITH_SENTENCES, turn_pictures_back, turned_back
from tests.sweep.commands import call

HERE = Path(__file__).parent
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / "machine.json").exists())
FINISHED = ("finished", "values", "game", "rehearsal")
UNFINISHED = ("killed", "search", "stored")
SHORT = "values"
"""The one whose figures the suite draws; `make test-releases` draws those of all."""

PROVENANCE = {
    "pack_id", "lanes", "epoch", "attempt", "code_version", "torch_version", "device", "threads", "host", "started_at",
    "finished_at", "wall_s", "cpu_s", "evaluation_s", "machine", "pack_dependent",
}  # fmt: skip
"""Columns that say by whom and when; they are no part of a run's result."""

REDRAWN = {
    "choices.csv", "figure7.md", "figure7.pdf", "figure7.png", "figure7.svg", "index.html", "tables.md", "tables.tex",
}  # fmt: skip
"""Files that judge designs otherwise since 0.1.0: colours show what the seeds tell apart, shares are cross-fitted.

docs/statistics.md says how. The numbers of the bars, in figure7.csv, are still the same byte for byte.
"""

LATER_COLUMNS = {"mark", "difference", "difference_low", "difference_high", "one_alpha_score", "everywhere"}
"""Columns that later releases added to the numbers of Figure 7."""
ADDED = {"references.csv"}
"""Files of a report that 0.1.0 did not write."""

STEPS = re.compile(r"2 runs (\([^()]*; 4 seeds on 1 dataset), of which 2 of 4 runs are done\)")
"""What to train next. 0.1.0 also asked for the runs that are done: `4 runs (...; 4 seeds on 1 dataset)`."""
STEPS_OF = {"finished": 5, "game": 2}
"""How many steps each page has."""

Lay = Callable[[str, str], "Laid"]


class Laid(NamedTuple):
    """An archive, unpacked, its recorded paths those of where it lies now."""

    release: str
    name: str
    here: Path

    @property
    def sweep(self) -> Path:
        return self.here / "sweep"

    @property
    def paths(self) -> SweepPaths:
        return SweepPaths(self.sweep)

    def expected(self, name: str) -> Path:
        return self.here / "expected" / name

    def launch(self, *words: str, to: str = "sweep", expect: ExitCode = ExitCode.OK) -> str:
        command = "rehearse" if self.name == "rehearsal" else "launch"
        grid, cluster = str(self.here / "grid.yaml"), str(self.here / "inline.yaml")
        return call(command, grid, "--dir", str(self.here / to), "--cluster", cluster, "--no-mlflow", *words, expect=expect)

    def content(self) -> dict[str, bytes]:
        """Read every file of the sweep that counts, by path."""
        derived = {"index", "mlflow.db", "lease"}
        found = (path for path in sorted(self.sweep.rglob("*")) if path.is_file())
        return {str(path): path.read_bytes() for path in found if not derived & set(path.relative_to(self.sweep).parts[:1])}

    def exported(self, directory: str = "sweep") -> Path:
        path = self.here / f"{directory}.csv"
        call("export", str(self.here / directory), "-o", str(path))
        return path

    def report_hashes(self, directory: str = "sweep") -> dict[str, str]:
        out = self.here / f"{directory}-report"
        call("report", str(self.here / directory), "--all", "-o", str(out))
        kept = (path for path in out.iterdir() if path.name not in REDRAWN | ADDED)
        return {path.name: hashlib.sha256(self.in_old_words(path)).hexdigest() for path in kept}

    def in_old_words(self, path: Path) -> bytes:
        """Read a file of a report, with the sentences that were rewritten since in the words of the release."""
        if path.name in ("figure7.csv", "figure7_configurations.csv"):
            return without_later_columns(path.read_text(encoding="utf-8")).encode()
        if path.suffix not in WITH_SENTENCES:
            return path.read_bytes()
        return turned_back(self.release, path.read_text(encoding="utf-8")).encode()


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lay:
    """Unpacks an archive of a release, with the data beside it."""

    def unpack(release: str, name: str) -> Laid:
        laid = Laid(release, name, tmp_path / name)
        for archive, to in ((name, laid.here), ("data", tmp_path)):
            with tarfile.open(HERE / release / f"{archive}.tar.xz") as packed:
                packed.extractall(to, filter="data")
        settings = json.loads((laid.sweep / "launches" / "000001.json").read_text())["settings"]
        before = str(Path(settings["root"]).parent.parent)
        for folder in ("sweep", "store"):
            for path in (laid.here / folder / "sweep.json", *(laid.here / folder / "launches").glob("*.json")):
                if path.exists():
                    path.write_text(path.read_text().replace(before, str(tmp_path)))
        inline = {"backend": "inline", "threads": CLUSTER["threads"], "max_lanes": CLUSTER["max_lanes"], "device": "cpu"}
        (laid.here / "inline.yaml").write_text(json.dumps(inline))
        monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("COLUMNS", "100")  # as where it was made
        monkeypatch.chdir(laid.here)
        turn_pictures_back(release, monkeypatch)
        return laid

    return unpack


def without_later_columns(table: str) -> str:
    """Take the columns that 0.1.0 did not have out of the numbers of Figure 7."""
    lines = list(csv.reader(io.StringIO(table)))
    kept = [place for place, name in enumerate(lines[0]) if name not in LATER_COLUMNS]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([line[place] for place in kept] for line in lines)
    return text.getvalue()


LATER = {field.name for field in SETTING_COLUMNS} | {"win_rate", "curve_win_rate"}
"""Columns of exports that releases did not write."""


def rows(path: Path, without: set[str] = PROVENANCE | LATER) -> dict[str, dict[str, str]]:
    """Rows of an export by run, as text: every digit counts."""
    with path.open(newline="") as file:
        return {row["run_id"]: {name: row[name] for name in row if name not in without} for row in csv.DictReader(file)}


def needs_the_like_of_its_machine(release: str) -> None:
    made_on = json.loads((HERE / release / "machine.json").read_text())
    if made_on != machine():
        pytest.skip(f"made on a processor with {made_on}, this one has {machine()}: sums are rounded differently")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [SHORT, *(pytest.param(name, marks=pytest.mark.releases) for name in FINISHED if name != SHORT)]
)
@pytest.mark.parametrize("release", RELEASES)
def test_a_finished_sweep_gives_the_same_figures_tables_and_page_byte_for_byte(release: str, name: str, lay: Lay) -> None:
    needs_the_like_of_its_machine(release)
    laid = lay(release, name)
    found, expected = laid.report_hashes(), json.loads(laid.expected("report.json").read_text())
    page = laid.in_old_words(laid.here / "sweep-report" / "index.html").decode()
    assert len(STEPS.findall(page)) == STEPS_OF.get(name, 0)
    assert {file for file in found | expected if found.get(file) != expected.get(file)} - REDRAWN == set()


@pytest.mark.parametrize("name", FINISHED)
@pytest.mark.parametrize("release", RELEASES)
def test_nothing_of_a_finished_sweep_is_trained_again(release: str, name: str, lay: Lay) -> None:
    laid = lay(release, name)
    assert "nothing to do" in laid.launch()
    found, expected = (path.read_bytes().splitlines() for path in (laid.exported(), laid.expected("runs.csv")))
    # Later versions add columns, at the end.
    assert [line[: len(known) + 1] for line, known in zip(found, expected, strict=True)] == [line + b"," for line in expected]
    call("doctor", str(laid.sweep))


@pytest.mark.parametrize("name", UNFINISHED)
@pytest.mark.parametrize("release", RELEASES)
def test_a_killed_sweep_of_older_numerics_is_read_but_not_continued(release: str, name: str, lay: Lay) -> None:
    laid = lay(release, name)
    done, before = read_done(laid.paths).file_of, laid.content()
    assert done
    refused = " ".join(laid.launch(expect=ExitCode.BAD_INPUT).split())
    assert f"{laid.sweep} found a sweep of numerics 1" in refused
    assert "`launch --renumber` trains the grid anew" in refused
    assert "the release of recipe-sweep that trained it" in refused
    for command in ("status", "runs", "best", "ls"):
        call(command, *([str(laid.here)] if command == "ls" else [str(laid.sweep)]))
    found, expected = rows(laid.exported()), rows(laid.expected("runs.csv"))
    assert found.keys() == done.keys()
    assert name == "search" or {run: expected[run] for run in found} == found
    assert laid.content() == before


@pytest.mark.slow
@pytest.mark.parametrize("name", UNFINISHED)
@pytest.mark.parametrize("release", RELEASES)
def test_a_killed_sweep_is_trained_anew_when_asked_and_its_results_stay(release: str, name: str, lay: Lay) -> None:
    laid = lay(release, name)
    before = {path: path.read_bytes() for path in (*laid.sweep.glob("results/*.parquet"), *laid.sweep.glob("weights/*"))}
    laid.launch("--renumber")
    assert "nothing to do" in laid.launch()
    assert {path: path.read_bytes() for path in before} == before, "what was done before was touched"
    assert_trained_anew(laid, "sweep")


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_a_sweep_whose_machine_is_lost_is_trained_anew_from_its_store(release: str, lay: Lay) -> None:
    laid = lay(release, "stored")
    store = ("--store", f"file://{laid.here / 'store'}")
    assert "a sweep of numerics 1" in laid.launch(*store, to="elsewhere", expect=ExitCode.BAD_INPUT)
    laid.launch(*store, "--renumber", to="elsewhere")
    assert_trained_anew(laid, "elsewhere")
    stored = {path.name for path in (laid.here / "store" / "results").glob("*.parquet")}
    assert stored == {path.name for path in (laid.here / "elsewhere" / "results").glob("*.parquet")}


def assert_trained_anew(laid: Laid, directory: str) -> None:
    """Every run of the twin once, under another id, because its numbers are others."""
    done = read_done(SweepPaths(laid.here / directory))
    assert not done.duplicates
    found, expected = rows(laid.exported(directory)), rows(laid.expected("runs.csv"))
    assert done.file_of.keys() > found.keys(), "the old results are gone"
    if laid.name != "search":  # what a search tries next follows from scores
        described = {row["point"].replace(f'"numerics":{NUMERICS_VERSION}', '"numerics":1') for row in found.values()}
        assert described == {row["point"] for row in expected.values()}
    assert all(f'"numerics":{NUMERICS_VERSION}' in row["point"] for row in found.values())
