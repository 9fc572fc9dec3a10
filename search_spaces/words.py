"""Words of the design space: each is text that carries its facts, in a register that plugins may add to.

A word is a `str`, so ids, results and tables hold it as text. Whoever needs to know something about it asks a fact, and never
compares it with another word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem


@dataclass(frozen=True, eq=False, repr=False)
class Word(str):
    """A member of an axis: its name as text, and what every word has.

    Each subclass is one axis. Its facts are fields, and its members stand in a register of its own.
    """

    name: str
    """As grids, ids and results have it."""
    display_name: str
    """As figures, tables and sentences have it."""
    source_hash: str | None = field(default=None, kw_only=True)
    """Of the plugin that it comes from; None for words of this package."""
    _members: ClassVar[dict[str, Any]]
    axis: ClassVar[str]
    """Name of the point's field that holds such a word."""

    def __new__(cls, name: str, *facts: object, **more_facts: object) -> Self:
        """Make the text; the facts are set as a dataclass sets them. Raises TypeError naming those that lack."""
        needed = [one.name for one in fields(cls) if one.init and one.default is MISSING and one.name != "name"]
        lacking = [fact for fact in needed[len(facts) :] if fact not in more_facts]
        if lacking:
            raise TypeError(f"the {cls.axis} {name!r} lacks {', '.join(lacking)}: see {cls.__qualname__} in {cls.__module__}")
        return str.__new__(cls, name)

    def __init_subclass__(cls, axis: str, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._members, cls.axis = {}, axis

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return type(self).of, (str(self),)  # So a copy is the word itself.

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @property
    def value(self) -> str:
        """The word as plain text."""
        return str(self)

    @property
    def label(self) -> str:
        """As grids may write it: without plugin and version, where it comes from a plugin."""
        return self.name.rpartition(":")[2].partition("@")[0]

    @classmethod
    def add(cls, word: Self) -> Self:
        """Register a member. Raises PluginError where its name is taken."""
        from recipe_sweep.search_spaces.plugins import PluginError

        if any(name in cls._members for name in {word.name, word.label}):
            found = f"{word.label!r}, registered again"
            raise PluginError(Problem(key=cls.axis, found=found, expected="a name that is not taken"))
        cls._members[word.name] = word
        return word

    @classmethod
    def members(cls) -> tuple[Self, ...]:
        """Every word of the axis, in the order of figures; those of plugins last."""
        return tuple(cls._all().values())

    @classmethod
    def of(cls, name: str) -> Self:
        """The word of this name. Raises ValueError where there is none."""
        known: Self | None = cls._members.get(name) or cls._by_label(name)
        if known is None:
            raise ValueError(f"{name!r} is no {cls.axis}; there are {', '.join(cls._members)}")
        return known

    @classmethod
    def place(cls, word: str) -> int:
        """Where a word stands among the members."""
        return list(cls._all()).index(word)

    @classmethod
    def _all(cls) -> Mapping[str, Self]:
        from recipe_sweep.search_spaces.plugins import load_plugins

        load_plugins()
        return cls._members

    @classmethod
    def _by_label(cls, label: str) -> Self | None:
        members = cls._all()
        return members.get(label) or next((word for word in members.values() if word.label == label), None)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._parsed)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": [word.label for word in cls.members()], "type": "string"}

    @classmethod
    def _parsed(cls, value: object) -> Self:
        from recipe_sweep.search_spaces.validation import one_of, refuse

        try:
            return cls.of(value if isinstance(value, str) else "")
        except ValueError:
            known = [word.label for word in cls.members()]
            raise refuse(one_of(known), known=known) from None

    @classmethod
    def key(cls, value: object) -> Self:
        """The word that a key of a mapping in a file names; refuses others as unknown keys."""
        from recipe_sweep.search_spaces.validation import one_of, refuse

        try:
            return cls.of(value if isinstance(value, str) else "")
        except ValueError:
            known = [word.label for word in cls.members()]
            raise refuse(one_of(known), found=f"the unknown key {cut(str(value))!r}", known=known) from None
