"""Writes what every command prints as JSON: one document with its version first."""

from __future__ import annotations

import json
from collections.abc import Mapping

JSON_SCHEMA_VERSION = 1


def json_text(content: Mapping[str, object]) -> str:
    """Write a command's answer as JSON, after the version of its form."""
    return json.dumps({"schema_version": JSON_SCHEMA_VERSION} | dict(content), indent=2)
