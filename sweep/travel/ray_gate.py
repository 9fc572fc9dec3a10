"""The gate as an actor of Ray, on the machine of the launch. It takes no CPU of the packs.

If its process dies, Ray starts it again, and it finds in the sweep's directory what it needs. It ends with the launch.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.sweep.errors import LeaseLostError
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.locks.claim import Claimant
from recipe_sweep.sweep.travel import node
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.gate import CHUNK, Answer, Beat, Gate, Pulse
from recipe_sweep.sweep.travel.pulse import LOG_PART

ANSWER_S = 120.0
"""Seconds after which a request counts as not answered. The gate may be waiting for a lock of the sweep."""
SLOWEST = 1 << 20
"""Bytes that the gate gets from a store in a second, at least."""
LOOK_S = 30.0
"""Seconds in which every machine must have looked for the sweep's directory. One that has not looked does not see it."""
PARTS_ON_THE_WAY = 2
REQUESTS_AT_ONCE = 16

Result = TypeVar("Result")


def start_gate(settings: LaunchSettings, *, by_store: bool) -> Any:
    """Start the gate beside this process, which must be connected to Ray; return its handle."""
    import ray

    options = {
        "num_cpus": 0,
        "max_concurrency": REQUESTS_AT_ONCE,
        "max_restarts": -1,
        "max_task_retries": -1,
        "scheduling_strategy": only_on(ray.get_runtime_context().get_node_id()),
    }
    return ray.remote(Gate).options(**options).remote(settings, by_store=by_store)


def machines_that_do_not_see(settings: LaunchSettings, datasets: Sequence[Path]) -> tuple[str, ...]:
    """List the hosts of the connected Ray that do not see the sweep's directory or these datasets, sorted."""
    import ray

    path, mark, folders = str(settings.paths.launch_file(settings.epoch)), settings.launch_id, [str(each) for each in datasets]
    look = ray.remote(num_cpus=0, max_retries=0)(_sees)
    nodes = {each["NodeID"]: str(each["NodeManagerHostname"]) for each in ray.nodes() if each["Alive"]}
    asked = {look.options(scheduling_strategy=only_on(one)).remote(path, mark, folders): host for one, host in nodes.items()}
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=LOOK_S)
    seeing = {each for each in answered if _answer(each)}
    return tuple(sorted({host for each, host in asked.items() if each not in seeing}))


