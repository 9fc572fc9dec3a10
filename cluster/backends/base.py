"""What every backend can do. One object is one cluster: a class of a backend, and the file that was read for it.

To add a backend, write a class in this folder and a line in `registry.py`. `Backend` is for machines that already run. A launch
trains on them directly. `StartingBackend` is for machines that `recipe-sweep cluster up` starts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, TypeVar

from recipe_sweep.cluster.backends.reach import Command as Command
from recipe_sweep.cluster.backends.reach import Reach
from recipe_sweep.cluster.errors import ClusterError, StartsNothingError
from recipe_sweep.cluster.notice import Notice
from recipe_sweep.cluster.probe import Probe
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import ClusterFile
from recipe_sweep.cluster.shipment import Cargo, TextFile

File = TypeVar("File")
SAMPLES = Path(__file__).parent.parent
"""Folder of the sample files, which explain every key."""
RECORDS = "_clusters"
"""Folder of a file's store that says what is up. No sweep has this name."""


@dataclass(frozen=True)
class Spending:
    """What a cluster may cost in USD: an hour of all its machines with every worker on demand, and at spot prices."""

    most_per_hour: float
    spot_per_hour: float
    hours: float
    """How long the budget lasts at the highest price."""
    budget_usd: float
    source: str
    """Where the prices come from, and how reliable they are."""


@dataclass(frozen=True)
class Cost:
    """What machines cost.

    `spending` is None if no price is known. Then `text` says why; otherwise it says what an hour costs.
    """

    spending: Spending | None
    text: str


@dataclass(frozen=True)
class Start:
    """What `cluster up` does: it writes these files, then runs these commands one after another.

    `ends_at` is the latest time at which the machines end. It is None if it is not known here.
    """

    files: tuple[TextFile, ...]
    commands: tuple[Command, ...]
    ends_at: datetime | None = None
    job_of: Callable[[str], str] | None = None
    """Function that reads the number of the job from what a command printed. None shows the command's output as it comes."""


class Started(NamedTuple):
    """What was started before: the directory of the generated files, and the job's number, if there is one."""

    directory: Path
    job: str | None


