"""The directory of a launch's own Ray. Other users cannot enter it, so they cannot put code there that is run.

    rs-k2j4l6/       0700
      r/             Ray's sockets and logs; Ray itself makes it 0777
      empty/         working directory of the engine, because Ray puts that directory on its workers' path
      token          required to talk to this Ray, also from this machine

Ray runs code for everybody who can talk to it.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

LONGEST_BASE = 20
"""Most characters of the directory for temporary files. The paths of Ray's sockets may have at most 107 bytes."""


@dataclass(frozen=True)
class RayFiles:
    """The files in a launch's directory for Ray."""

    root: Path

    @property
    def ray(self) -> Path:
        return self.root / "r"

    @property
    def empty(self) -> Path:
        return self.root / "empty"

    @property
    def token(self) -> Path:
        return self.root / "token"


def make_ray_files() -> RayFiles:
    """Make a directory that only this user can enter, with its contents."""
    base = tempfile.gettempdir()
    files = RayFiles(Path(tempfile.mkdtemp(prefix="rs-", dir=base if len(base) <= LONGEST_BASE else "/tmp")))  # noqa: S108
    files.ray.mkdir(mode=0o700)
    files.empty.mkdir(mode=0o700)
    with open(os.open(files.token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    return files
