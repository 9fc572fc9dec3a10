"""A policy of a whole robot, in numpy. It is small, is stored as safetensors, and computes the same bits in any batch."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from recipe_sweep.trainers.environments.mujoco_robots import Array
from recipe_sweep.trainers.environments.sums import ordered_product

FEATURE_BOUND = 10.0
"""Bound to which standardised features are clipped, in training and in use."""

Floats = NDArray[np.float32]


class Policy(NamedTuple):
    """A normal policy with mean `mu(x) = W3 tanh(W2 tanh(W1 z + b1) + b2) + b3`, where z are standardised features.

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
    """(U,): logarithm of the standard deviation of the exploration noise"""

    @property
    def std(self) -> Array:
        """Standard deviation of the exploration noise (U,)."""
        return np.exp(self.log_std.astype(np.float64))

    def mu(self, features: Array) -> Array:
        """Compute the mean controls (E, U), unbounded, at features (E, F). No row depends on another row."""
        layers = [layer.astype(np.float64) for layer in self]
        centre, spread, w1, b1, w2, b2, w3, b3, _ = layers
        standardised = np.clip((features - centre) / spread, -FEATURE_BOUND, FEATURE_BOUND)
        hidden = np.tanh(ordered_product(standardised, w1) + b1)
        hidden = np.tanh(ordered_product(hidden, w2) + b2)
        controls: Array = ordered_product(hidden, w3) + b3
        return controls

    def controls(self, features: Array, noise: Array, noise_scale: float = 1.0) -> Array:
        """Compute controls (E, U): mu + noise_scale * std * noise, clipped to [-1, 1]; `noise` (E, U) is standard normal."""
        controls: Array = np.clip(self.mu(features) + noise_scale * self.std * noise, -1.0, 1.0)
        return controls


def save_policy(policy: Policy, path: Path) -> None:
    """Write a policy as safetensors."""
    save_file({name: np.ascontiguousarray(values) for name, values in policy._asdict().items()}, path)


def load_policy(path: Path) -> Policy:
    """Read a policy. Raises FileNotFoundError, or TypeError if the file holds no policy."""
    return Policy(**load_file(path))