class Backend(ABC, Generic[File]):
    """Machines that a cluster file describes. `file` was read and has no mistakes."""

    name: ClassVar[str]
    """The word in the file, and the key in the registry."""
    schema: ClassVar[type[ClusterFile]]
    """Schema of the file. Its field `backend` has the name as its only value."""
    key: ClassVar[str] = "backend"
    """The key that identifies the file. Complaints about the whole file point there."""
    is_here: ClassVar[bool] = False
    """Whether packs run on the launching machine. Then its speed and its GPU can be measured."""
    starts_machines: ClassVar[bool] = False
    """Whether `cluster up` starts machines. A launch from here cannot reach such machines; it reaches all others."""
    ships_code: ClassVar[bool] = False
    """Whether `up` sends our wheel, writes files and remembers what it started."""

    opens_store: ClassVar[bool] = False
    """Whether the account that starts the machines opens the store as well. Other machines may have rights of their own."""

    tools: ClassVar[tuple[str, ...]] = ()
    """Programs that `up`, `status` and `down` run."""

    def __init__(self, file: File) -> None:
        self.file = file

    @classmethod
    @abstractmethod
    def example(cls) -> str:
        """Return a valid cluster file, as text. `sample` reads one from `cluster/`."""

    @abstractmethod
    def resources(self) -> Resources:
        """Count what the machines hold. Raises ClusterError if no pack fits, or if the budget is too small."""

    @abstractmethod
    def cost(self) -> Cost:
        """Say what an hour costs in USD, or why the price is not known.

        Raises no error if `resources` raised none.
        """

    @property
    def described(self) -> str:
        """Name of such a file in complaints."""
        return self.name

    def store_of(self, sweep: str) -> str | None:
        """Return the address of the store of a sweep of this name: below what the file names. None if it names no store."""
        store = getattr(self.file, "store", None)
        return None if store is None else f"{store}/{sweep}"

    def records(self) -> str | None:
        """Return the address of the store that says what is up of this file; None if the file names no store."""
        store, name = getattr(self.file, "store", None), getattr(self.file, "name", self.name)
        return None if store is None else f"{store}/{RECORDS}/{name}"

    def gpu(self) -> str | None:
        """Name the model of the slowest GPU; None if there is no GPU, or if the file does not tell."""
        return None

    def budget(self) -> str | None:
        """Say in a few words how long machines live at most; None if nothing ends them."""
        return None

    def notice(self, up_since: datetime | None = None) -> Notice:
        """Say who is told how a launch on these machines goes, and how long the machines live."""
        return Notice(getattr(self.file, "notify", None), self.budget_hours(), up_since)

    def budget_hours(self) -> float | None:
        """Return how many hours the machines live at most; None if nothing ends them."""
        return None

    def check_grid(self, given: bool) -> None:
        """Raise ClusterError if `up` needs a grid and none is given, or if it cannot send the given one."""

    def probes(self) -> tuple[Probe, ...]:
        """List questions to the other side that start nothing there, for `doctor`."""
        return ()

    def shared_folder(self) -> Path | None:
        """Return the folder that all machines see and that may be seen here, too; None if there is none."""
        return None

    def check_account(self) -> None:
        """Raise MissingToolError if this machine has no account to start machines with."""

    def settled(self) -> Backend[File]:
        """Return these machines with all that the file leaves open. `up` asks for it, a dry run does not.

        Raises ClusterError or MissingToolError if whoever knows gives no answer.
        """
        return self

    def contradictions(self) -> tuple[ClusterError, ...]:
        """List what is wrong with keys that are right alone."""
        return ()

    def loss(self) -> str | None:
        """Say in one sentence what the loss of the launch's machine costs; None if the file does not decide it."""
        return None

    def mistakes_here(self) -> tuple[ClusterError, ...]:
        """List what the file names on this machine and is not there as it has to be."""
        return ()

    def lacks_to_reach(self) -> str | None:
        """Say what this machine lacks to reach a cluster that another one has brought up; None if nothing is known to lack."""
        return None

    def check_machines(self, directory: Path) -> tuple[ClusterError, ...]:
        """List what is wrong with machines that run already, before anything is started there. It may take some seconds.

        `directory` is for generated files. Raises MissingToolError.
        """
        return ()

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide what starts the machines, and start nothing.

        `cargo` is None only for a class without `ships_code`. The same arguments give the same bytes. No secret is written,
        because programs find accounts by themselves.
        """
        raise self._starts_nothing()

    def status(self, started: Started) -> Command:
        """Return the command that shows the state of the machines. Raises NoJobError if there is no job to ask for."""
        raise self._starts_nothing()

    def down(self, started: Started) -> tuple[Command, ...]:
        """Return the commands that end the machines."""
        raise self._starts_nothing()

    def reach(self, started: Started, sweep: str) -> Reach | None:
        """Return the way to the launch of the sweep of this name; None if it cannot be followed from here."""
        return None

    def way_there(self, up: str, up_with_grid: str) -> str:
        """Say how to train a grid on these machines, given the commands that start them without and with the grid."""
        raise self._starts_nothing()

    def _starts_nothing(self) -> StartsNothingError:
        return StartsNothingError(f"{self.name} starts no machines, because it uses those that run already")


class StartingBackend(Backend[File]):
    """Machines that `cluster up` starts, `cluster status` shows and `cluster down` ends."""

    starts_machines = True
    ships_code = True
    needs_grid: ClassVar[bool] = False
    """Whether such a cluster lives for one grid, so that `up` needs a grid."""

    def check_grid(self, given: bool) -> None:
        if self.needs_grid and not given:
            found = f"{self.name} without --grid"
            raise ClusterError(self.key, found, "--grid GRID: such a cluster lives for one grid")

    def way_there(self, up: str, up_with_grid: str) -> str:
        return f"send the grid there: {up_with_grid}"

    @abstractmethod
    def up(self, cargo: Cargo | None, now: datetime) -> Start: ...

    @abstractmethod
    def status(self, started: Started) -> Command: ...

    @abstractmethod
    def down(self, started: Started) -> tuple[Command, ...]: ...


class Mistake(NamedTuple):
    """A mistake by another tool's schema: at `path`, `found` was found."""

    path: tuple[str | int, ...]
    found: str
    expected: str


class ForeignFile(NamedTuple):
    """A file in another tool's format, and its content."""

    path: Path
    content: Mapping[str, object]


class ForeignBackend(StartingBackend[ForeignFile]):
    """Machines that another tool's own file describes. The tool gets the file unchanged."""

    ships_code = False

    @classmethod
    @abstractmethod
    def recognises(cls, content: Mapping[str, object]) -> bool:
        """Say whether a file is meant for that tool."""

    @classmethod
    @abstractmethod
    def mistakes(cls, content: Mapping[str, object]) -> tuple[Mistake, ...]:
        """List everything that the tool would refuse in the file, in the order of its keys."""


def sample(name: str) -> str:
    """Read the sample file of a backend, with a comment on every key."""
    return (SAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
