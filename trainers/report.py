"""Report of a gradient step."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class StepReport(NamedTuple):
    """Losses at the parameters before the step, and, if they were recorded, the diagnostics of every run."""

    critic_loss: Tensor
    """(V,)"""
    value_loss: Tensor | None
    """(V,)"""
    actor_loss: Tensor
    """(L,)"""
    diagnostics: Tensor | None
    """(len(diagnostics.names(...)), L)"""
    flow_loss: Tensor | None = None
    """(F,): of the flows, if a run has one"""
