"""How a mixer is computed in all lanes: compiled, lane by lane, or with one operation of PyTorch for all lanes.

An operation for all lanes may round a lane's numbers otherwise if it has other neighbours. So the CPU does not use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.mixers.base import Extra, Mixer, Prepared, StackedMixer
from recipe_sweep.trainers.mixers.qmix import Qmix
from recipe_sweep.trainers.parameters import Copies


def _compiled_qmix(mixer: Qmix, threads: int) -> StackedMixer:
    from recipe_sweep.trainers.mixers.compiled_qmix import CompiledQmix

    return CompiledQmix(mixer.sizes, mixer.layout, threads)


COMPILED: Mapping[type[Mixer], Callable[..., StackedMixer]] = {Qmix: _compiled_qmix}
"""Mixers that have compiled functions. Others are computed lane by lane."""


def stacked(mixer: Mixer, kernels: Kernels) -> StackedMixer:
    """Choose how to compute a mixer in all lanes."""
    if not kernels.fused:
        return Together(mixer)
    compiled = COMPILED.get(type(mixer))
    return LaneByLane(mixer) if compiled is None else compiled(mixer, kernels.threads)


@dataclass(frozen=True)
class Together:
    """All lanes in each operation."""

    mixer: Mixer

    def prepare(self, copies: Copies, state: Tensor, x: Tensor) -> Prepared:
        """Do as `Mixer.prepare`."""
        return self.mixer.prepare(copies.leaves, state, x)

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Do as `Mixer.mix`."""
        return self.mixer.mix(q, prepared, extra)

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Do as `Mixer.local_weight`."""
        return self.mixer.local_weight(q, prepared, extra)


@dataclass(frozen=True)
class LaneByLane:
    """One lane in each operation. Every lane's tensors are copied first, because libraries may round by alignment."""

    mixer: Mixer

    def prepare(self, copies: Copies, state: Tensor, x: Tensor) -> Prepared:
        """Do as `Mixer.prepare`."""
        lanes = []
        for i in range(copies.flat.shape[0]):
            own = slice(i, i + 1)
            leaves = {name: leaf.clone() for name, leaf in copies.rows(own).leaves.items()}
            lanes.append(self.mixer.prepare(leaves, state[own].clone(), x[own].clone()))
        return tuple(torch.cat(parts) for parts in zip(*lanes, strict=True))

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Do as `Mixer.mix`."""
        return _each_lane(self.mixer.mix, q, prepared, extra)

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Do as `Mixer.local_weight`."""
        return _each_lane(self.mixer.local_weight, q, prepared, extra)


def _each_lane(compute: Callable[[Tensor, Prepared, Extra], Tensor], q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
    found = []
    for i in range(q.shape[0]):
        own = slice(i, i + 1)
        read = Extra(*(None if part is None else part[own].clone() for part in extra))
        found.append(compute(q[own].clone(), tuple(part[own].clone() for part in prepared), read))
    return torch.cat(found)
