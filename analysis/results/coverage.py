"""How much of what was asked for is there."""

from __future__ import annotations

from typing import NamedTuple

from recipe_sweep.search_spaces.counted import agreeing, counted


class Coverage(NamedTuple):
    """How much of what was asked for is there."""

    wanted: int
    done: int
    failed: int
    """wanted runs whose last attempt failed; they are among the missing"""
    rehearsal: bool = False
    """whether what is there is made up"""
    absent: tuple[str, ...] = ()
    """tasks that have no result at all"""

    @property
    def missing(self) -> int:
        """Wanted runs without a result."""
        return self.wanted - self.done

    def sentence(self) -> str:
        """What is there and what is not."""
        if not self.missing:
            return f"All {self.wanted:,} runs are in."
        failed = f", {self.failed:,} of them failed" if self.failed else ""
        nothing = f" There is none of {', '.join(self.absent)}." if self.absent else ""
        lacks = f"{self.missing:,} of {counted(self.wanted, 'run')} {agreeing(self.missing, 'is', 'are')} missing{failed}"
        return f"Incomplete: {lacks}; means are over the runs there are.{nothing}"
