"""`init` and `schema`: a first grid file, and the schema by which editors complete it."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.new_grid import SCHEMA_FILE, is_schema, new_grid_text, schema_text
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.files.out_file import is_standard_output, writing


def write_grid(path: Path, preset: str) -> None:
    """Write a new grid file, and the schema beside it. Raises UserInputError if the file is there already."""
    text = new_grid_text(preset, path)
    if path.exists():
        raise UserInputError(Problem(str(path), found="a file that is there already", expected="a name that is free"))
    _write(path, text)
    schema = path.with_name(SCHEMA_FILE)
    if not schema.exists() or is_schema(schema):
        _write(schema, schema_text())
    else:
        other = pasted("recipe-sweep", "schema", "-o", "NAME.json")
        tell(f"{schema} is no schema of grids and was kept; write the schema beside it: {other}")
        tell(f"then name that file in the first line of {path}, where editors look for it")
    tell(f"wrote {path}; edit it, then: {pasted('recipe-sweep', 'plan', path)}")


def write_schema(out: Path | None) -> None:
    """Print the schema of grid files, or write it to a file."""
    if out is None or is_standard_output(out):
        say(schema_text(), end="")
        return
    if out.exists() and not is_schema(out):
        raise UserInputError(Problem(f"-o {out}", found="another file that is there already", expected="a name that is free"))
    _write(out, schema_text())
    tell(f"wrote {out}; a grid names it in its first line: # yaml-language-server: $schema={out.name}")


def _write(path: Path, text: str) -> None:
    if not path.parent.is_dir():
        raise UserInputError(Problem(str(path), found="no such directory", expected="a directory that is there"))
    with writing(path) as file:
        file.write(text.encode())
