"""Opens the sweep that a command's first argument names: a grid (a file or a preset), or a sweep's directory.

    Reference -> locate -> Located -> read_located_grid -> Grid -> expanded -> Target

A launch fetches stored files between the first step and the second. The last step is slow, so each command does it once.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.expansion import Excluded, expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.grid_file import grid_from, grid_of_mapping, read_grid
from recipe_sweep.search_spaces.point import NUMERICS_VERSION, DesignPoint
from recipe_sweep.search_spaces.studies import SearchSpace, search_space
from recipe_sweep.search_spaces.yaml_file import Document, Place
from recipe_sweep.sweep.errors import SweepDirectoryError, UnknownRunError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import read_sweep_file
from recipe_sweep.sweep.planning.data_versions import kept_versions
from recipe_sweep.sweep.planning.numerics import kept_numerics
from recipe_sweep.sweep.planning.search_rounds import search_points
from recipe_sweep.sweep.store.addresses import is_address, open_store
from recipe_sweep.sweep.store.of_sweep import check_apart
from recipe_sweep.sweep.store.sync import SWEEP_FILE, fetch_to_read

SWEEPS = Path("sweeps")


@dataclass(frozen=True)
class Reference:
    """The name of a sweep on the command line. Its `text` is a grid's file or preset, a sweep's directory, or an address."""

    text: str
    directory: Path | None = None
    """the option `--dir`"""
    overrides: Sequence[str] = ()
    """the options `--set`"""
    content: Mapping[str, Any] | None = None
    """A grid that is given in Python and not in a file. Then `text` is its name in messages."""

    @property
    def directory_words(self) -> tuple[str, ...]:
        """The words of `--dir` in a command to paste; none without it."""
        return () if self.directory is None else ("--dir", str(self.directory))

    @property
    def override_words(self) -> tuple[str, ...]:
        """The words of every `--set` in a command to paste."""
        return tuple(word for text in self.overrides for word in ("--set", text))


@dataclass(frozen=True)
class Located:
    """A reference whose sweep directory is known."""

    reference: Reference
    paths: SweepPaths
    grid: Grid | None
    """the grid of the file or preset; None if the grid is in the sweep's own file"""


@dataclass(frozen=True)
class Target:
    """A grid with its points, and the place of its sweep. A search has the points of the trials that have begun."""

    grid: Grid
    points: tuple[DesignPoint, ...]
    excluded: tuple[Excluded, ...]
    paths: SweepPaths
    space: SearchSpace | None
    """what the grid searches; None if it lists all its values"""

    @property
    def document(self) -> dict[str, Any]:
        """The grid as written, with its overrides applied."""
        return dict(self.grid.document.content)

    def begun(self) -> Target:
        """Require that the sweep was launched before; return itself. Raises SweepDirectoryError if it was not."""
        if read_sweep_file(self.paths) is None:
            root = self.paths.root
            problem = Problem(
                file=str(root),
                found="no sweep.json" if root.is_dir() else "no such directory",
                expected="a sweep that was launched before",
                hint="launch it first, or name its directory with --dir",
            )
            raise SweepDirectoryError(problem)
        return self

    def selected(self, filters: Sequence[str]) -> tuple[DesignPoint, ...]:
        """Select the points that match the `--only` filters; all without filters. Raises SelectionError with every mistake."""
        texts = [part for text in filters for part in text.split()]
        return select(self.points, parse_filters(texts)) if texts else self.points

    def with_new_rounds(self) -> Target:
        """Read the points of every round of a search again; return itself if it is no search."""
        return self if self.space is None else replace(self, points=search_points(self.space, self.paths))


def open_target(text: str, directory: Path | None = None, overrides: Sequence[str] = ()) -> Target:
    """Open a grid or a sweep directory. A directory stands for the grid that was last launched in it.

    Raises UserInputError for every mistake in the grid, the overrides or the directory.
    """
    return opened(locate(Reference(text, directory, overrides)))


def opened(located: Located, renumber: bool = False) -> Target:
    """Take the two steps that are left once a sweep is located. Raises as `open_target`."""
    return expanded(read_located_grid(located), located.paths, renumber)


def locate(reference: Reference, rehearsal: bool = False) -> Located:
    """Find the directory of the sweep, and read the grid's file if the reference is one. Fetch an address.

    A `rehearsal` of a grid has a directory of its own beside the sweeps. Raises as `open_target`.
    """
    if reference.content is not None:
        return _located_beside(reference, grid_of_mapping(reference.content, reference.overrides), rehearsal)
    if is_address(reference.text):
        return Located(reference, SweepPaths(_fetched(reference.text, reference.directory)), None)
    if Path(reference.text).is_dir():
        return Located(reference, SweepPaths(Path(reference.text)), None)
    return _located_beside(reference, read_grid(reference.text, reference.overrides), rehearsal)


def _located_beside(reference: Reference, grid: Grid, rehearsal: bool) -> Located:
    """Find the directory of a grid: the one that is named, or the one of the grid's name."""
    default = SWEEPS / (f"{grid.name}-rehearsal" if rehearsal else grid.name)
    paths = SweepPaths(reference.directory if reference.directory is not None else default)
    _check_directory(paths.root)
    return Located(reference, paths, grid)


