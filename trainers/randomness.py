"""Random numbers of a run. Each is a function of the run's own seed and of the number's purpose.

So no generator state has to be saved. A stream has the name (seed, purpose, index). So a resumed, sliced or repacked run draws
the numbers that it would draw alone (algorithms: "What follows from the mathematics", 6).
"""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the generator of one named stream, e.g. `generator(seed, "batch", block)`."""
    text = "/".join(str(part) for part in (seed, *purpose))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))
