"""A policy of a whole robot, in numpy: small, stored as safetensors, and the same to the last bit in any batch."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from recipe_sweep.trainers.environments.mujoco_robots import Array
from recipe_sweep.trainers.environments.sums import ordered_product

FEATURE_BOUND = 10.0
"""Standardised features are clipped to this, in training and ever after."""

Floats = NDArray[np.float32]


class Policy(NamedTuple):
    """`mu(x) = W3 tanh(W2 tanh(W1 z + b1) + b2) + b3` of standardised features z; actions are normal around it.

    F features, H hidden units, U actuators; stored in float32, computed in float64.
    """

    centre: Floats
    """(F,)"""
    spread: Floats
    """(F,)"""
    w1: Floats
    """(F, H)"""
    b1: Floats
    w2: Floats
    """(H, H)"""
    b2: Floats
    w3: Floats
    """(H, U)"""
    b3: Floats
    log_std: Floats
    """(U,): of the exploration noise"""

    @property
    def std(self) -> Array:
        """Standard deviation of the exploration noise (U,)."""
        return np.exp(self.log_std.astype(np.float64))

    def mu(self, features: Array) -> Array:
        """Mean controls (E, U) at features (E, F), unbounded; a row never depends on the rows beside it."""
        layers = [layer.astype(np.float64) for layer in self]
        centre, spread, w1, b1, w2, b2, w3, b3, _ = layers
        standardised = np.clip((features - centre) / spread, -FEATURE_BOUND, FEATURE_BOUND)
        hidden = np.tanh(ordered_product(standardised, w1) + b1)
        hidden = np.tanh(ordered_product(hidden, w2) + b2)
        controls: Array = ordered_product(hidden, w3) + b3
        return controls

    def controls(self, features: Array, noise: Array, noise_scale: float = 1.0) -> Array:
        """Controls (E, U) within [-1, 1], with standard normal noise (E, U) times the exploration noise times `noise_scale`."""
        controls: Array = np.clip(self.mu(features) + noise_scale * self.std * noise, -1.0, 1.0)
        return controls


def save_policy(policy: Policy, path: Path) -> None:
    """Write a policy as safetensors."""
    save_file({name: np.ascontiguousarray(values) for name, values in policy._asdict().items()}, path)


def load_policy(path: Path) -> Policy:
    """Read a policy; raises FileNotFoundError, or TypeError where it is not one."""
    return Policy(**load_file(path))
