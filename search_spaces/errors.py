"""Every error this product raises on purpose.

    RecipeSweepError                 something went wrong that we can explain          exit code 1
    ├── PluginCodeError              a plugin's code raised an error of its own        exit code 1
    └── UserInputError               what the user wrote is wrong; nothing was done    exit code 2
        ├── UnreadableFileError      the file is missing, or is not the YAML it should be
        ├── GridError                a grid or a `--set` override asks for something that does not exist
        ├── SelectionError           an `--only` filter names no such axis or value
        └── PluginError              a plugin cannot be imported, or contradicts what is there

The other folders add their own errors under these two roots, each in its own `errors.py`. Code that reads input collects
every mistake and raises once. So a user sees all mistakes and can mend them together.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_TOLD = 50
"""Problems that one message shows in full. Further problems are only counted."""


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what was found there, what was expected, and what to do.

    `file` is a path, or the text of the command-line option that holds the mistake; `line` counts from 1; `key` is the
    dotted path inside the file, e.g. `axes.alpha.brac[1]`, and may be empty.
    """

    file: str | None = None
    line: int | None = None
    key: str = ""
    found: str = ""
    expected: str = ""
    hint: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        heading = ": ".join(part for part in (place, self.key) if part)
        facts = (("found", self.found), ("expected", self.expected), ("hint", self.hint))
        lines = [f"  {name:<10}{text}" for name, text in facts if text]
        # Without a place, what was found comes first: a word such as "input" does not name a place.
        return "\n".join([heading, *lines] if heading else [self.found, *lines[1:]])


class RecipeSweepError(Exception):
    """Root of the tree: an error with a message for people, shown without a traceback."""

    exit_code = 1


class UserInputError(RecipeSweepError):
    """What the user wrote is wrong. The error carries every mistake found; nothing has been written or started.

    It takes problems, or a plain message where there is no file and no key to name.
    """

    exit_code = 2

    def __init__(self, *problems: Problem | str) -> None:
        super().__init__(*problems)
        self.problems = tuple(Problem(found=problem) if isinstance(problem, str) else problem for problem in problems)

    def __str__(self) -> str:
        count = len(self.args)
        heading = [f"{count:,} problems:"] if count > 1 else []
        rest = [f"and {count - MOST_TOLD:,} more"] if count > MOST_TOLD else []
        return "\n".join([*heading, *(str(problem) for problem in self.args[:MOST_TOLD]), *rest])


class UnreadableFileError(UserInputError):
    """A file is missing, is no text, or is not the YAML it should be."""


class GridError(UserInputError):
    """A grid, or an override of one, asks for something that does not exist or contradicts itself."""


class SelectionError(UserInputError):
    """A filter on points names an axis or a value that does not exist."""


class PluginError(UserInputError):
    """A plugin cannot be imported, or registers something that contradicts what is already registered."""


class PluginCodeError(RecipeSweepError):
    """A plugin's code raised an error of its own, or returned something that it must not return.

    An error that the plugin raised is the `__cause__` of this one. `place` is the file and line in the plugin, where it is
    known.
    """

    def __init__(self, problem: Problem, place: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.place = problem, place

    @property
    def origin(self) -> BaseException:
        """What the plugin raised, or this error where it raised nothing."""
        return self.__cause__ or self
