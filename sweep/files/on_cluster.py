"""`on_cluster.json`: the sweep of this directory runs on a cluster. `cluster up --grid` writes it, `cluster down` removes it.

A launch here would train the same runs a second time. So it is refused, with the place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import ON_CLUSTER
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import read_json


@dataclass(frozen=True)
class OnCluster:
    """The cluster's file, the directory that was generated from it, its backend, and since when."""

    cluster_file: str
    generated: str
    backend: str
    since: str

    @property
    def sentence(self) -> str:
        """Where the sweep runs, and how to look there."""
        look = pasted("recipe-sweep", "cluster", "status", self.cluster_file)
        return f"this sweep runs on the {self.backend} cluster of {self.cluster_file} since {self.since}; look there: {look}"

    @property
    def down(self) -> str:
        """The command that ends the cluster."""
        return pasted("recipe-sweep", "cluster", "down", self.cluster_file)

    def is_there(self, cluster_file: Path | None) -> bool:
        """Say whether a launch with this cluster file is the one that runs on the cluster. Its nodes may see this directory."""
        return cluster_file is not None and cluster_file.resolve().parent.name == Path(self.generated).name


def write_on_cluster(paths: SweepPaths, place: OnCluster) -> None:
    """Note that the sweep runs on a cluster."""
    replace_json(paths.on_cluster, asdict(place))


def read_on_cluster(paths: SweepPaths) -> OnCluster | None:
    """Read where the sweep runs; None if it runs on no cluster. Raises DamagedFileError."""
    try:
        return read_json(paths.on_cluster, OnCluster, ON_CLUSTER)
    except FileNotFoundError:
        return None


def forget_on_cluster(paths: SweepPaths, generated: Path) -> None:
    """Remove the note, if it is of the cluster with this generated directory."""
    place = read_on_cluster(paths)
    if place is not None and place.generated == str(generated):
        paths.on_cluster.unlink(missing_ok=True)


def check_here(paths: SweepPaths, cluster_file: Path | None) -> None:
    """Refuse to launch a sweep here that runs on a cluster. Raises SweepDirectoryError."""
    place = read_on_cluster(paths)
    if place is None or place.is_there(cluster_file):
        return
    status = pasted("recipe-sweep", "cluster", "status", place.cluster_file)
    problem = Problem(
        str(paths.root),
        found=f"a sweep that runs on the {place.backend} cluster of {place.cluster_file} since {place.since}",
        expected="a sweep that runs nowhere else, because its runs would be trained twice",
        hint=f"look at it with `{status}`; end it with `{place.down}`",
    )
    raise SweepDirectoryError(problem)