def read_located_grid(located: Located) -> Grid:
    """Read the grid: that of the file, or the one that was last launched in the directory. Raises as `open_target`."""
    if located.grid is not None:
        return located.grid
    root, sweep = located.paths.root, read_sweep_file(located.paths)
    if sweep is None:
        raise SweepDirectoryError(
            Problem(
                file=str(root),
                found="a directory without a sweep.json",
                expected="a grid file, the name of a preset, or the directory of a sweep",
                hint="the directory of a sweep is made when its grid is launched",
            )
        )
    _check_alone(located.reference, root)
    return grid_from(Document(dict(sweep.grid), {(): Place(str(located.paths.lock_file), None)}))


def expanded(grid: Grid, paths: SweepPaths, renumber: bool = False) -> Target:
    """Expand the grid to its points, or a search to those of the rounds that have begun. Raises as `open_target`.

    Home-made data have the versions with which the sweep began; in a new sweep the newest. The same holds for numerics, but
    with `renumber` they are at least those of this code.
    """
    numerics = kept_numerics(paths)
    expansion = expand(grid, kept_versions(paths), max(numerics, NUMERICS_VERSION) if renumber else numerics)
    space = search_space(grid, expansion.points)
    points = expansion.points if space is None else search_points(space, paths)
    return Target(grid, points, expansion.excluded, paths, space)


def sweep_elsewhere(reference: Reference, here: SweepPaths) -> Path | None:
    """Find the sweep of a grid's file near the file, if there is none `here`; None if there is none either.

    Look in the file's folder and the two above, because a project may keep its grids in a subfolder.
    """
    file = Path(reference.text)
    named = reference.directory is not None or reference.content is not None or is_address(reference.text)
    if named or not file.is_file() or here.lock_file.exists():
        return None
    folders = [file.parent, *(Path(os.path.normpath(file.parent / up)) for up in ("..", "../.."))]
    found = (folder / SWEEPS / here.root.name for folder in folders)
    return next((root for root in found if SweepPaths(root).lock_file.is_file()), None)


def check_not_elsewhere(located: Located) -> None:
    """Refuse to begin a second sweep of a grid only because the command runs in another folder. Raises SweepDirectoryError."""
    here = located.paths
    beside = sweep_elsewhere(located.reference, here)
    if beside is not None:
        raise SweepDirectoryError(
            Problem(
                str(here.root),
                found=f"no sweep, but one of this grid lies in {beside}",
                expected="the directory that you mean",
                hint=f"continue it: --dir {shlex.quote(str(beside))}; begin a new one: --dir {shlex.quote(str(here.root))}",
            )
        )


def one_run(points: Sequence[DesignPoint], run_id: str) -> DesignPoint:
    """Find the point with that id, or the only one whose id begins with it. Raises UnknownRunError."""
    found = [point for point in points if point.run_id.startswith(run_id)] if run_id else []
    if len(found) != 1:
        text = f"{len(found)} runs whose ids begin with this" if found else f"no such run among {len(points):,}"
        raise UnknownRunError(
            Problem(
                cut(f"run {run_id or repr(run_id)}"), found=text, expected="the id of one run of the grid, or its beginning"
            )
        )
    return found[0]


def _fetched(address: str, directory: Path | None) -> Path:
    """Fetch what the directory of a stored sweep lacks; return the directory."""
    store = open_store(address)
    paths = SweepPaths(directory if directory is not None else SWEEPS / store.address.rpartition("/")[2])
    _check_directory(paths.root)
    check_apart(store, paths)
    here = read_sweep_file(paths)
    if here is not None and here.store != store.address:
        found = f"another sweep, which is stored {'nowhere' if here.store is None else f'at {here.store}'}"
        problem = Problem(
            str(paths.root),
            found=found,
            expected=f"the sweep of {store.address}, or no directory",
            hint="name another with --dir",
        )
        raise SweepDirectoryError(problem)
    if not store.keys(SWEEP_FILE):
        raise SweepDirectoryError(
            Problem(store.address, found="no sweep", expected="a sweep that was launched with this store")
        )
    fetch_to_read(store, paths)
    return paths.root


def _check_alone(reference: Reference, root: Path) -> None:
    """Refuse options that contradict the sweep's own file. Raises SweepDirectoryError."""
    directory = None if is_address(reference.text) else reference.directory  # Beside an address, --dir says where to fetch to.
    if directory is not None or reference.overrides:
        option = "--dir" if directory is not None else f"--set {reference.overrides[0]}"
        raise SweepDirectoryError(
            Problem(
                file=option,
                found=f"{option.split()[0]} beside the sweep directory {root}",
                expected="a grid file or preset beside these options",
            )
        )


def _check_directory(root: Path) -> None:
    """Refuse a path that cannot be a sweep directory. Raises SweepDirectoryError."""
    blocking = next((path for path in (root, *root.parents) if path.exists()), None)
    if blocking is not None and not blocking.is_dir():
        raise SweepDirectoryError(
            Problem(str(root), found=f"{blocking} is a file", expected="a directory, or a name that is free")
        )
    if root.is_dir() and any(root.iterdir()) and not SweepPaths(root).lock_file.exists() and not _remains(root):
        raise SweepDirectoryError(
            Problem(
                file=str(root),
                found="a directory with other things in it, and no sweep.json",
                expected="the directory of a sweep, an empty one, or a name that is free",
                hint="choose another with --dir",
            )
        )


def _remains(root: Path) -> bool:
    """Check whether the directory is a sweep without sweep.json: it was lost, is not written yet, or is on a cluster."""
    paths = SweepPaths(root)
    return paths.on_cluster.exists() or paths.lease.is_dir() or paths.search.is_dir() or paths.calibration.exists()
