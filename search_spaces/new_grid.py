"""Makes the text of a new grid file from a preset: named after its file, with the schema by which editors complete it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from recipe_sweep.search_spaces.grid import SCHEMA_TITLE, grid_schema
from recipe_sweep.search_spaces.presets import preset_text
from recipe_sweep.search_spaces.yaml_file import parse_value

SCHEMA_FILE = "grid.schema.json"
"""It stands beside the grids. So their first line stays true on another machine, and without a network."""
_LONGEST_NAME = 64


def new_grid_text(preset: str, path: Path) -> str:
    """Write the text of a grid in `path`. Raises GridError for an unknown preset."""
    text = re.sub(
        "(?m)^name: .*$", lambda found: f"name: {_named(path) or found[0].removeprefix('name: ')}", preset_text(preset), count=1
    )
    return f"# yaml-language-server: $schema={SCHEMA_FILE}\n{text}"


def schema_text() -> str:
    """Write the JSON Schema of grid files."""
    return json.dumps(grid_schema(), indent=2) + "\n"


def is_schema(path: Path) -> bool:
    """Say whether a file is a schema of grids that we wrote, so that it may be replaced."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("title") == SCHEMA_TITLE


def _named(path: Path) -> str:
    """Make a sweep's name of a file's name; empty if no character of it may be in one."""
    name = re.sub("[^A-Za-z0-9_.-]+", "-", path.stem).strip("-._")[:_LONGEST_NAME]
    # A name such as 2024 or null would be read as something else than text.
    return name if not name or isinstance(parse_value(name), str) else json.dumps(name)
