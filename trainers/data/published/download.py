"""Download of one large file. It resumes after an interruption, runs in one process at a time, and checks the whole file.

Three files lie beside it. `<name>.part` holds the bytes that have arrived. `<name>.part.json` says which file on the server
they belong to. `<name>.sha256` holds the hash of the first download, in the format of the program sha256sum. This file is kept
for ever, and every later download must have the same hash.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import ChangedDataError, FetchError, NoRoomError
from recipe_sweep.trainers.data.published.archive import require_room
from recipe_sweep.trainers.data.stored.collect import Progress, unheard

ATTEMPTS = 6
"""Attempts in a row without a new byte, after which the download fails."""
LONGEST_PAUSE_S = 60.0
CONNECT_S, SILENCE_S = 15.0, 60.0
"""Seconds to wait for a connection, and for the next byte."""

_PIECE = 1 << 20
_AGAIN_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class _Version:
    """Which content of an address a part belongs to. `validator` is a strong ETag, a date, or None if the server gives none."""

    validator: str | None
    size: int | None
    sha256: str | None


class _CutShortError(Exception):
    """The body ended early, or the server asks to retry after `pause_s` seconds. The bytes that have arrived are kept."""

    def __init__(self, told: str, pause_s: float = 0.0) -> None:
        super().__init__(told)
        self.pause_s = pause_s


_TRY_AGAIN = (_CutShortError, requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)


def download(
    url: str,
    target: Path,
    progress: Progress = unheard,
    pause: Callable[[float], None] = time.sleep,
    room_afterwards: float = 0.0,
) -> str:
    """Download a zip archive to `target`, unless it is there, and return its sha256. The caller holds the file's lock.

    `progress` is called with (bytes here, bytes in all). `room_afterwards` is the size of what will be made from the archive,
    as a multiple of the archive's size. The disk must have room for that too before the download begins.

    Raises:
        FetchError: the archive cannot be downloaded, or the file is no zip archive.
        ChangedDataError: the archive has another hash than at its first download.
        NoRoomError: the disk has too little room.
    """
    if target.is_file():
        return accept(target, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(target, room_afterwards)
    fruitless, reached = 0, False
    with requests.Session() as session:
        while True:
            before = part.length
            try:
                version = part.receive(session, url, progress)
                break
            except _TRY_AGAIN as error:
                if not reached and (problem := unreachable(url, error)):
                    raise FetchError(problem) from error
                reached = True
                fruitless = 0 if part.length > before else fruitless + 1
                if fruitless >= ATTEMPTS:
                    raise FetchError(_gave_up(url, part, error)) from error
                asked = error.pause_s if isinstance(error, _CutShortError) else 0.0
                pause(min(max(asked, 2.0**fruitless), LONGEST_PAUSE_S))
            except requests.RequestException as error:  # no address, too many redirections
                raise FetchError(Problem(file=url, found=str(error), expected="an address that can be fetched")) from error
    try:
        sha256 = accept(part.path, target, version.sha256)
    except (FetchError, ChangedDataError):
        part.discard()
        raise
    part.path.replace(target)
    part.discard()
    return sha256


def unreachable(url: str, error: BaseException) -> Problem | None:
    """Explain an error if the host's name has no address or the host refuses the connection; None for other errors.

    Waiting seldom helps in these cases, so a first contact that fails in this way is reported at once.
    """
    parts = urlsplit(url)
    shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    host = parts.hostname or url
    hint = (
        "is this machine on the network? HF_ENDPOINT=https://... names a mirror of Hugging Face, "
        "--from another address or a directory with the files"
    )
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror | urllib3.exceptions.NameResolutionError):
            return Problem(
                file=shown, found=f"the name {host} cannot be resolved", expected="a host with an address", hint=hint
            )
        if isinstance(cause, ConnectionRefusedError):
            return Problem(file=shown, found=f"{host} refuses the connection", expected="a server that answers", hint=hint)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, by all the ways in which libraries store causes."""
    seen: list[BaseException] = [error]
    for each in seen:
        yield each
        behind = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        seen += [cause for cause in behind if isinstance(cause, BaseException) and cause not in seen]


def accept(file: Path, known_as: Path, declared: str | None = None) -> str:
    """Check that a file is a zip archive with the declared hash and the hash of its first download. Return the hash.

    The first hash is written beside `known_as`. Raises FetchError or ChangedDataError.
    """
    if not zipfile.is_zipfile(file):
        with file.open("rb") as begun:
            found = f"{file.stat().st_size:,} bytes that are no zip archive and begin with {begun.read(40)!r}"
        raise FetchError(Problem(file=str(known_as), found=found, expected="a zip archive", hint="is the address right?"))
    with file.open("rb") as whole:
        sha256 = hashlib.file_digest(whole, "sha256").hexdigest()
    if declared is not None and sha256 != declared:
        expected = f"sha256 {declared}, as the server says"
        raise FetchError(Problem(file=str(known_as), found=f"sha256 {sha256}", expected=expected, hint="fetch it again"))
    record = known_as.with_name(f"{known_as.name}.sha256")
    if record.is_file():
        first = record.read_text(encoding="utf-8").split(maxsplit=1)[0]
        if sha256 != first:
            expected = f"sha256 {first}, as when it was first fetched"
            hint = f"it was published again, or is damaged; to accept it, delete {record} and the datasets imported from it"
            raise ChangedDataError(Problem(file=str(known_as), found=f"sha256 {sha256}", expected=expected, hint=hint))
        return sha256
    record.parent.mkdir(parents=True, exist_ok=True)
    _write(record, f"{sha256}  {known_as.name}\n")
    return sha256


