"""Words of the design space: each is text that carries its facts, in a register that plugins may add to.

A word is a `str`, so ids, results and tables hold it as text. Code that depends on a word asks for one of its facts. It never
compares the word with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast, dataclass_transform

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem

_FROM_PLUGINS = "words of your own come from plugins: $RECIPE_SWEEP_PLUGINS names them"


@dataclass_transform(frozen_default=True, eq_default=False)
class _TextWithFacts(str):
    """Tells type checkers that its subclasses declare facts as dataclasses do."""


class Word(_TextWithFacts):
    """A member of an axis: its name as text, and what every word has.

    Each subclass is one axis. Its facts are declared as in a dataclass, and its members are in a register of its own. It is no
    dataclass, because `asdict` of an object that holds a word would take the word apart.
    """

    name: str
    """Name in grids, ids and results."""
    display_name: str
    """Name in figures, tables and sentences."""
    meaning: str
    """One or two sentences, which docs/glossary.md repeats."""

    _members: ClassVar[dict[str, Any]]
    _facts: ClassVar[tuple[str, ...]] = ("name", "display_name", "meaning")
    axis: ClassVar[str]
    """Name of the point's field that holds such a word."""

    def __new__(cls, name: str, *facts: object, **more_facts: object) -> Self:
        """Make the text with its facts. Raises TypeError naming facts that are missing or unknown."""
        given = dict(zip(cls._facts, (name, *facts), strict=False)) | more_facts
        lacking = [fact for fact in cls._facts if fact not in given and not hasattr(cls, fact)]
        strange = [fact for fact in given if fact not in cls._facts]
        if lacking or strange or len(facts) + 1 > len(cls._facts):
            wrong = f"lacks {', '.join(lacking)}" if lacking else f"has no {', '.join(strange) or 'so many facts'}"
            raise TypeError(f"the {cls.axis} {name!r} {wrong}: see {cls.__qualname__} in {cls.__module__}")
        word = str.__new__(cls, name)
        vars(word).update(given)
        return word

    def __init__(self, *_facts: object, **_more_facts: object) -> None:
        """Do nothing, because `__new__` has set the facts."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"the facts of the {self.axis} {self.name!r} cannot be changed")

    def __init_subclass__(cls, axis: str, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._members, cls.axis = {}, axis
        cls._facts = (*Word._facts, *(name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind)))

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return type(self).of, (str(self),)  # So a copy is the word itself.

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @property
    def value(self) -> str:
        """The word as plain text."""
        return str(self)

    @property
    def source_hash(self) -> str | None:
        """Hash of the source of the plugin that brings it; None for words of this package."""
        return cast("str | None", vars(self).get("_source_hash"))

    def from_source(self, source_hash: str) -> Self:
        """Copy the word as one of a plugin with this source."""
        word = type(self)(**{fact: getattr(self, fact) for fact in self._facts})
        vars(word)["_source_hash"] = source_hash
        return word

    @property
    def label(self) -> str:
        """Short name that grids may write: without plugin and version, if the word comes from a plugin."""
        return self.name.rpartition(":")[2].partition("@")[0]

    @classmethod
    def add(cls, word: Self) -> Self:
        """Register a member. Raises PluginError if its name is taken."""
        from recipe_sweep.search_spaces.plugins import PluginError

        if any(name in cls._members for name in {word.name, word.label}):
            found = f"{word.label!r}, registered again"
            raise PluginError(Problem(key=cls.axis, found=found, expected="a name that is not taken"))
        cls._members[word.name] = word
        return word

    @classmethod
    def members(cls) -> tuple[Self, ...]:
        """List every word of the axis, in the order of figures. Words of plugins come last."""
        return tuple(cls._all().values())

    @classmethod
    def of(cls, name: str) -> Self:
        """Find the word of this name. Raises ValueError if there is none."""
        known: Self | None = cls._members.get(name) or cls._by_label(name)
        if known is None:
            raise ValueError(f"{name!r} is no {cls.axis}; there are {', '.join(cls._members)}")
        return known

    @classmethod
    def place(cls, word: str) -> int:
        """Return the position of a word among the members."""
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
        return cls._named(value, None)

    @classmethod
    def key(cls, value: object) -> Self:
        """Find the word that a key of a mapping in a file names. Refuses others as unknown keys."""
        return cls._named(value, f"the unknown key {cut(str(value))!r}")

    @classmethod
    def _named(cls, value: object, found: str | None) -> Self:
        """Find the word that a file names. Refuses another value, in the words of `found` or as it is."""
        from recipe_sweep.search_spaces.validation import one_of, refuse

        try:
            return cls.of(value if isinstance(value, str) else "")
        except ValueError:
            known = [word.label for word in cls.members()]
            raise refuse(one_of(known), _FROM_PLUGINS, found, known) from None
