"""What several keys of a grid must agree on. Every rule reports all its findings; no rule stops at the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from recipe_sweep.search_spaces.abridged import listing
from recipe_sweep.search_spaces.axis_types import EVERY_TASK
from recipe_sweep.search_spaces.errors import MOST_TOLD, GridError, Problem
from recipe_sweep.search_spaces.filters import SELECTABLE, criteria_of, strangers_among
from recipe_sweep.search_spaces.grid import ALL_DATASETS, Grid
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tables import Tables, condition, tables_of
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.validation import nearest, one_of
from recipe_sweep.search_spaces.vocabulary import (
    CriticNorm,
    Decomposition,
    Evaluate,
    Extraction,
    Source,
    ValueLearning,
)
from recipe_sweep.search_spaces.yaml_file import KeyPath, key_text, shown

MISSING = "nothing"
"""Text for `found` if a key is missing."""


class Finding(NamedTuple):
    """A contradiction: where, and the axes that it depends on.

    It is reported only if none of these axes has a mistake itself.
    """

    path: KeyPath
    axes: tuple[str, ...]
    found: str
    expected: str
    hint: str | None = None


def check(grid: Grid) -> None:
    """Raise GridError with every contradiction in a grid."""
    problems = contradictions(grid)
    if problems:
        raise GridError(*problems)


def contradictions(grid: Grid, wrong: Container[str] = ()) -> list[Problem]:
    """List every contradiction in a grid, in the file's order.

    Those that depend on axes already known to be wrong are left out.
    """
    tables = tables_of(grid)
    misplaced = list(_zip_groups(tables))
    unclear = {axis for finding in misplaced for axis in finding.axes}
    sound = tables.without_repeats()
    further = (finding for rule in RULES for finding in rule(grid, sound) if unclear.isdisjoint(finding.axes))
    told = [finding for finding in (*misplaced, *further) if not any(axis in wrong for axis in finding.axes)]
    return sorted((_problem(grid, finding) for finding in told), key=lambda problem: problem.line or 0)


def _problem(grid: Grid, finding: Finding) -> Problem:
    document = grid.document
    path = finding.path if finding.found == MISSING else document.walk(finding.path)
    hint = finding.hint and finding.hint.replace("{key}", key_text(path))
    return document.problem(path, finding.found, finding.expected, hint)


def _required(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Find axes that are missing although they have no default, and branches that a listed value needs."""
    present = {column.name for column in tables.columns}
    for axis in ("source", "task", "decomposition", "value_learning", "extraction", "seed"):
        if axis not in present:
            yield Finding(("axes", axis), (axis,), MISSING, "this axis; it has no default")
    for task in tables.values("task"):
        if not {f"dataset.{EVERY_TASK}", f"dataset.{task}"} & present:
            yield Finding(("axes", "dataset", str(task)), ("task", "dataset", "source"), MISSING, f"the datasets of {task}")
    for extraction in tables.values("extraction"):
        if isinstance(extraction, Extraction) and extraction.has_alpha and f"alpha.{extraction}" not in present:
            expected = f"the temperatures of {extraction}, which the grid extracts with"
            yield Finding(("axes", "alpha", str(extraction)), ("extraction", "alpha"), MISSING, expected)
    for learner in tables.values("value_learning"):
        if isinstance(learner, ValueLearning) and learner.has_expectile and "tau" not in present:
            expected = f"the expectiles of {learner}, which the grid learns with"
            yield Finding(("axes", "tau"), ("value_learning", "tau"), MISSING, expected)
        if isinstance(learner, ValueLearning) and learner.has_regularisation and "regularisation" not in present:
            expected = f"the regularisations of {learner}, which the grid learns with"
            axes = ("value_learning", "regularisation")
            yield Finding(("axes", "regularisation"), axes, MISSING, expected)


