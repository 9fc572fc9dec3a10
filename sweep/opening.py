"""What a command's first argument means: a grid (a file or a preset) and its sweep directory, or that directory itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.expansion import Excluded, expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.grid_file import grid_from, read_grid
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.yaml_file import Document, Place
from recipe_sweep.sweep.errors import SweepDirectoryError, UnknownRunError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import SweepFile, read_sweep_file
from recipe_sweep.sweep.planning.search_rounds import search_points
from recipe_sweep.sweep.store.addresses import is_address, open_store
from recipe_sweep.sweep.store.base import Store, StoreAddressError
from recipe_sweep.sweep.store.sync import SWEEP_FILE, fetch_to_read

SWEEPS = Path("sweeps")


@dataclass(frozen=True)
class Target:
    """A grid with its points (of a search, those asked for so far), and where its sweep is or will be."""

    grid: Grid
    points: tuple[DesignPoint, ...]
    excluded: tuple[Excluded, ...]
    paths: SweepPaths

    @property
    def document(self) -> dict[str, Any]:
        """The grid as written, its overrides applied."""
        return dict(self.grid.document.content)

    def begun(self) -> Target:
        """Itself, where its sweep was launched before. Raises SweepDirectoryError where it was not."""
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
        """The points that `--only` filters leave; all without filters. Raises SelectionError with every mistake."""
        texts = [part for text in filters for part in text.split()]
        return select(self.points, parse_filters(texts)) if texts else self.points


def open_target(reference: str, directory: Path | None = None, overrides: Sequence[str] = ()) -> Target:
    """Resolve a grid or a sweep directory; the latter stands for the grid that was last launched in it.

    Raises UserInputError for whatever is wrong with the grid, the overrides or the directory.
    """
    if is_address(reference):
        return _sweep_directory(_fetched(reference, directory), None, overrides)
    if Path(reference).is_dir():
        return _sweep_directory(Path(reference), directory, overrides)
    grid = read_grid(reference, overrides)
    return _target(grid, _paths_of(grid, directory))


def sweep_paths(reference: str, directory: Path | None, overrides: Sequence[str]) -> SweepPaths:
    """Where the sweep is that `open_target` would open, without its points, which take the time. Raises as that does."""
    if is_address(reference):
        return SweepPaths(_fetched(reference, directory))
    if Path(reference).is_dir():
        return SweepPaths(Path(reference))
    return _paths_of(read_grid(reference, overrides), directory)


def _paths_of(grid: Grid, directory: Path | None) -> SweepPaths:
    paths = SweepPaths(directory if directory is not None else SWEEPS / grid.name)
    _check_directory(paths.root)
    return paths


def sweep_elsewhere(reference: str, directory: Path | None, here: SweepPaths) -> Path | None:
    """The sweep of a grid's file that lies beside the file, where there is none `here`; None where that is no question.

    Its folder and the two above are looked at, because a project may keep its grids in a folder of their own.
    """
    file = Path(reference)
    if directory is not None or is_address(reference) or not file.is_file() or here.lock_file.exists():
        return None
    folders = [file.parent, *(Path(os.path.normpath(file.parent / up)) for up in ("..", "../.."))]
    found = (folder / SWEEPS / here.root.name for folder in folders)
    return next((root for root in found if SweepPaths(root).lock_file.is_file()), None)


def check_not_elsewhere(reference: str, directory: Path | None, overrides: Sequence[str]) -> None:
    """Refuse to begin a second sweep of a grid by being in another folder. Raises SweepDirectoryError."""
    if directory is not None or is_address(reference) or not Path(reference).is_file():
        return
    here = sweep_paths(reference, directory, overrides)
    beside = sweep_elsewhere(reference, directory, here)
    if beside is not None:
        raise SweepDirectoryError(
            Problem(
                str(here.root),
                found=f"no sweep, but one of this grid lies in {beside}",
                expected="the directory that is meant",
                hint=f"go on with it: --dir {shlex.quote(str(beside))}; begin anew: --dir {shlex.quote(str(here.root))}",
            )
        )


def store_of(paths: SweepPaths, given: str | None) -> Store | None:
    """The store of a sweep: the one that is given, or the one that its file names; None where there is neither.

    Raises StoreAddressError, and SweepDirectoryError where the sweep has another one.
    """
    sweep = read_sweep_file(paths)
    if given is None:
        return None if sweep is None or sweep.store is None else open_store(sweep.store)
    store = open_store(given)
    _check_apart(store, paths)
    if sweep is not None and sweep.store not in (None, store.address):
        problem = Problem(
            str(paths.lock_file),
            key="store",
            found=f"{sweep.store}, where this sweep is stored already",
            expected=store.address,
            hint="launch it with the store it has, or begin another sweep with --dir",
        )
        raise SweepDirectoryError(problem)
    if sweep is not None and sweep.store is None:
        _check_same(store, sweep)
    return store


def _check_same(store: Store, sweep: SweepFile) -> None:
    """Refuse a store that has another sweep than the one that shall go there: they would be mixed up for ever."""
    with TemporaryDirectory() as directory:
        there = SweepPaths(Path(directory))
        stored = read_sweep_file(there) if store.fetch(SWEEP_FILE, there.lock_file) else None
    if stored is not None and stored.created_at != sweep.created_at:
        problem = Problem(
            store.address,
            found=f"another sweep: {stored.name}, begun {stored.created_at}",
            expected=f"nothing, or what is stored of {sweep.name}, begun {sweep.created_at}",
            hint="give this one an address of its own",
        )
        raise SweepDirectoryError(problem)


def _fetched(address: str, directory: Path | None) -> Path:
    """The directory of a stored sweep, with what it lacked."""
    store = open_store(address)
    paths = SweepPaths(directory if directory is not None else SWEEPS / store.address.rpartition("/")[2])
    _check_directory(paths.root)
    _check_apart(store, paths)
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


def _check_apart(store: Store, paths: SweepPaths) -> None:
    """Refuse a folder as the store of a sweep whose directory it is, or in or around it. Raises StoreAddressError."""
    if store.folder is not None:
        folder, root = store.folder.resolve(), paths.root.resolve()
        if folder == root or folder in root.parents or root in folder.parents:
            raise StoreAddressError(
                Problem(store.address, found=f"the sweep's own directory {root}, or one in or around it", expected="another")
            )


def rehearsal_directory(reference: str, directory: Path | None, overrides: Sequence[str]) -> Path | None:
    """Where a rehearsal of that grid goes: beside the sweeps, under a name of its own; None where a sweep directory is meant.

    Raises UserInputError for whatever is wrong with the grid or the overrides.
    """
    if directory is not None or is_address(reference) or Path(reference).is_dir():
        return directory
    return SWEEPS / f"{read_grid(reference, overrides).name}-rehearsal"


def one_run(points: Sequence[DesignPoint], run_id: str) -> DesignPoint:
    """The point with that id, or the only one whose id begins so. Raises UnknownRunError."""
    found = [point for point in points if point.run_id.startswith(run_id)] if run_id else []
    if len(found) != 1:
        text = f"{len(found)} runs whose id begins so" if found else f"no such run among {len(points):,}"
        raise UnknownRunError(
            Problem(
                cut(f"run {run_id or repr(run_id)}"), found=text, expected="the id of one run of the grid, or its beginning"
            )
        )
    return found[0]


def _sweep_directory(root: Path, directory: Path | None, overrides: Sequence[str]) -> Target:
    paths = SweepPaths(root)
    sweep = read_sweep_file(paths)
    if sweep is None:
        raise SweepDirectoryError(
            Problem(
                file=str(root),
                found="a directory without a sweep.json",
                expected="a grid file, the name of a preset, or the directory of a sweep",
                hint="a sweep's directory comes into being when a grid is launched",
            )
        )
    if directory is not None or overrides:
        option = "--dir" if directory is not None else f"--set {overrides[0]}"
        raise SweepDirectoryError(
            Problem(
                file=option,
                found=f"{option.split()[0]} beside the sweep directory {root}",
                expected="a grid file or preset beside these options",
            )
        )
    written = Document(dict(sweep.grid), {(): Place(str(paths.lock_file), None)})
    return _target(grid_from(written), paths)


def _target(grid: Grid, paths: SweepPaths) -> Target:
    expansion = expand(grid)
    points = expansion.points if grid.search is None else search_points(grid, paths)
    return Target(grid, points, expansion.excluded, paths)


def _check_directory(root: Path) -> None:
    """Refuse a sweep directory that cannot be one. Raises SweepDirectoryError."""
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
    """Whether a sweep was here whose sweep.json was lost or never came to be written, or one was measured or asked for."""
    paths = SweepPaths(root)
    return paths.lease.is_dir() or paths.search.is_dir() or paths.calibration.exists()
