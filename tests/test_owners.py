"""What has one owner: a thing that several files once did in ways of their own is done in one file, read from syntax trees.

A test names the file and the line that does it elsewhere. The mend is to call the owner. A place that must do it itself is
an exception with its reason. CONTRIBUTING.md has the same list for readers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import pytest

from tests.checkout import ROOT
from tests.searches import (
    found_in,
    hears_stop,
    knows_results_by_name,
    looks_into_ray,
    ranks_rows,
    reads_json,
    reads_parquet,
    removes_checkpoints,
    says_in_units,
    says_missing_or_interval,
    tree_of,
    writes_json,
    writes_over,
    writes_whole_files,
)
from tests.test_architecture import FILES, lies_in

ALL = ("search_spaces", "cluster", "trainers", "sweep", "analysis")


class Concept(NamedTuple):
    """Something that only its owners do. `elsewhere`: modules, or folders, that do it too, with the reason.

    `within` are the folders that are searched. `does` and `does_not` are lines that the search finds and passes over.
    """

    finds: Callable[[ast.AST], bool]
    owners: tuple[str, ...]
    elsewhere: Mapping[str, str]
    within: tuple[str, ...]
    does: tuple[str, ...]
    does_not: tuple[str, ...]


PIPE = "lines through a pipe between two processes of one launch, no file"
CLI = "the command line prints it, and asks its owner in no other way yet"

CONCEPTS = {
    "reading results": Concept(
        reads_parquet,
        owners=("sweep.results.read",),
        elsewhere={},
        within=ALL,
        does=("pq.read_table(path)", "from_file = pq.ParquetFile(path).read()", "pd.read_parquet(path)"),
        does_not=("pq.write_table(table, path)",),
    ),
    "which files hold results": Concept(
        knows_results_by_name,
        owners=("sweep.results.read",),
        elsewhere={},
        within=ALL,
        does=('folder.glob("*.parquet")', 'name.endswith(".parquet")'),
        does_not=('folder.glob("*.json")', 'name.removesuffix(".parquet")'),
    ),
    "which row of a run counts": Concept(
        ranks_rows,
        owners=(),  # A NamedTuple's fields: sweep.results.read.Rank.
        elsewhere={},
        within=("sweep", "analysis"),
        does=("sorted(files, key=lambda file: (file.epoch, file.pack_id))", 'by = ["run_id", "epoch", "pack_id"]'),
        does_not=("Rank(file.epoch, file.pack_id)", 'columns = ("pack_id", "epoch", "status")'),
    ),
    "writing a file whole": Concept(
        writes_whole_files,
        owners=("sweep.files.atomic", "analysis.files"),
        elsewhere={
            "cluster.pod_files": "a copy of a file that is elsewhere; this folder imports nothing of sweep",
            "sweep.files.folders": "makes a file and removes it at once, to see whether a folder can be written",
            "trainers.checkpoint": "trainers import nothing of sweep; it reads back what it wrote, so that a bad disk is seen",
            "trainers.data.published.download": "trainers import nothing of sweep; a part of a download goes on where it ended",
            "trainers.data.stored.reading_cache": "trainers import nothing of sweep; a note that may be lost",
            "trainers.data.stored.store": "trainers import nothing of sweep; a whole folder takes its name at once",
        },
        within=ALL,
        does=("os.replace(a, b)", "path.rename(other)", "temporary.replace(path)", "os.fsync(descriptor)"),
        does_not=(
            'text.replace("a", "b")',
            "replace(plan, packs=())",
            "now.replace(microsecond=0)",
            "table.rename(columns=names)",
        ),
    ),
    "never writing over a file": Concept(
        writes_over,
        owners=(),
        elsewhere={"sweep.travel.mirror": "a directory that this process has just made for itself"},
        within=("sweep", "cluster"),
        does=('path.write_text("x")', "paths.lock_file.write_bytes(data)"),
        does_not=("temporary.write_text(text)", "write_text(path, text)"),
    ),
    "reading JSON of a sweep": Concept(
        reads_json,
        owners=("sweep.files.reading", "sweep.files.points"),
        elsewhere={
            "sweep.clusters.up_file": "a cluster's file, whose damage is a mistake of its own with a remedy of its own",
            "sweep.estimates.calibration": PIPE,
            "sweep.estimates.probe_process": PIPE,
            "sweep.tracking.writer_report": PIPE,
            "sweep.launch.ray_worker_start": "an argument that Ray passes on; the process has none of our modules yet",
            "analysis.results.scores": "the point of a results row, which analysis takes as it stands, of any version",
            "analysis.report.markup": "checks that what a page's script gets is JSON",
        },
        within=("sweep", "analysis"),
        does=("json.loads(path.read_text())", "Model.model_validate_json(text)", "from json import loads"),
        does_not=("json.dumps(content)", "read_json(path, Content, KIND)"),
    ),
    "writing JSON of a sweep": Concept(
        writes_json,
        owners=("sweep.files.atomic",),
        elsewhere={
            "sweep.files.progress_file": "returns may be NaN, which the owner refuses",
            "sweep.locks.claim": "written into the file that is locked, which no other may replace",
            "sweep.estimates.calibration": PIPE,
            "sweep.estimates.probe_process": PIPE,
            "sweep.tracking.writer_report": PIPE,
            "sweep.tracking.entries": "hashed, not written",
            "sweep.tracking.experiment": "a tag of MLflow",
            "sweep.results.json_cells": "cells of an exported table",
            "sweep.cli.show": "printed for --json",
        },
        within=("sweep",),
        does=("json.dump(content, file)", "model.model_dump_json()"),
        does_not=("replace_json(path, content)", "json.loads(text)"),
    ),
    "durations, moments and sizes as text": Concept(
        says_in_units,
        owners=("sweep.units",),
        elsewhere={
            "sweep.cli.show.cluster": CLI,
            "sweep.cli.show.cost": CLI,
            "sweep.cli.show.data": CLI,
            "sweep.cli.show.plan": CLI,
        },
        within=("sweep",),
        does=('f"{size / 1e9:.1f} GB"', 'f"{seconds // 60} min"', 'f"{at:%Y-%m-%d}"', 'f"{share:.0%}".replace("%", " %")'),
        does_not=('f"{seconds:.0f} s"', 'f"{spent / runs:.2f}"', 'text.replace(":", "")'),
    ),
    "numbers of a report as text": Concept(
        says_missing_or_interval,
        owners=("analysis.number_text",),
        elsewhere={
            "analysis.figures.canvas": "the numbers along an axis have as many digits as the finest of them needs",
            "analysis.report.plain_text": "how LaTeX writes a dash",
            "analysis.report.page": "a dash between the fewest and the most seeds is no missing number",
        },
        within=("analysis",),
        does=('NOTHING = "\\N{EN DASH}"', 'f"{round(value, 2) + 0.0:.2f}"', 'f"{value:.2f} [{low:.2f}, {high:.2f}]"'),
        does_not=('f"{value:.2f}"', 'f"[{score(low)}, {score(high)}]"'),
    ),
    "being told to stop": Concept(
        hears_stop,
        owners=("sweep.locks.stop", "sweep.worker.sigterm"),
        elsewhere={},
        within=ALL,
        does=("signal.signal(signal.SIGINT, handler)", "paths.stop_file(epoch).touch()", "faulthandler.register(15)"),
        does_not=("told_to_stop(settings)", "signal.SIGTERM"),
    ),
    "removing checkpoints": Concept(
        removes_checkpoints,
        owners=("sweep.files.checkpoints",),
        elsewhere={
            "sweep.launch.ray_engine": "the directory of a launch's own Ray",
            "sweep.launch.supervisor": "the directory of a launch's own Ray",
            "sweep.monitoring.put_away": "a whole sweep that the user removes",
            "sweep.travel.node": "a node's own copy of one pack's files, not the sweep's",
        },
        within=("sweep",),
        does=("shutil.rmtree(folder)", "paths.pack_checkpoint(pack_id).unlink()"),
        does_not=("temporary.unlink()", "remove_checkpoints(paths, pack_id)"),
    ),
    "Ray's private modules": Concept(
        looks_into_ray,
        owners=("sweep.launch.ray_private",),
        elsewhere={"sweep.travel.ray_gate": "Ray's public way to place an actor, though in a module below ray.util"},
        within=ALL,
        does=(
            "from ray._private import services",
            "import ray.util.state",
            "ray._raylet.GcsClient()",
            "from ray import _private",
        ),
        does_not=("import ray", "ray.remote(work)", "from ray.tune import Tuner"),
    ),
}


class Place(NamedTuple):
    module: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.text}"


@cache
def places(concept: str) -> tuple[Place, ...]:
    """Where this is done, in all that is searched."""
    wanted = CONCEPTS[concept]
    modules = [module for module in FILES if any(lies_in(module, folder) for folder in wanted.within)]
    return tuple(
        Place(module, getattr(node, "lineno", 0), ast.unparse(node)[:80])
        for module in modules
        for node in found_in(tree_of(module), wanted.finds)
    )


@pytest.mark.parametrize("concept", CONCEPTS)
def test_nobody_but_its_owner_does_it(concept: str) -> None:
    allowed = (*CONCEPTS[concept].owners, *CONCEPTS[concept].elsewhere)
    wrong = [str(place) for place in places(concept) if not any(lies_in(place.module, one) for one in allowed)]
    owners = ", ".join(CONCEPTS[concept].owners) or "see CONTRIBUTING.md"
    assert not wrong, f"{concept} has an owner ({owners}); call it here:\n" + "\n".join(wrong)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_owners_and_exceptions_still_do_it(concept: str) -> None:
    """A list of owners that are none is a list nobody reads."""
    doing = {place.module for place in places(concept)}
    listed = (*CONCEPTS[concept].owners, *CONCEPTS[concept].elsewhere)
    idle = [one for one in listed if not any(lies_in(module, one) for module in doing)]
    assert not idle, f"{concept}: {idle}"


@pytest.mark.parametrize("concept", CONCEPTS)
def test_the_search_finds_what_it_is_for(concept: str) -> None:
    finds = CONCEPTS[concept].finds
    for line in CONCEPTS[concept].does:
        assert list(found_in(ast.parse(line), finds)), f"{line} is not found"
    for line in CONCEPTS[concept].does_not:
        assert not list(found_in(ast.parse(line), finds)), f"{line} is found"


@pytest.mark.parametrize("concept", CONCEPTS)
def test_readers_find_the_owner_in_the_table(concept: str) -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Who owns what")[2].partition("\n## ")[0]
    for owner in CONCEPTS[concept].owners:
        assert f"`{FILES[owner].relative_to(ROOT).as_posix()}`" in table, f"{concept}: {owner} is not in CONTRIBUTING.md"
