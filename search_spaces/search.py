"""The `search` section of a grid file: ranges in place of lists for alpha and tau, and how values in them are chosen.

search:
  sampler: tpe        # or random
  trials: 16          # per study: one configuration (all axes but alpha, tau and seed) is one study
  batch: 8            # trials of a study that are asked for together, so that they make packs
  seed: 0             # of the sampler
  alpha: {brac: {low: 0.01, high: 10, log: true}}
  tau: {low: 0.5, high: 0.95}
  prune: {below: 50}  # end a run at an evaluation where it is worse than half of the study's earlier runs were there
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from recipe_sweep.search_spaces.axis_types import Expectile, Natural, Temperature, Trials
from recipe_sweep.search_spaces.validation import refuse
from recipe_sweep.search_spaces.vocabulary import Extraction, Sampler

T = TypeVar("T", bound=float)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


class Range(_Section, Generic[T]):
    """All numbers from `low` to `high`, both included. With `log`, they are sampled on a logarithmic scale."""

    low: T
    high: T
    log: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _ordered(self) -> Range[T]:
        if self.low >= self.high:
            raise refuse("low below high", found=f"low {self.low:g}, high {self.high:g}")
        if self.log and self.low == 0:
            raise refuse("low above 0 where log is true", found="low 0 with log: true")
        return self

    def holds(self, value: float) -> bool:
        """Say whether a value lies in the range."""
        return self.low <= value <= self.high


class Prune(_Section):
    """When a run is ended early.

    It ends at an evaluation where its return is below the percentile `below` of its study's earlier runs. This happens only
    after the share `after` of its steps. The study must also have `trials` trials that were trained to their end.
    """

    below: Annotated[float, Field(gt=0.0, lt=100.0, strict=True)] = 50.0
    after: Annotated[float, Field(ge=0.0, lt=1.0, strict=True)] = 0.25
    trials: Trials = 4


class Search(_Section):
    """How alpha is searched in every configuration, and tau where it has a range."""

    sampler: Sampler = Sampler.TPE
    trials: Trials
    batch: Trials = 8
    seed: Natural = 0
    alpha: dict[Annotated[Extraction, BeforeValidator(Extraction.key)], Range[Temperature]]
    tau: Range[Expectile] | None = None
    prune: Prune | None = None

    @field_validator("alpha")
    @classmethod
    def _something(cls, alpha: dict[Extraction, Range[float]]) -> dict[Extraction, Range[float]]:
        if not alpha:
            raise refuse("a range for each extraction of the grid", found="no range")
        return alpha