def _inapplicable(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Find axes that no point would have. A setting with one value may stay, because it adds no runs."""
    for column in tables.columns:
        needed = condition(column.name)
        one_setting = column.path[0] == "settings" and len(column.values) == 1
        if needed is None or not column.given or one_setting or not tables.values(needed.axis):
            continue
        if not set(needed.values) & set(tables.values(needed.axis)):
            found = f"{column.label}, which applies only where {needed.axis} is {needed.text}"
            hint = "delete it, or --set {key}=null for one command" if column.path[0] != "zip" else None
            yield Finding(
                column.path, (needed.axis, column.axis), found, f"{needed.text} in {needed.axis}, or no {column.label}", hint
            )


def _duplicates(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Find a value listed twice in an axis, or a row twice in a zip group.

    1, 1.0 and 1e0 are one value.
    """
    for table in tables.tables:
        rows = list(zip(*(column.values for column in table.columns), strict=False))
        repeated = [row for row, count in Counter(rows).items() if count > 1]
        if not repeated:
            continue
        column = table.columns[0]
        path = column.path if len(table.columns) == 1 else column.path[:2]
        axes = tuple(column.axis for column in table.columns)
        if len(repeated) > MOST_TOLD:
            texts = listing(", ".join(map(_told, row)) for row in repeated)
            yield Finding(path, axes, f"{texts} more than once", "each value once")
            continue
        for row in repeated:
            yield Finding(path, axes, f"{', '.join(map(_told, row))} more than once", "each value once")


def _zip_groups(tables: Tables) -> Iterator[Finding]:
    """Check the zip groups.

    A group has at least two columns, all of one length. No axis is in two places.
    """
    for table in tables.tables:
        if table.columns[0].path[0] != "zip":
            continue
        path, axes = table.columns[0].path[:2], tuple(column.axis for column in table.columns)
        if len(table.columns) == 1:
            yield Finding(path, axes, f"{table.columns[0].label} alone", "at least two axes that advance together")
        if len({len(column.values) for column in table.columns}) > 1:
            lengths = ", ".join(f"{column.label} has {len(column.values)}" for column in table.columns)
            yield Finding(path, axes, lengths, "lists of one length")
        for column in (column for column in table.columns if ALL_DATASETS in column.values and column.axis == "dataset"):
            yield Finding(column.path, axes, "`all` in a zip group", "the datasets by name, one per row")
    for name, count in Counter(column.name for column in tables.columns).items():
        if count > 1:
            first, second = [column for column in tables.columns if column.name == name][:2]
            column = second if second.path[0] == "zip" else first
            expected = "it once, in a zip group or outside"
            yield Finding(column.path, (column.axis,), f"{column.label} in two places", expected)


def _datasets(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Check that every dataset exists for its task from its source."""
    axes = ("source", "task", "dataset")
    if not tables.values("source") or not tables.values("task"):
        return
    for row in tables.together("source", "task"):
        task, source = TASKS[str(row["task"])], Source(str(row["source"]))
        if source not in task.datasets:
            path = next(column.path for column in tables.columns if column.name == "task")
            expected = f"a source that has {task.name}: {one_of(task.datasets)}"
            yield Finding(path, ("source", "task"), f"{task.name} from {source}, which has no data for it", expected)
    for column in (column for column in tables.columns if column.axis == "dataset"):
        for row in tables.together("source", "task", column.name):
            task, dataset = TASKS[str(row["task"])], str(row[column.name])
            known = task.datasets.get(Source(str(row["source"])), ())
            if column.name in (f"dataset.{EVERY_TASK}", f"dataset.{task.name}") and known and dataset not in known:
                path = (*column.path, column.values.index(dataset))
                expected = f"a dataset of {task.name} from {row['source']}: {one_of(known)}"
                yield Finding(path, axes, shown(dataset), expected, nearest(dataset, known))


def _schedule(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Check that the last step is a step of evaluation, because a run's score is its evaluation there."""
    for row in tables.together("steps", "eval_every"):
        steps, every = row["steps"], row["eval_every"]
        if isinstance(steps, int) and isinstance(every, int) and steps % every:
            path = next(column.path for column in tables.columns if column.name == "eval_every")
            hint = "a run's score is its evaluation at the last step"
            yield Finding(path, ("steps", "eval_every"), f"{every} with {steps} steps", "a divisor of steps", hint)


def _final_episodes(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Refuse `final_episodes` that are `eval_episodes`, because the same run would then have two ids."""
    axes = ("eval_episodes", "final_episodes")
    for row in tables.together(*axes):
        usual, last = row["eval_episodes"], row["final_episodes"]
        if usual == last:
            path = next(column.path for column in tables.columns if column.name == "final_episodes")
            yield Finding(
                path, axes, f"{last}, as many as eval_episodes", "another number, or none", "leave it out, or write none"
            )


_SAY_SO = "a value of the paper's grid, or `ablation: true` at the top of the file"
_ABLATIONS = ("mixer_training", "mixer_gain", "actor_bound", "team_reward")
"""Settings for which the paper has only one value, the default of a point."""


def _ablations(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Refuse settings outside the paper's grid, unless the grid says `ablation: true`."""
    for axis in _ABLATIONS:
        for column in (column for column in tables.columns if column.axis == axis and not grid.ablation):
            for index, value in enumerate(column.values):
                if value != getattr(DesignPoint, axis):
                    yield Finding((*column.path, index), (axis,), f"{_told(value)}, an ablation", _SAY_SO)


def _discretisations(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Refuse a discretisation where no task has discrete actions. It would change no run, and the user would not know."""
    tasks = [TASKS[str(task)] for task in tables.values("task")]
    if not tasks or any(task.discrete for task in tasks):
        return
    for column in (column for column in tables.columns if column.axis == "discretisation" and len(column.values) == 1):
        if column.values[0] != DesignPoint.discretisation:  # `_inapplicable` finds several values.
            found = f"{_told(column.values[0])}, although the actions of {listing(task.name for task in tasks)} are continuous"
            yield Finding(column.path, ("task", "discretisation"), found, "a task with discrete actions, or no discretisation")


def _critic_norms(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Check that each norm applies to its decomposition, and that ablations are allowed."""
    for column in (column for column in tables.columns if column.axis == "critic_norm"):
        decomposition = Decomposition.of(column.name.partition(".")[2])
        possible = [norm for norm in CriticNorm.members() if norm in decomposition.critic_norms]
        for index, value in enumerate(column.values):
            if value not in possible:
                allowed = [norm for norm in possible if grid.ablation or not norm.is_ablation]
                expected = f"{one_of(allowed)} under {decomposition}"
                yield Finding((*column.path, index), ("critic_norm",), f"{value} under {decomposition}", expected)
            elif CriticNorm.of(str(value)).is_ablation and not grid.ablation:
                yield Finding((*column.path, index), ("critic_norm",), f"{value}, an ablation", _SAY_SO)


def _weights_without_source(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Refuse an extraction whose weights the value learner does not compute, unless `exclude` leaves the pair out.

    Such runs have no weights. Another extraction would be trained in their place, and the user would not know.
    """
    axes = ("value_learning", "extraction")
    for row in tables.together(*axes):
        learner, extraction = row.get("value_learning"), row.get("extraction")
        if not isinstance(learner, ValueLearning) or not isinstance(extraction, Extraction):
            continue
        if extraction.works_under(learner) or _is_excluded(grid, row):
            continue
        path = next(column.path for column in tables.columns if column.name == "extraction")
        able = [one for one in ValueLearning.members() if extraction.works_under(one)]
        found = f"{extraction} under {learner}, which has no regularised V to weigh actions by"
        rule = f"{{when: {{extraction: {extraction}, value_learning: {learner}}}, reason: ...}}"
        yield Finding(path, axes, found, f"{extraction} under {one_of(able)} alone", f"add to exclude: {rule}")


def _is_excluded(grid: Grid, row: Mapping[str, object]) -> bool:
    """Say whether a rule that depends on nothing but the axes of the row leaves it out."""
    return any(all(axis in row and row[axis] in values for axis, values in rule.when.items()) for rule in grid.exclude)


def _searched(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Check that a searched axis has a range for every extraction, and that no rule names its values."""
    if grid.search is None:
        return
    for column in (column for column in tables.columns if column.axis == "alpha" and column.path[0] != "search"):
        expected = "a range for every extraction in search.alpha, where there is a search"
        yield Finding(column.path, ("alpha",), f"{column.label} as a list", expected)
    for extraction in tables.values("extraction"):
        if isinstance(extraction, Extraction) and not extraction.has_alpha:
            path = next(column.path for column in tables.columns if column.name == "extraction")
            yield Finding(path, ("extraction",), f"{extraction}, which has no alpha to search", "an extraction with an alpha")
    searched = {column.axis for column in tables.columns if column.path[0] == "search"}
    for index, rule in enumerate(grid.exclude):
        for axis in searched & set(rule.when):
            yield Finding(("exclude", index, "when", axis), (axis,), f"{axis}, which is searched", "an axis with listed values")


def _search_needs_scores(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Refuse a search of runs that are not evaluated, because it has no score to follow."""
    for column in (column for column in tables.columns if column.axis == "evaluate" and grid.search is not None):
        if not all(isinstance(value, Evaluate) and value.plays for value in column.values):
            found = f"{listing(map(_told, column.values))} in a search, which follows scores"
            yield Finding(column.path, ("evaluate",), found, f"{Evaluate.PLAYED}, or no search")


def _exclusions(grid: Grid, tables: Tables) -> Iterator[Finding]:
    """Check that rules name axes and values of the grid."""
    for index, rule in enumerate(grid.exclude):
        for axis, values in rule.when.items():
            if any(column.axis == axis and column.path[0] == "search" for column in tables.columns):
                continue  # `_searched` reports it.
            path: KeyPath = ("exclude", index, "when", axis)
            if axis not in SELECTABLE:
                yield Finding(path, (), f"the unknown axis {axis!r}", one_of(SELECTABLE), nearest(axis, SELECTABLE))
                continue
            strangers = strangers_among(criteria_of({axis: values})[0], _known_values(axis, tables))
            if strangers is not None:
                yield Finding(path, (axis,), strangers.found, f"a value of the grid: {strangers.expected}", strangers.hint)


def _known_values(axis: str, tables: Tables) -> list[object]:
    """List the values of an axis as rules write them: `none` where a point has no such value."""
    values = tables.values(axis)
    may_be_absent = None in values or axis in ("tau", "alpha", "regularisation", "dataset_seed", "dataset_size")
    return [value for value in values if value is not None] + (["none"] if may_be_absent else [])


def _told(value: object) -> str:
    return "none" if value is None else str(list(value)) if isinstance(value, tuple) else str(value)


RULES = (
    _required,
    _inapplicable,
    _duplicates,
    _datasets,
    _schedule,
    _final_episodes,
    _ablations,
    _discretisations,
    _critic_norms,
    _weights_without_source,
    _searched,
    _search_needs_scores,
    _exclusions,
)
