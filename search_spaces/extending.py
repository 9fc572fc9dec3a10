"""Grids that extend another: `extends: other.yaml`. The keys of the extending file count where both have them.

Mappings such as `axes`, `settings` and `alpha` are merged key by key. Everything else is replaced as a whole, lists too. `null`
takes a key away. The name and the description are never inherited, because two sweeps must not share a directory.

The merged document has no `extends`. So a sweep's file and the ids of its runs do not depend on how a grid was written.
"""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.presets import preset_names, resolve_grid
from recipe_sweep.search_spaces.yaml_file import Document, KeyPath, Place, read_yaml, shown

EXTENDS = "extends"
_OWN = ("name", "description")


def read_extended(path: Path) -> Document:
    """Read a grid's file and merge it with those that it extends.

    Raises GridError for a file that is not there, and for files that extend each other in a circle. Raises UnreadableFileError
    for a file that is no YAML.
    """
    return extended(read_yaml(path), path)


def extended(document: Document, path: Path) -> Document:
    """Merge the document of the file at `path` with those that it extends. Raises as `read_extended`."""
    return _extended(document, path, ())


def _extended(document: Document, path: Path, before: tuple[Path, ...]) -> Document:
    if EXTENDS not in document.content:
        return document
    chain = (*before, path.resolve())
    other = _other(document, path)
    if other.resolve() in chain:
        circle = " -> ".join(each.name for each in (*chain[chain.index(other.resolve()) :], other))
        raise GridError(document.problem((EXTENDS,), f"a circle: {circle}", "a file that does not lead back to this one"))
    return _merged(_extended(read_yaml(other), other, chain), document)


def _other(document: Document, path: Path) -> Path:
    """Find the file that a document extends: a preset by its name, or a path from the document's own folder."""
    value = document.content[EXTENDS]
    if isinstance(value, str) and value in preset_names():
        return resolve_grid(value)
    expected = "the path of a grid file, from this file's folder, or a preset's name"
    if not isinstance(value, str) or not value:
        raise GridError(document.problem((EXTENDS,), shown(value), expected))
    other = path.parent / Path(value).expanduser()
    if not other.is_file():
        raise GridError(document.problem((EXTENDS,), f"no such file: {other}", expected))
    return other


def _merged(base: Document, own: Document) -> Document:
    """Lay one document over another. Each key keeps the place where it was written."""
    content: dict[str, object] = {key: value for key, value in base.content.items() if key not in _OWN}
    places = {path: place for path, place in base.places.items() if not path or path[0] not in _OWN}
    _lay_over(content, {key: value for key, value in own.content.items() if key != EXTENDS}, (), places)
    return Document(content, places | {path: place for path, place in own.places.items() if path[:1] != (EXTENDS,)})


def _lay_over(under: dict[str, object], over: dict[str, object], path: KeyPath, places: dict[KeyPath, Place]) -> None:
    for key, value in over.items():
        inside = (*path, key)
        here = under.get(key)
        if isinstance(here, dict) and isinstance(value, dict):
            under[key] = dict(here)
            _lay_over(under[key], value, inside, places)  # type: ignore[arg-type]
            continue
        for known in [known for known in places if known[: len(inside)] == inside]:
            del places[known]
        if value is None:
            under.pop(key, None)
        else:
            under[key] = value
