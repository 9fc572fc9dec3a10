"""Download of a published file with huggingface_hub, its cache and its environment variables.

HF_ENDPOINT names a mirror, and HF_HUB_CACHE and HF_HOME name the cache. HF_HUB_OFFLINE=1 forbids the network. HF_TOKEN is sent
and never shown. Files that were in the cache before stay there. The library resumes after a broken connection, but not after
the command has ended: the next command begins again. `download.py` resumes then too, from any address that --from names.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import ChangedDataError, FetchError
from recipe_sweep.trainers.data.published.archive import require_room
from recipe_sweep.trainers.data.published.download import accept, unreachable
from recipe_sweep.trainers.data.stored.collect import Progress, unheard

REPOSITORY = "InstaDeepAI/og-marl"
REVISION = "main"
"""The branch. The hash of the first download pins its bytes, see `accept`."""

_YES = frozenset({"1", "ON", "YES", "TRUE"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MIRRORS = "HF_ENDPOINT=https://... names a mirror, --from another address or a directory with the files"


@dataclass(frozen=True)
class HubFile:
    """A file in huggingface_hub's cache. `fresh` says that it was not there before."""

    path: Path
    sha256: str
    fresh: bool

    def discard(self) -> None:
        """Remove a fresh file from the cache."""
        if self.fresh:
            _evict(self.path)


def hub_file(name: str, known_as: Path, progress: Progress = unheard, room_afterwards: float = 0.0) -> HubFile:
    """Download a file of the repository into huggingface_hub's cache. The hash that it must have is stored beside `known_as`.

    The file's contents will be unpacked on the disk of `known_as`. `room_afterwards` is their size as a multiple of the file's.

    Raises:
        FetchError: the file cannot be downloaded, or is no zip archive.
        ChangedDataError: the file has another hash than at its first download.
        NoRoomError: a disk has too little room.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # no usage data are sent, as with MLflow
    import httpx2
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import FileMetadataError, HfHubHTTPError, LocalEntryNotFoundError

    how: dict[str, Any] = {
        "repo_type": "dataset",
        "revision": REVISION,
        # These variables are read now; the library read them when it was imported.
        "endpoint": os.environ.get("HF_ENDPOINT") or None,
        "cache_dir": os.environ.get("HF_HUB_CACHE") or constants.HF_HUB_CACHE,
        "local_files_only": os.environ.get("HF_HUB_OFFLINE", "").upper() in _YES,
    }
    contact: Exception | None = None
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # Its warnings contain passwords and signatures.
    try:
        if not how["local_files_only"]:
            # The library's download retries an unreachable host for half a minute, so the first contact is made here.
            address = hf_hub_url(REPOSITORY, name, repo_type="dataset", revision=REVISION, endpoint=how["endpoint"])
            try:
                get_hf_file_metadata(address, endpoint=how["endpoint"])
            except (httpx2.ConnectError, httpx2.TimeoutException) as error:
                contact, how["local_files_only"] = error, True
        planned = hf_hub_download(REPOSITORY, name, dry_run=True, **how)
        if planned.will_download:
            _require_room(Path(how["cache_dir"]), known_as.parent, planned.file_size or 0, room_afterwards, name)
        path = Path(hf_hub_download(REPOSITORY, name, tqdm_class=_bar_class(progress), **how))
    except (HfHubHTTPError, LocalEntryNotFoundError, FileMetadataError, httpx2.HTTPError, OSError) as error:
        raise FetchError(_problem(name, how, contact or error)) from error
    blob = path.resolve().name  # The cache names a large file's blob after its sha256, as the server gave it.
    try:
        sha256 = accept(path, known_as, blob if _SHA256.fullmatch(blob) else None)
    except FetchError:
        _evict(path)  # The bytes do not match the blob's name, so the cache would return this file again and again.
        raise
    except ChangedDataError:
        if planned.will_download:
            _evict(path)
        raise
    return HubFile(path, sha256, planned.will_download)


def _require_room(cache: Path, root: Path, size: int, room_afterwards: float, name: str) -> None:
    """Raise NoRoomError if the cache's disk has too little room for the file, or that of `root` for its contents."""
    later = int(size * room_afterwards)
    for directory in (cache, root):
        directory.mkdir(parents=True, exist_ok=True)
    same = cache.stat().st_dev == root.stat().st_dev
    require_room(cache, size + (later if same else 0), f"download {Path(name).name} and unpack it")
    require_room(root, later, f"unpack {Path(name).name}")


def _problem(name: str, how: dict[str, Any], error: Exception) -> Problem:
    from huggingface_hub.errors import LocalEntryNotFoundError

    endpoint = how["endpoint"] or "https://huggingface.co"
    where = _without_secrets(f"{endpoint.rstrip('/')}/datasets/{REPOSITORY}/resolve/{REVISION}/{name}")
    if isinstance(error, LocalEntryNotFoundError) and how["local_files_only"]:
        found = f"HF_HUB_OFFLINE is set, and the file is not in {how['cache_dir']}"
        return Problem(file=where, found=found, expected="the file", hint=f"unset HF_HUB_OFFLINE; {_MIRRORS}")
    if problem := unreachable(where, error):
        return problem
    told: BaseException = error.__cause__ or error  # huggingface_hub wraps the cause in "maybe you are offline"
    status = getattr(getattr(told, "response", None), "status_code", None)
    lines = [line for line in str(told).splitlines() if line.strip()]
    found = f"HTTP {status}" if status else _without_secrets(lines[0]) if lines else type(told).__name__
    hint = f"HF_TOKEN may be needed there; {_MIRRORS}" if status in (401, 403) else f"try again later; {_MIRRORS}"
    return Problem(file=where, found=found, expected="the file", hint=hint)


def _without_secrets(text: str) -> str:
    token = os.environ.get("HF_TOKEN")
    text = re.sub(r"//[^/@\s]*@", "//***@", text)
    return text.replace(token, "***") if token else text


def _evict(path: Path) -> None:
    blob = path.resolve()
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def _bar_class(progress: Progress) -> Any:
    """Make a class that replaces tqdm's bar, because rich draws ours."""

    class Bar:
        def __init__(self, *_: object, total: float | None = None, initial: float = 0, **__: object) -> None:
            self.total, self.n = total, initial

        def update(self, size: float | None = 1) -> None:
            self.n += size or 0
            progress(int(self.n), int(self.total or 0))

        def refresh(self, *_: object) -> None:
            """Draw nothing."""

        def close(self) -> None:
            """Draw nothing."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Draw nothing."""

    return Bar
