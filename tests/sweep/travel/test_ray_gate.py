"""Parts on their way between a worker and the gate's actor, without Ray: what is asked, and what is waited for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray import exceptions as real_exceptions

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import LeaseLostError
from recipe_sweep.sweep.files.launch_file import REAL, LaunchSettings
from recipe_sweep.sweep.travel import ray_gate
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.gate import CHUNK
from recipe_sweep.sweep.travel.ray_gate import PARTS_ON_THE_WAY, RayGateway, machines_that_do_not_see
from tests.sweep.conftest import make_resources

OF = ("pack", "token", "name")
GOT = ray_gate._got


class Actor:
    """A handle whose answers are functions. They are called when they are waited for."""

    def __init__(self, content: bytes = b"", full: int | None = None) -> None:
        self.content, self.full, self.asked = content, full, list[tuple[str, object]]()

    def __getattr__(self, name: str) -> Any:
        return Method(self, name)

    def answer_read(self, offset: int) -> bytes:
        return self.content[offset : offset + CHUNK]

    def answer_write(self, offset: int) -> None:
        if offset == self.full:
            raise OSError("no space")


class Method:
    def __init__(self, actor: Actor, name: str) -> None:
        self._actor, self._name = actor, name

    def remote(self, *arguments: Any) -> Callable[[], object]:
        self._actor.asked.append((self._name, arguments[3] if len(arguments) > 3 else None))
        answers = {"read": Actor.answer_read, "write": Actor.answer_write}
        answer = answers.get(self._name)
        return lambda: None if answer is None else answer(self._actor, arguments[3])


@pytest.fixture(autouse=True)
def _without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_gate, "_got", lambda asked: asked())


def test_the_next_parts_of_a_large_file_are_on_their_way_while_one_is_used() -> None:
    actor = Actor(bytes(3 * CHUNK + 1))
    gateway = RayGateway(actor)
    assert len(gateway.read(*OF, 0)) == CHUNK
    assert len(actor.asked) == 1 + PARTS_ON_THE_WAY
    got = b"".join(gateway.read(*OF, number * CHUNK) for number in range(1, 5))
    assert len(got) == 2 * CHUNK + 1


def test_a_small_file_is_asked_for_once() -> None:
    actor = Actor(b"small")
    assert RayGateway(actor).read(*OF, 0) == b"small"
    assert len(actor.asked) == 1


def test_another_file_is_not_answered_with_parts_of_the_one_before() -> None:
    actor = Actor(bytes(2 * CHUNK))
    gateway = RayGateway(actor)
    gateway.read(*OF, 0)
    actor.content = b"another"
    assert gateway.read("pack", "token", "another", 0) == b"another"


def test_a_file_can_be_sent_again_after_a_part_of_it_failed() -> None:
    actor = Actor(full=CHUNK)
    gateway = RayGateway(actor)
    for part in range(PARTS_ON_THE_WAY):
        gateway.write(*OF, part * CHUNK, b"x")
    gateway.write(*OF, PARTS_ON_THE_WAY * CHUNK, b"x")
    with pytest.raises(OSError, match="no space"):
        gateway.write(*OF, (1 + PARTS_ON_THE_WAY) * CHUNK, b"x")
    actor.full = None
    for part in range(PARTS_ON_THE_WAY + 1):
        gateway.write(*OF, part * CHUNK, b"x")
    gateway.commit(*OF, Landed(1, "hash"))


def test_a_commit_fails_if_a_part_on_its_way_failed() -> None:
    gateway = RayGateway(Actor(full=0))
    gateway.write(*OF, 0, b"x")
    with pytest.raises(OSError, match="no space"):
        gateway.commit(*OF, Landed(1, "hash"))


def _answering_with(error: Exception) -> Any:
    """A Ray whose answers are this error."""

    def get(*_: object, **__: object) -> object:
        raise error

    return SimpleNamespace(get=get, exceptions=real_exceptions)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (real_exceptions.OutOfDiskError("full"), ConnectionError),
        (real_exceptions.ObjectLostError("id", None, ""), ConnectionError),
        (real_exceptions.GetTimeoutError("late"), TimeoutError),
        (real_exceptions.ActorUnavailableError("away", None), ConnectionError),
        (real_exceptions.RayActorError(), LeaseLostError),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else type(each).__name__,
)
def test_trouble_of_ray_counts_as_a_failure_of_the_runs(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", _answering_with(error))
    with pytest.raises(raised):
        GOT("an answer")


class Machines:
    """A Ray with these machines: host, whether it sees the folder, and whether it answers in time. It runs tasks at once."""

    exceptions = SimpleNamespace(RayError=Exception)

    def __init__(self, *machines: tuple[str, bool, bool]) -> None:
        self.machines = dict(enumerate(machines))

    def nodes(self) -> list[dict[str, object]]:
        return [{"NodeID": each, "NodeManagerHostname": host, "Alive": True} for each, (host, *_) in self.machines.items()]

    def remote(self, **_: object) -> Callable[[object], Any]:
        asking = SimpleNamespace(
            options=lambda scheduling_strategy: SimpleNamespace(remote=lambda *_: f"answer of {scheduling_strategy}")
        )
        return lambda _: asking

    def wait(self, asked: list[str], num_returns: int, timeout: float) -> tuple[list[str], list[str]]:
        assert num_returns == len(asked)
        return [each for each in asked if self._of(each)[2]], [each for each in asked if not self._of(each)[2]]

    def get(self, asked: str) -> bool:
        return self._of(asked)[1]

    def _of(self, asked: str) -> tuple[str, bool, bool]:
        return self.machines[int(asked.rpartition(" ")[2])]


@pytest.mark.parametrize(
    ("machines", "unseen"),
    [
        ((("lab1", True, True), ("lab2", True, True)), ()),
        ((("lab1", True, True), ("lab2", False, True), ("lab3", True, False)), ("lab2", "lab3")),
        ((("vm", True, True), ("vm", False, True)), ("vm",)),
        ((("lab1", True, True), ("vm", False, True), ("vm", False, True)), ("vm",)),
    ],
    ids=["all see", "one sees nothing and one is silent", "two of one name differ", "two of one name see nothing"],
)
def test_a_machine_that_sees_nothing_is_overlooked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machines: tuple[tuple[str, bool, bool], ...], unseen: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", Machines(*machines))  # type: ignore[arg-type]
    monkeypatch.setattr(ray_gate, "only_on", lambda node: node)
    settings = LaunchSettings(tmp_path, 1, tmp_path, Keep.NONE, REAL, make_resources())
    assert machines_that_do_not_see(settings, ()) == unseen
