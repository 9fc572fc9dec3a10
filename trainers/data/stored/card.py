"""The card of a dataset: identity, origin and content hashes. It is the file `card.json` beside the columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint, digest, environment_name
from recipe_sweep.search_spaces.vocabulary import Chance, Source
from recipe_sweep.trainers.data.errors import BrokenDataError
from recipe_sweep.trainers.data.stored.columns import Columns, episode_returns
from recipe_sweep.trainers.task import ReturnScale

SCHEMA_VERSION = 1
CARD_FILE = "card.json"


class _Model(BaseModel):
    """An immutable model. It ignores fields that a later release added, because fields are added and never renamed."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Identity(_Model):
    """The declared identity of a dataset: what a point says about it."""

    task: str
    source: Source
    dataset: str
    dataset_version: str
    dataset_seed: int | None
    dataset_size: int | None
    chance: Chance = DesignPoint.chance

    @model_serializer(mode="wrap")
    def _without_usual_chance(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave the usual chance out, as a point's content does. So cards and ids of older data stay the same."""
        content: dict[str, object] = write(self)
        return {name: value for name, value in content.items() if name != "chance" or value != DesignPoint.chance}

    @property
    def environment(self) -> str:
        """Name of the environment that makes the data."""
        return environment_name(self.task, self.chance)

    @classmethod
    def of(cls, declared: Declared) -> Identity:
        """Take the identity of the point's dataset."""
        return cls(**{name: getattr(declared, name) for name in cls.model_fields})

    @property
    def dataset_id(self) -> str:
        """Id of the dataset, the same in every point that uses it."""
        return digest(self.model_dump(mode="json", exclude_none=True))

    def __str__(self) -> str:
        return f"{self.source}/{self.environment}/{self.dataset}"


Declared: TypeAlias = DesignPoint | Identity
"""A design point or an identity: both declare a dataset."""


class ColumnCard(_Model):
    """One column: the file `<name>.npy` and its content."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def file(self) -> str:
        """Name of the column's file."""
        return f"{self.name}.npy"


class Returns(_Model):
    """Statistics of the episode returns, in units of reward. `std` is the population standard deviation."""

    mean: float
    std: float
    min: float
    max: float
    episodes: int


class Scale(_Model):
    """The returns that score 0 and 1: see recipe_sweep.trainers.task.ReturnScale."""

    minimum: float
    maximum: float


class Comparison(_Model):
    """A number that was published about a dataset, and the number found in the dataset's files."""

    quantity: str
    published: float
    found: float
    agrees: bool


class ReplayErrors(_Model):
    """Differences of stored numbers from the simulator's, over `compared` transitions; relative for numbers above 1."""

    compared: int
    deviating: int
    median: float
    upper: float
    """Difference that 99 of 100 transitions stay below."""
    largest: float


class ReplayResult(_Model):
    """Result of replaying stored transitions on the simulator; see recipe_sweep.trainers.data.stored.replay."""

    transitions: int
    observations: ReplayErrors
    rewards: ReplayErrors


class Origin(_Model):
    """Where imported rows came from, and what was done to them."""

    vault: str
    """`<scenario>.vlt/<uid>`"""
    archive_sha256: str | None
    """Hash of the zip; None if a directory was imported."""
    batch_rows: int
    rows_per_batch_row: int
    terminal_rows_dropped: int
    unfinished_rows_dropped: int
    clipped_components: int
    largest_action: float
    replay: ReplayResult | None
    published: tuple[Comparison, ...]


class Card(_Model):
    """Everything about a dataset except its columns.

    `rows` rows are stored. The first `transitions` of them are used as transitions; the rest only complete the last episode.
    """

    schema_version: int
    dataset_id: str
    identity: Identity
    licence: str
    rows: int
    transitions: int
    returns: Returns
    scale: Scale
    columns: tuple[ColumnCard, ...]
    content_hash: str
    origin: Origin | None = None


def make_card(declared: Declared, columns: Columns, scale: ReturnScale, licence: str, origin: Origin | None = None) -> Card:
    """Make the card of new columns. Nothing in it depends on when or where the columns were made."""
    rows = len(columns.terminals)
    returns = episode_returns(columns.rewards, columns.terminals)
    parts = tuple(column_card(name, values) for name, values in columns._asdict().items() if values is not None)
    return Card(
        schema_version=SCHEMA_VERSION,
        dataset_id=declared.dataset_id,
        identity=Identity.of(declared),
        licence=licence,
        rows=rows,
        transitions=rows if declared.dataset_size is None else declared.dataset_size,
        returns=Returns(
            mean=float(returns.mean()),
            std=float(returns.std()),
            min=float(returns.min()),
            max=float(returns.max()),
            episodes=len(returns),
        ),
        scale=Scale(minimum=scale.minimum, maximum=scale.maximum),
        columns=parts,
        content_hash=content_hash(parts),
        origin=origin,
    )


def column_card(name: str, values: NDArray[np.generic]) -> ColumnCard:
    """Make the card of one column. The hash is of the stored numbers in C order."""
    digest = hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()
    return ColumnCard(name=name, dtype=values.dtype.str, shape=values.shape, sha256=digest)


def content_hash(columns: Iterable[ColumnCard]) -> str:
    """Compute one sha256 of names, types, shapes and content of all columns."""
    content = [column.model_dump(mode="json") for column in columns]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_card(directory: Path, card: Card) -> None:
    """Write the card into a dataset's directory."""
    (directory / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_card(directory: Path) -> Card:
    """Read the card of the dataset in `directory`. Raises BrokenDataError if it is missing or unreadable."""
    path = directory / CARD_FILE
    if path.exists() and not path.is_file():  # Opening a FIFO would wait for ever.
        raise BrokenDataError(_problem(path, "no regular file"))
    try:
        card = Card.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenDataError(_problem(path, str(error))) from None
    except ValidationError as error:
        found = (f"{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}" for mistake in error.errors())
        raise BrokenDataError(*(_problem(path, text) for text in found)) from None
    if card.schema_version > SCHEMA_VERSION:
        raise BrokenDataError(
            Problem(
                file=str(path),
                key="schema_version",
                found=str(card.schema_version),
                expected=f"at most {SCHEMA_VERSION}",
                hint="the dataset was made by a later release of recipe-sweep; update",
            )
        )
    return card


def _problem(path: Path, found: str) -> Problem:
    hint = f"delete {path.parent} and make, fetch or import the dataset again"
    return Problem(file=str(path), found=found, expected="the card of a dataset", hint=hint)
