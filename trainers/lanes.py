"""Lanes of the runs of a pack in a process: value lanes, actor lanes, and which value lane serves which actor lanes.

Under SARSA and IQL one value lane serves all actor lanes that differ only in extraction, alpha and actor normalisation. Under
TD each run has a value lane of its own (algorithms: "What follows", 1). Lanes of one seed share batches.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ActorNorm, Extraction


@dataclass(frozen=True)
class ValueLane:
    """One critic with its mixer and value network. `key` names the lane in checkpoints; `tau` is IQL's expectile.

    `regularisation` is GVR's.
    """

    key: str
    seed: int
    lr: float
    tau: float | None
    regularisation: float | None = None


@dataclass(frozen=True)
class FlowLane:
    """One flow of the data. `key` names the lane in checkpoints."""

    key: str
    seed: int
    lr: float


@dataclass(frozen=True)
class ActorLane:
    """One run. `key` is its run_id; `value` is the position of the value lane that serves it.

    `flow` is the position of its flow lane, if its extraction has one.
    """

    key: str
    value: int
    seed: int
    lr: float
    extraction: Extraction
    alpha: float | None
    norm: ActorNorm
    flow: int | None = None


@dataclass(frozen=True)
class LaneMap:
    """The lanes of a pack, in order."""

    values: tuple[ValueLane, ...]
    actors: tuple[ActorLane, ...]
    flows: tuple[FlowLane, ...] = ()

    @classmethod
    def of(cls, points: Sequence[DesignPoint]) -> LaneMap:
        """Make the lanes of the runs, in the runs' order. Raises ValueError if the runs cannot be one pack."""
        if len({point.pack_key for point in points}) != 1:
            own = "seed, tau, regularisation, extraction, alpha, actor norm and lr"
            raise ValueError(f"the runs of a pack must agree in everything but {own}")
        if len({point.run_id for point in points}) != len(points):
            raise ValueError("a run appears twice in one pack")
        values: dict[str, ValueLane] = {}
        for p in points:
            values.setdefault(p.value_lane_id, ValueLane(p.value_lane_id, p.seed, p.lr, p.tau, p.regularisation))
        flows = {p.flow_lane_id: FlowLane(p.flow_lane_id, p.seed, p.lr) for p in points if p.extraction.has_flow}
        value_at, flow_at = ({key: i for i, key in enumerate(each)} for each in (values, flows))
        actors = tuple(
            ActorLane(
                key=p.run_id,
                value=value_at[p.value_lane_id],
                seed=p.seed,
                lr=p.lr,
                extraction=p.extraction,
                alpha=p.alpha,
                norm=p.actor_norm,
                flow=flow_at[p.flow_lane_id] if p.extraction.has_flow else None,
            )
            for p in points
        )
        return cls(tuple(values.values()), actors, tuple(flows.values()))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Distinct seeds, in order of first appearance. One batch is drawn for each."""
        return tuple(dict.fromkeys(lane.seed for lane in self.values))

    @cached_property
    def groups(self) -> tuple[LaneGroup, ...]:
        """Groups of neighbouring actor lanes with the same loss, that is, the same extraction and actor normalisation."""
        groups: list[LaneGroup] = []
        for (extraction, norm), lanes in itertools.groupby(self.actors, lambda lane: (lane.extraction, lane.norm)):
            first = groups[-1].lanes.stop if groups else 0
            groups.append(LaneGroup(extraction, norm, slice(first, first + len(list(lanes)))))
        return tuple(groups)


@dataclass(frozen=True)
class LaneGroup:
    """Neighbouring actor lanes with the same form of loss. `lanes` is their place among the pack's actor lanes."""

    extraction: Extraction
    norm: ActorNorm
    lanes: slice


class Select:
    """Selects rows along the first dimension. Nothing is copied if all rows are selected in order."""

    def __init__(self, positions: Sequence[int], count: int, device: torch.device) -> None:
        self._identity = list(positions) == list(range(count))
        self._index = torch.tensor(positions, dtype=torch.int64, device=device)

    def __call__(self, x: Tensor) -> Tensor:
        """Select the rows: (count, *) -> (len(positions), *)."""
        return x if self._identity else x.index_select(0, self._index)


class Grouping:
    """Arranges n actor lanes by the value lane that serves them: (n, *) <-> (V, G, *).

    G is the most actor lanes that one value lane serves. So the actors of a value lane need one larger matrix product with one
    copy of its critic. If value lanes serve unequal numbers, the empty places hold zeros and pass no gradient. So a place never
    reads or changes another run.
    """

    def __init__(self, value_of: Sequence[int], values: int, device: torch.device) -> None:
        members = [[i for i, v in enumerate(value_of) if v == lane] for lane in range(values)]
        self._shape = (values, max(len(lanes) for lanes in members))
        filled = [lanes + [-1] * (self._shape[1] - len(lanes)) for lanes in members]
        places = [lane for lanes in filled for lane in lanes]
        self._full = -1 not in places
        self._identity = places == list(range(len(value_of)))
        self._place = torch.tensor([max(lane, 0) for lane in places], device=device)
        self._taken = torch.tensor([lane >= 0 for lane in places], device=device)
        self._back = torch.tensor([places.index(lane) for lane in range(len(value_of))], device=device)

    def group(self, x: Tensor) -> Tensor:
        """Arrange lanes by value lane: (n, *) -> (V, G, *)."""
        if not self._identity:
            x = x.index_select(0, self._place)
        if not self._full:
            x = torch.where(self._taken.view(-1, *([1] * (x.ndim - 1))), x, torch.zeros((), dtype=x.dtype, device=x.device))
        return x.reshape(*self._shape, *x.shape[1:])

    def ungroup(self, x: Tensor) -> Tensor:
        """Put lanes back into their order: (V, G, *) -> (n, *)."""
        x = x.flatten(0, 1)
        return x if self._identity else x.index_select(0, self._back)
