"""Asks a machine of EC2 whether it will soon be taken away. The instance's own metadata tell so two minutes before.

The service is asked as AWS requires (version 2: first a token, which has to be renewed). A thread beside the work asks every
few seconds.

If the service does not answer, nothing happens. A machine that is taken away without notice costs what any lost machine costs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""An environment variable with another address than EC2's own. boto3 reads it, too."""
ENDPOINT = "http://169.254.169.254"
POLL_S = 5.0
TIMEOUT_S = 2.0
TOKEN_LIFE_S = 6 * 3600


@dataclass(frozen=True)
class SpotNotice:
    """What will happen to this machine (`terminate`, `stop`, `hibernate`), and when: in UTC, as AWS writes it."""

    action: str
    time: str


class InstanceMetadata:
    """The metadata service of the machine that this process runs on."""

    def __init__(self) -> None:
        import requests  # It takes a tenth of a second, and most machines are asked nothing.

        self._endpoint = os.environ.get(ENDPOINT_VARIABLE, ENDPOINT).rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # A proxy would answer with its own metadata, or not at all.
        self._token: str | None = None

    def spot_notice(self) -> SpotNotice | None:
        """Return the notice that was given; None if there is none.

        Raises requests.RequestException if the service does not answer.
        """
        answer = self._get("/latest/meta-data/spot/instance-action")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        answer.raise_for_status()
        content = answer.json()
        return SpotNotice(str(content["action"]), str(content["time"]))

    def _get(self, path: str) -> requests.Response:
        for _ in range(2):  # An expired token is renewed once.
            if self._token is None:
                self._token = self._new_token()
            answer = self._session.get(
                self._endpoint + path, headers={"X-aws-ec2-metadata-token": self._token}, timeout=TIMEOUT_S
            )
            if answer.status_code != HTTPStatus.UNAUTHORIZED:
                break
            self._token = None
        return answer

    def _new_token(self) -> str:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_LIFE_S)}
        answer = self._session.put(f"{self._endpoint}/latest/api/token", headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.text


@contextmanager
def listening(asked_for: bool, tell: Callable[[str], None], poll_s: float = POLL_S) -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether this machine has had its notice.

    `tell` is called once with the notice. If no notice is `asked_for`, the function always returns False.
    """
    if not asked_for:
        yield lambda: False
        return
    given, over = threading.Event(), threading.Event()
    listener = threading.Thread(target=_listen, args=(given, over, tell, poll_s), name="spot-notice", daemon=True)
    listener.start()
    try:
        yield given.is_set
    finally:
        over.set()


def _listen(given: threading.Event, over: threading.Event, tell: Callable[[str], None], poll_s: float) -> None:
    from requests import RequestException

    metadata, silent = InstanceMetadata(), False
    while not over.is_set():
        try:
            notice = metadata.spot_notice()
        except (RequestException, KeyError) as error:
            if not silent:
                tell(f"this machine cannot hear a spot notice, because its metadata service does not answer ({error})")
            notice, silent = None, True
        if notice is not None:
            given.set()
            tell(f"AWS will {notice.action} this machine at {notice.time}")
            return
        over.wait(poll_s)
