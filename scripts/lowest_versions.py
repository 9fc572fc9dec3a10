"""Print requirements.lock with the lowest versions that pyproject.toml allows: `python scripts/lowest_versions.py`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_RANGE = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[[^]]*\])?>=(?P<lowest>[0-9.]+)")


def lowest(dependencies: list[str], lock: str) -> str:
    """Return the lock file's text with the lower end of each range in place of what was tested."""
    for text in dependencies:
        found = _RANGE.match(text)
        if found is not None:
            pattern = rf"^{re.escape(found['name'])}==.*$"
            lock = re.sub(pattern, f"{found['name']}=={found['lowest']}", lock, flags=re.MULTILINE | re.IGNORECASE)
    return lock


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print(lowest(project["dependencies"], (ROOT / "requirements.lock").read_text(encoding="utf-8")), end="")