@dataclass(frozen=True)
class RayConnection:
    """A worker's way to the gate."""

    handle: Any
    launch_id: str

    @property
    def gateway(self) -> RayGateway:
        """See `Connection`."""
        return RayGateway(self.handle)

    @property
    def node(self) -> str:
        """See `Connection`."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def leftover_log(self, node_id: str, pack_id: str, name: str, offset: int) -> bytes:
        """See `Connection`."""
        import ray

        read = ray.remote(num_cpus=0, max_retries=0)(node.leftover_log).options(scheduling_strategy=only_on(node_id))
        try:
            return bytes(ray.get(read.remote(self.launch_id, pack_id, name, offset, LOG_PART), timeout=LOOK_S))
        except ray.exceptions.RayError:
            return b""  # The machine is gone.


class RayGateway:
    """Asks the actor. See `Gateway`."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._on_the_way: deque[Any] = deque()
        self._ahead: deque[tuple[tuple[str, str, str], int, Any]] = deque()

    def told_to_stop(self) -> bool:
        return bool(self._ask(self._handle.told_to_stop))

    def claim(self, pack_id: str, claimant: Claimant) -> Answer:
        answer: Answer = self._ask(self._handle.claim, pack_id, claimant)
        return answer

    def release(self, pack_id: str, token: str) -> None:
        self._ask(self._handle.release, pack_id, token)

    def read(self, pack_id: str, token: str, name: str, offset: int) -> bytes:
        return bytes(self._read_ahead(self._handle.read, (pack_id, token, name), offset))

    def read_data(self, pack_id: str, token: str, file: str, offset: int) -> bytes | None:
        part: bytes | None = self._read_ahead(self._handle.read_data, (pack_id, token, file), offset)
        return part

    def put(self, pack_id: str, token: str, name: str, content: bytes) -> None:
        self._ask(self._handle.put, pack_id, token, name, content)

    def write(self, pack_id: str, token: str, name: str, offset: int, content: bytes) -> None:
        """Send a part. The next one is sent while this one travels, and `commit` or `publish` waits for all."""
        self._wait_for_parts(PARTS_ON_THE_WAY - 1)
        self._on_the_way.append(self._handle.write.remote(pack_id, token, name, offset, content))

    def commit(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        self._ask(self._handle.commit, pack_id, token, name, landed)

    def fetch_stored(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        self._wait_for_parts(0)
        _got(self._handle.fetch_stored.remote(pack_id, token, name, landed), ANSWER_S + landed.size / SLOWEST)

    def keep_checkpoints(self, pack_id: str, token: str, kept: Sequence[str]) -> None:
        self._ask(self._handle.keep_checkpoints, pack_id, token, list(kept))

    def publish(self, pack_id: str, token: str, rows: Landed, weights: str | None) -> None:
        self._ask(self._handle.publish, pack_id, token, rows, weights)

    def pulse(self, pack_id: str, token: str, beat: Beat) -> Pulse:
        pulse: Pulse = _got(self._handle.pulse.remote(pack_id, token, beat))  # Parts of other files may be on their way.
        return pulse

    def _read_ahead(self, method: Any, of: tuple[str, str, str], offset: int) -> Any:
        """Read a part of a file. If it is a large file, the next parts are on their way when this returns."""
        if self._ahead and self._ahead[0][:2] == (of, offset):
            part = _got(self._ahead.popleft()[2])
        else:
            self._ahead.clear()
            part = self._ask(method, *of, offset)
        if part is not None and len(part) == CHUNK:
            for after in range(len(self._ahead) + 1, PARTS_ON_THE_WAY + 1):
                self._ahead.append((of, offset + after * CHUNK, method.remote(*of, offset + after * CHUNK)))
        return part

    def _ask(self, method: Any, *arguments: object) -> Any:
        self._wait_for_parts(0)
        return _got(method.remote(*arguments))

    def _wait_for_parts(self, most: int) -> None:
        """Wait until at most so many parts are on their way. After an error wait for all, because the file is sent again."""
        try:
            while len(self._on_the_way) > most:
                _got(self._on_the_way.popleft())
        except BaseException:
            while self._on_the_way:
                with suppress(OSError, RecipeSweepError):
                    _got(self._on_the_way.popleft())
            raise


def _got(asked: Any, patience_s: float = ANSWER_S) -> Any:
    """Wait for an answer.

    Raises what the gate raised, LeaseLostError if it is gone for good, and TimeoutError or ConnectionError without an answer.
    """
    import ray
    from ray import exceptions

    try:
        return ray.get(asked, timeout=patience_s)
    except exceptions.RayTaskError as error:
        if isinstance(error.cause, RecipeSweepError | OSError):
            raise error.cause from None
        raise
    except exceptions.GetTimeoutError as error:
        raise TimeoutError("the launch's machine gave no answer") from error
    except exceptions.ActorUnavailableError as error:
        raise ConnectionError("the launch's machine cannot be reached") from error
    except exceptions.RayActorError as error:
        raise LeaseLostError("the launch has ended") from error
    except exceptions.RayError as error:  # Ray's memory is full, or an answer was lost on its way.
        raise ConnectionError(f"Ray brought no answer: {error}") from error


def _answer(asked: Any) -> bool:
    import ray

    try:
        return bool(ray.get(asked))
    except ray.exceptions.RayError:
        return False


def _sees(path: str, mark: str, folders: Sequence[str]) -> bool:
    """Say whether this machine has the launch's file, and these folders. A file of another launch is not enough."""
    try:
        with open(path, encoding="utf-8") as file:
            return f'"{mark}"' in file.read() and all(map(os.path.isdir, folders))
    except OSError:
        return False


def only_on(node_id: str) -> Any:
    """Return the option of Ray by which something runs on this machine and nowhere else."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id, soft=False)