class _Part:
    """The part of a file that has arrived."""

    def __init__(self, target: Path, room_afterwards: float) -> None:
        self._room_afterwards = room_afterwards
        self.path = target.with_name(f"{target.name}.part")
        self._description = target.with_name(f"{target.name}.part.json")

    @property
    def length(self) -> int:
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def discard(self) -> None:
        """Delete the part."""
        self.path.unlink(missing_ok=True)
        self._description.unlink(missing_ok=True)

    def receive(self, session: requests.Session, url: str, progress: Progress) -> _Version:
        """Request the missing bytes and append them. Return when the whole file is here."""
        known = self._known()
        if known is None or known.validator is None:
            self.discard()  # it is unknown which file the part belongs to: begin again
            known = None
        headers = {"Accept-Encoding": "identity"}
        if known is not None and known.validator is not None and self.length:
            headers |= {"Range": f"bytes={self.length}-", "If-Range": known.validator}
        with session.get(url, headers=headers, stream=True, timeout=(CONNECT_S, SILENCE_S)) as response:
            if response.status_code == 416:  # no byte is missing, or the file has become shorter
                if known is not None and known.size == self.length:
                    return known
                self.discard()
                raise _CutShortError("the file on the server has changed")
            _require_success(url, response)
            version = _version(response, self.length)
            if response.status_code == 200:
                self.discard()  # the server sends the whole file: the file has changed, or the server cannot resume
            elif known is None or (version.size, version.validator) != (known.size, known.validator):
                self.discard()
                raise _CutShortError("the file on the server has changed")
            self._add(version, response, progress)
        return version

    def _add(self, version: _Version, response: requests.Response, progress: Progress) -> None:
        if version.size is not None:
            needed = version.size - self.length + int(version.size * self._room_afterwards)
            require_room(self.path.parent, needed, f"download {self.path.stem} and unpack it")
        try:
            _write(self._description, json.dumps(asdict(version)) + "\n")
            with self.path.open("ab") as file:
                # Not `iter_content`, because it discards an incomplete piece when the connection breaks.
                while piece := response.raw.read1(_PIECE):
                    file.write(piece)
                    progress(file.tell(), version.size or file.tell())
        except OSError as error:
            self.discard()  # leave the disk as it was
            raise NoRoomError(Problem(file=str(self.path), found=str(error), expected="room for a download")) from error
        if version.size is not None and self.length != version.size:
            if self.length > version.size:
                self.discard()
            raise _CutShortError(f"{self.length:,} of {version.size:,} bytes arrived")

    def _known(self) -> _Version | None:
        """Read which file the part belongs to; None if that is unknown."""
        try:
            return _Version(**json.loads(self._description.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def _version(response: requests.Response, have: int) -> _Version:
    """Read what a successful response says about the whole file."""
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")
    size: int | None
    if response.status_code == 206:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != have:
            raise _CutShortError("the server sent another part than was asked for")
        size = int(match[2])
    else:
        length = response.headers.get("Content-Length")
        size = int(length) if length is not None and length.isdigit() else None
    return _Version(validator, size, next(_declared_sha256(response), None))


def _declared_sha256(response: requests.Response) -> Iterator[str]:
    """Yield the sha256 that a server gives as an ETag. Hugging Face gives it before it redirects, others with the file itself.

    The ETag of the address after a redirection is ignored, because content networks use 64-digit hashes of their own.
    """
    for answer in (*response.history, response):
        yield from _sha256s(answer.headers.get("X-Linked-ETag", ""))
    yield from _sha256s((response.history or [response])[0].headers.get("ETag", ""))


def _sha256s(etag: str) -> Iterator[str]:
    bare = etag.removeprefix("W/").strip('"')
    if _SHA256.fullmatch(bare):
        yield bare


def _require_success(url: str, response: requests.Response) -> None:
    """Raise FetchError if another attempt would fail too, _CutShortError if it may succeed."""
    status = response.status_code
    if status in (200, 206):
        if response.headers.get("Content-Encoding", "identity") != "identity":
            found = f"a body encoded as {response.headers['Content-Encoding']}"
            raise FetchError(Problem(file=url, found=found, expected="the file as it is"))
        return
    told = f"HTTP {status} {response.reason}"
    if status in _AGAIN_LATER:
        asked = response.headers.get("Retry-After", "")
        raise _CutShortError(told, float(asked) if asked.isdigit() else 0.0)
    hint = "check the address, or name a mirror or a local copy with --from"
    raise FetchError(Problem(file=url, found=told, expected="the file", hint=hint))


def _gave_up(url: str, part: _Part, error: Exception) -> Problem:
    hint = f"{part.length:,} bytes are kept in {part.path}: fetch again to resume" if part.length else "try again later"
    return Problem(file=url, found=str(error), expected=f"more of the file within {ATTEMPTS} attempts", hint=hint)


def _write(path: Path, text: str) -> None:
    """Write a small file in one step."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
