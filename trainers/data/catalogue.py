"""The dataset of a point of the design space: where it is, how it is made, how it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.errors import BrokenDataError, ChangedDataError, DataError, MissingDataError
from recipe_sweep.trainers.data.homegrown.makers import LICENCE, make_columns
from recipe_sweep.trainers.data.stored.card import CARD_FILE, Card, Declared, Identity, content_hash, make_card, read_card
from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.columns import Columns, column_layout, state_is_observed, transition_index
from recipe_sweep.trainers.data.stored.discrete_actions import wrong_actions_of_a_masked_task
from recipe_sweep.trainers.data.stored.registered import REGISTERED_LICENCE, load_registered, registered_scale
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.data.stored.store import map_columns, publish, rehash
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.task import ReturnScale, TaskSpec

if TYPE_CHECKING:
    from torch import Tensor

    from recipe_sweep.trainers.data.stored.dataset import Dataset

DATA_ROOT_VARIABLE = "RECIPE_SWEEP_DATA"


def default_data_root() -> Path:
    """Return the default directory of datasets: $RECIPE_SWEEP_DATA, else ~/.cache/recipe-sweep/data."""
    named = os.environ.get(DATA_ROOT_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".cache" / "recipe-sweep" / "data"


def dataset_directory(point: Declared, root: Path) -> Path:
    """Compose the directory of the point's dataset: `<root>/<source>/<task>/<dataset>/<dataset_id>`."""
    return root / point.source / point.task / point.dataset / point.dataset_id


def ensure_dataset(point: Declared, root: Path, progress: Progress = unheard) -> Path:
    """Return the directory of the point's dataset. If the dataset is missing and can be made here, make it first.

    Any number of processes may call this at once; they leave one valid dataset. `progress` is called with (transitions made,
    transitions in all).

    Raises:
        MissingDataError: the dataset is missing and cannot be made here.
        BrokenDataError: the dataset's card is unreadable.
        ChangedDataError: a plugin now registers other reference returns for the dataset.
        DataError: the dataset cannot be written, or a plugin's data do not fit the task.
    """
    directory = dataset_directory(point, root)
    if directory.is_dir():
        card = read_card(directory)
        if point.source is Source.REGISTERED:
            _require_scale(directory, card, registered_scale(point))
        return directory
    match point.source:
        case Source.OG_MARL:
            raise MissingDataError(_unpublished(point.task, point.dataset_version, [point.dataset], root))
        case Source.HOMEGROWN:
            columns = make_columns(point, progress)
            card = make_card(point, columns, RETURN_SCALES[point.source, point.task, point.dataset_version], LICENCE)
        case Source.REGISTERED:
            columns = load_registered(point)
            card = make_card(point, columns, registered_scale(point), REGISTERED_LICENCE)
    try:
        publish(directory, columns, card)
    except OSError as error:
        hint = f"free or choose a place: ${DATA_ROOT_VARIABLE} names the data directory"
        problem = Problem(file=str(directory), found=str(error), expected="room to write a dataset", hint=hint)
        raise DataError(problem) from error
    return directory


def require_fetched(declared: Iterable[Declared], root: Path) -> None:
    """Raise MissingDataError with every published dataset that is missing, task by task. Nothing is read or made."""
    absent: dict[tuple[str, str], dict[str, None]] = {}
    for one in declared:
        if one.source is Source.OG_MARL and not dataset_directory(one, root).is_dir():
            absent.setdefault((one.task, one.dataset_version), {})[one.dataset] = None
    if absent:
        raise MissingDataError(*(_unpublished(*task, sorted(names), root) for task, names in sorted(absent.items())))


def require_present(point: Declared, root: Path) -> None:
    """Raise MissingDataError if the point's dataset is not here."""
    directory = dataset_directory(point, root)
    if not directory.is_dir():
        require_fetched([point], root)
        raise MissingDataError(_absent(point, directory))


class StoredDataset(NamedTuple):
    """A dataset on disk, mapped into memory and checked."""

    directory: Path
    card: Card
    spec: TaskSpec
    columns: Columns


def map_dataset(point: Declared, root: Path, verify: bool = False) -> StoredDataset:
    """Map the point's dataset into memory without PyTorch. Checks and errors are those of `open_dataset`."""
    directory = dataset_directory(point, root)
    require_present(point, root)
    card = read_card(directory)
    spec = task_spec(point.task)
    if problems := tuple(contradictions(directory / CARD_FILE, card, point, spec)):
        raise BrokenDataError(*problems)
    columns = map_columns(directory, card)
    if verify:
        rehash(directory, card, columns)
    if not columns.terminals[-1]:  # the last row would have no next row
        raise BrokenDataError(Problem(file=str(directory), found="a last row that ends no episode", expected="whole episodes"))
    if spec.masked and (wrong := tuple(wrong_actions_of_a_masked_task(spec, columns, str(directory)))):
        raise BrokenDataError(*wrong)
    return StoredDataset(directory, card, spec, columns)


