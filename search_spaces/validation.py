"""Turns a document into a pydantic model, or into one list of everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from recipe_sweep.search_spaces.abridged import LONGEST_TEXT, cut, listing
from recipe_sweep.search_spaces.errors import MOST_TOLD, Problem, UserInputError
from recipe_sweep.search_spaces.synonyms import SYNONYMS
from recipe_sweep.search_spaces.yaml_file import Document, KeyPath, read_yaml, shown

Model = TypeVar("Model", bound=BaseModel)


def load_model(path: Path, model: type[Model], error: type[UserInputError] = UserInputError) -> Model:
    """Read a YAML file into a model; raises UnreadableFileError, or `error` with every mistake and its line."""
    return validate(read_yaml(path), model, error)


def validate(document: Document, model: type[Model], error: type[UserInputError] = UserInputError) -> Model:
    """Build the model from a document; raises `error` with every mistake, its place and the nearest known name."""
    try:
        return model.model_validate(document.content)
    except ValidationError as invalid:
        raise error(*(fault.problem for fault in faults(document, model, invalid))) from None


def refuse(expected: str, hint: str | None = None, found: str | None = None, known: Iterable[str] = ()) -> PydanticCustomError:
    """Make the error that a validator raises. It says what was expected.

    `found` is given only if the value itself does not show what was found. The nearest of the `known` words becomes the hint,
    but only when the error is shown.
    """
    context = {"expected": expected, "hint": hint, "found": found, "known": tuple(known)}
    return PydanticCustomError("refused", "{expected}", context)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Write a hint with the known word that is most like the given one; None if no word is like it."""
    if len(word) > LONGEST_TEXT:
        return None
    names = list(known)
    meant = SYNONYMS.get(word.lower().rpartition(".")[2])
    matches = [meant] if meant in names else difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {matches[0]}?" if matches else None


def one_of(known: Iterable[str]) -> str:
    """Write `a`, or `one of a, b, c`. A long list is abridged."""
    names = list(known)
    return listing(names) if len(names) == 1 else f"one of {listing(names)}"


class Fault(NamedTuple):
    """One of pydantic's errors: where in the document it is, and how to report it."""

    path: KeyPath
    problem: Problem


def faults(document: Document, model: type[BaseModel], invalid: ValidationError) -> list[Fault]:
    """List everything that pydantic found, in the order of the file and each thing once."""

    def line(details: ErrorDetails) -> int:
        return document.place(document.walk(details["loc"])).line or 0

    def is_told_already(details: ErrorDetails) -> bool:
        """Say whether the wrong values of a list are reported, because pydantic then also calls the list too short."""
        return details["type"] == "too_short" and bool(details["input"])

    errors = sorted(invalid.errors(include_url=False), key=line)
    # Looking for the nearest word takes time. A file may have thousands of mistakes, so only the first ones get a hint.
    return list(
        dict.fromkeys(
            _fault(document, model, details, place < MOST_TOLD)
            for place, details in enumerate(errors)
            if not is_told_already(details)
        )
    )


def _fault(document: Document, model: type[BaseModel], details: ErrorDetails, hints: bool) -> Fault:
    path = document.walk(details["loc"])
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "missing":
        name = details["loc"][-1]
        return Fault((*path, name), document.problem((*path, name), "nothing", "this key; it has no default"))
    if kind == "extra_forbidden":
        known = _known_keys(model, details["loc"][:-1])
        name = str(details["loc"][-1])
        hint = nearest(name, known) if hints else None
        return Fault(path, document.problem(path, f"the unknown key {cut(name)!r}", one_of(known), hint))
    if kind == "refused":
        found = context["found"] or shown(value)
        near = nearest(str(value), context.get("known", ())) if hints else None
        return Fault(path, document.problem(path, found, context["expected"], near or context["hint"]))
    if kind in ("enum", "literal_error"):
        known = tuple(re.findall(r"'([^']*)'", context["expected"]))
        expected = one_of(known) if known else context["expected"]
        hint = nearest(str(value), known) if hints else None
        return Fault(path, document.problem(path, shown(value), expected, hint))
    return Fault(path, document.problem(path, shown(value), _expected(kind, details["msg"])))


def _expected(kind: str, message: str) -> str:
    """Translate pydantic's words to ours where they speak of Python instead of YAML."""
    ours = {
        "bool_type": "true or false",
        "dict_type": "a mapping of keys to values",
        "finite_number": "a finite number",
        "float_type": "a number",
        "int_type": "a whole number",
        "model_type": "a mapping of keys to values",
        "string_too_short": "some text",
        "string_type": "text",
        "too_long": "a shorter list",
        "too_short": "at least one value",
        "tuple_type": "a list",
        "list_type": "a list",
    }
    return ours.get(kind, message.removeprefix("Input should be ").removeprefix("a valid "))


def _known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> tuple[str, ...]:
    """List the names of the fields that the model nested at `location` has."""
    for step in location:
        field = model.model_fields.get(str(step))
        model = (field and _nested_model(field.annotation)) or model
    return tuple(model.model_fields)


def _nested_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _nested_model(part))), None)
