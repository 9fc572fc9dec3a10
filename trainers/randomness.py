"""Every random number of a run, as a function of the run's own seed and of what the number is for.

There is no generator state to carry: a stream is named (seed, purpose, index), so a resumed, sliced or repacked run draws
what it would have drawn alone (algorithms: "What follows from the mathematics", 6).
"""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the generator of one named stream, e.g. `generator(seed, "batch", block)`."""
    text = "/".join(str(part) for part in (seed, *purpose))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))