def open_dataset(point: Declared, root: Path, expected_hash: str | None = None, verify: bool = False) -> Dataset:
    """Map the point's dataset into memory. All processes that read it share its pages, and none writes to them.

    Check identity, types and shapes, that every number is finite, and that every action of a masked task is legal. With
    `verify`, hash every byte again.

    Raises:
        MissingDataError: the dataset is not here.
        BrokenDataError: the files do not match the dataset's card.
        ChangedDataError: the content is not `expected_hash`.
    """
    from torch import from_numpy  # imported here, so that making data does not wait for PyTorch

    from recipe_sweep.trainers.data.stored.dataset import Dataset

    stored = map_dataset(point, root, verify)
    card, columns = stored.card, stored.columns
    if expected_hash is not None and card.content_hash != expected_hash:
        raise ChangedDataError(changed_content(point, stored.directory, card.content_hash, expected_hash))
    rows, next_rows, mask = transition_index(columns.terminals, card.transitions)
    observations = from_numpy(columns.observations)
    return Dataset(
        spec=stored.spec,
        scale=ReturnScale(card.scale.minimum, card.scale.maximum),
        observations=observations,
        actions=from_numpy(columns.actions),
        rewards=from_numpy(columns.rewards),
        states=_states(stored.spec, observations) if columns.states is None else from_numpy(columns.states),
        rows=from_numpy(rows),
        next_rows=from_numpy(next_rows),
        mask=from_numpy(mask),
        content_hash=card.content_hash,
        legals=None if columns.legals is None else from_numpy(columns.legals),
    )


def _states(spec: TaskSpec, observations: Tensor) -> Tensor | None:
    """Take states that have no column from the observations: see `state_is_observed`."""
    return None if spec.state_dim == spec.n_agents * spec.obs_dim else observations[:, 0]


def contradictions(file: Path, card: Card, point: Declared, spec: TaskSpec) -> Iterator[Problem]:
    """Yield what in the card contradicts the point, the task or the card itself."""
    if card.identity != Identity.of(point):
        yield Problem(file=str(file), key="identity", found=repr(card.identity), expected=repr(Identity.of(point)))
    found = {column.name: f"{column.dtype} {column.shape}" for column in card.columns}
    with_states = "states" in found or not state_is_observed(spec)
    expected = {name: f"{dtype} {shape}" for name, (dtype, shape) in column_layout(spec, card.rows, with_states).items()}
    if found != expected:
        yield Problem(file=str(file), key="columns", found=repr(found), expected=f"{expected!r} for {spec.name}")
    transitions = card.rows if point.dataset_size is None else point.dataset_size
    if card.transitions != transitions or transitions > card.rows:
        wanted = f"{transitions}, of {card.rows} rows"
        yield Problem(file=str(file), key="transitions", found=str(card.transitions), expected=wanted)
    if (hashed := content_hash(card.columns)) != card.content_hash:
        yield Problem(file=str(file), key="content_hash", found=card.content_hash, expected=f"{hashed}, of the columns listed")


def _require_scale(directory: Path, card: Card, scale: ReturnScale) -> None:
    """Raise ChangedDataError if reference returns differ from the card's, because scores must mean the same in all runs."""
    if (card.scale.minimum, card.scale.maximum) != (scale.minimum, scale.maximum):
        found = f"{scale.minimum:g} and {scale.maximum:g} as the returns that score 0 and 1"
        expected = f"{card.scale.minimum:g} and {card.scale.maximum:g}, as when it was first loaded"
        hint = f"raise the version with which it is registered, or delete {directory}"
        raise ChangedDataError(Problem(file=str(directory / CARD_FILE), key="scale", found=found, expected=expected, hint=hint))


def dataset_name(point: Declared) -> str:
    """Name the dataset as people do, with its id."""
    return f"{point.source}/{point.environment}/{point.dataset} ({point.dataset_id})"


def _absent(point: Declared, directory: Path) -> Problem:
    hint = f"it is made when a sweep is launched, in the data directory that ${DATA_ROOT_VARIABLE} names"
    if point.source is Source.HOMEGROWN:
        options = ("--size", point.dataset_size, "--seed", point.dataset_seed, *_chance(point))
        how = pasted("recipe-sweep", "data", "collect", point.task, point.dataset, *options)
        hint = f"{hint}, or now by `{how}`"
    return Problem(file=str(directory), found="no dataset", expected=dataset_name(point), hint=hint)


def _chance(point: Declared) -> tuple[str, ...]:
    return () if point.chance is DesignPoint.chance else ("--chance", point.chance)


def _unpublished(task: str, version: str, datasets: Iterable[str], root: Path) -> Problem:
    return Problem(
        file=str(root),
        key=f"{Source.OG_MARL}/{task}",
        found=f"no {', '.join(datasets)}",
        expected=f"the published files, {version}",
        hint=f"download them: `{pasted('recipe-sweep', 'data', 'fetch', task)}`; or, from a zip or a vault that you have: "
        "`recipe-sweep data import PATH`; or use `source: homegrown`, which is made on the spot",
    )


def changed_content(point: Declared, directory: Path, found: str, expected: str) -> Problem:
    """Report that a card lists another content than the pinned one."""
    return Problem(
        file=str(directory),
        key=dataset_name(point),
        found=f"content {found}",
        expected=f"content {expected}, pinned when it was first used",
        hint="another machine or library may round differently: copy the data directory from where the sweep began, "
        "or begin a new sweep",
    )
