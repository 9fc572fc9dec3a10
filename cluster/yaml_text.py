"""YAML that this package writes itself. It is read back safely, and written with a comment above each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


def read_plain(text: str) -> Any:
    """Parse a YAML text that this package wrote."""
    return yaml.safe_load(text)


def written(parts: Iterable[tuple[str, Mapping[str, object]]]) -> str:
    """Write one document from parts.

    Each part is a comment of any number of lines (or none) and the keys below it.
    """
    texts = []
    for comment, content in parts:
        lines = [f"# {line}".rstrip() for line in comment.splitlines()]
        body = (
            yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, width=1000, default_flow_style=False) if content else ""
        )
        texts.append("\n".join([*lines, body]).strip("\n") + "\n")
    return "\n".join(texts)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, indents lists, and never writes an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
