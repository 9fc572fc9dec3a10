"""Grids that come with the package, found by name on every machine where it is installed."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import GridError, Problem
from recipe_sweep.search_spaces.validation import nearest, one_of

_FOLDER = Path(__file__).parent / "grids"


def preset_names() -> tuple[str, ...]:
    """List the names of the presets, e.g. `figure7`."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def preset_path(name: str) -> Path:
    """Return the file of a preset; raises GridError for an unknown name."""
    if name not in preset_names():
        raise GridError(
            Problem(
                cut(f"--preset {name}"),
                found="no preset of that name",
                expected=one_of(preset_names()),
                hint=nearest(name, preset_names()),
            )
        )
    return _FOLDER / f"{name}.yaml"


def preset_text(name: str) -> str:
    """Read a preset's YAML with its comments, e.g. `starter` for a new grid file.

    Raises GridError for an unknown name.
    """
    return preset_path(name).read_text(encoding="utf-8")


def resolve_grid(reference: str | Path) -> Path:
    """Find the file that a preset's name or a path means; raises GridError if there is neither.

    A preset's name without a folder means the preset, even where a file of that name exists: `./figure7` is the file.
    """
    text = str(reference)
    if text in preset_names():
        return _FOLDER / f"{text}.yaml"
    path = Path(text).expanduser()
    if path.exists():
        return path
    expected = f"a grid file, or a preset: {one_of(preset_names())}"
    hint = nearest(path.stem, preset_names()) or "check the path; `recipe-sweep init NAME` writes a grid to start from"
    raise GridError(Problem(text, found="no such file or preset", expected=expected, hint=hint))
