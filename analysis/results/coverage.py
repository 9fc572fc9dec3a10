"""Counts the wanted runs that are done, missing or failed."""

from __future__ import annotations

from typing import NamedTuple

from recipe_sweep.search_spaces.counted import agreeing, counted


class Coverage(NamedTuple):
    """How many of the wanted runs are done."""

    wanted: int
    done: int
    failed: int
    """wanted runs whose last attempt failed; they count as missing too"""
    rehearsal: bool = False
    """whether the results are made up"""
    absent: tuple[str, ...] = ()
    """tasks without any result"""

    @property
    def missing(self) -> int:
        """Wanted runs without a result."""
        return self.wanted - self.done

    def sentence(self) -> str:
        """Say how many runs are missing."""
        if not self.missing:
            return f"All {self.wanted:,} runs are in."
        failed = f", {self.failed:,} of them failed" if self.failed else ""
        nothing = f" There is none of {', '.join(self.absent)}." if self.absent else ""
        lacks = f"{self.missing:,} of {counted(self.wanted, 'run')} {agreeing(self.missing, 'is', 'are')} missing{failed}"
        return f"Incomplete: {lacks}; means are over the runs there are.{nothing}"
