"""Activations and the optimiser's step on the CPU, each in one pass over memory. They are compiled when first used.

With PyTorch's operations GELU and LayerNorm take half of a step at small sizes: five passes over memory, and a tanh of 2 ns an
element. Here a row is read once and stays in cache. Its tanh is a ratio of polynomials that runs on vector units. Adam takes
one pass, not ten.

Every row belongs to one run. So nothing here can carry numbers from one lane to another, whether they are finite or not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
from numba.extending import overload
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

# These flags allow reordered sums and fused multiply-adds. NaN and infinity keep their meaning, so that diverged lanes show.
_FAST = {"contract", "reassoc", "nsz", "arcp"}
_jit = numba.njit(fastmath=_FAST, error_model="numpy", nogil=True, cache=True)

_BEYOND = np.float32(7.90531110763549805)
"""Least number at which tanh rounds to 1 in float32."""
_P = tuple(
    np.float32(c)
    for c in (
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
        1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    )
)  # fmt: skip
_Q = tuple(np.float32(c) for c in (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03))
"""Coefficients of Eigen's rational minimax approximation, tanh(x) = x P(x^2) / Q(x^2).

It is exact to a few units in the last place.
"""


def _tanh(x: Any) -> Any:
    raise NotImplementedError


@overload(_tanh, inline="always")
def _tanh_of(x: Any) -> Any:
    """Choose the ratio of polynomials for float32, and the exact function for float64."""

    def exact(x: Any) -> Any:
        return math.tanh(x)

    def ratio(x: Any) -> Any:
        x = x if x < _BEYOND else _BEYOND
        x = x if x > -_BEYOND else -_BEYOND
        y = x * x
        p = _P[0]
        p = p * y + _P[1]
        p = p * y + _P[2]
        p = p * y + _P[3]
        p = p * y + _P[4]
        p = p * y + _P[5]
        p = p * y + _P[6]
        q = _Q[0]
        q = q * y + _Q[1]
        q = q * y + _Q[2]
        q = q * y + _Q[3]
        return x * p / q

    return ratio if x == numba.float32 else exact


def _slope(x: Any, t: Any) -> Any:
    raise NotImplementedError


@overload(_slope, inline="always")
def _slope_of(x: Any, t: Any) -> Any:
    """Choose the derivative of tanh at x, given t = tanh(x). For float32 it is exactly 0 where tanh rounds to 1 or -1."""

    def exact(x: Any, t: Any) -> Any:
        return 1.0 - t * t

    def ratio(x: Any, t: Any) -> Any:
        return np.float32(1.0) - t * t if -_BEYOND < x and x < _BEYOND else np.float32(0.0)  # noqa: SIM300

    return ratio if x == numba.float32 else exact


@_jit
def gelu(x: NDArray[Any], bias: NDArray[Any], out: NDArray[Any]) -> None:
    """Compute out = GELU(x + bias) in its tanh form. x and out are (R, M, H), bias is (R, H)."""
    number = x.dtype.type
    half, one, rate, cubic = number(0.5), number(1.0), number(math.sqrt(2.0 / math.pi)), number(0.044715)
    for lane in range(x.shape[0]):
        for row in range(x.shape[1]):
            for j in range(x.shape[2]):
                v = x[lane, row, j] + bias[lane, j]
                out[lane, row, j] = half * v * (one + _tanh(rate * (v + cubic * v * v * v)))


@_jit
def gelu_and_slope(x: NDArray[Any], bias: NDArray[Any], out: NDArray[Any]) -> None:
    """Compute the same, and set x to GELU's derivative at x + bias. So the backward pass needs no second tanh."""
    number = x.dtype.type
    half, one, three = number(0.5), number(1.0), number(3.0)
    rate, cubic = number(math.sqrt(2.0 / math.pi)), number(0.044715)
    for lane in range(x.shape[0]):
        for row in range(x.shape[1]):
            for j in range(x.shape[2]):
                v = x[lane, row, j] + bias[lane, j]
                u = rate * (v + cubic * v * v * v)
                t = _tanh(u)
                out[lane, row, j] = half * v * (one + t)
                x[lane, row, j] = half * (one + t + v * _slope(u, t) * rate * (one + three * cubic * v * v))


@_jit
def gelu_backward(slope: NDArray[Any], gradient: NDArray[Any], of_bias: NDArray[Any]) -> None:
    """Carry `gradient` (R, M, H) backward through the GELU, in place. Add it to the bias's gradient `of_bias` (R, H)."""
    for lane in range(gradient.shape[0]):
        for row in range(gradient.shape[1]):
            for j in range(gradient.shape[2]):
                d = gradient[lane, row, j] * slope[lane, row, j]
                gradient[lane, row, j] = d
                of_bias[lane, j] += d


@_jit
def normalise(x: NDArray[Any], inverse: NDArray[Any], eps: float) -> None:
    """Apply LayerNorm without its affine part to x (R, M, H), in place. Set `inverse` (R, M) to 1 / deviation of each row."""
    number = x.dtype.type
    one, width = number(1.0), number(x.shape[2])
    for lane in range(x.shape[0]):
        for row in range(x.shape[1]):
            total = number(0.0)
            for j in range(x.shape[2]):
                total += x[lane, row, j]
            mean = total / width
            spread = number(0.0)
            for j in range(x.shape[2]):
                d = x[lane, row, j] - mean
                spread += d * d
            rate = one / number(math.sqrt(spread / width + number(eps)))
            inverse[lane, row] = rate
            for j in range(x.shape[2]):
                x[lane, row, j] = (x[lane, row, j] - mean) * rate


@_jit
def normalise_backward(normed: NDArray[Any], inverse: NDArray[Any], gradient: NDArray[Any]) -> None:
    """Carry `gradient` (R, M, H) backward through the normalisation that gave `normed` and `inverse`, in place."""
    width = gradient.dtype.type(gradient.shape[2])
    zero = gradient.dtype.type(0.0)
    for lane in range(gradient.shape[0]):
        for row in range(gradient.shape[1]):
            total, along = zero, zero
            for j in range(gradient.shape[2]):
                d = gradient[lane, row, j]
                total += d
                along += d * normed[lane, row, j]
            total, along, rate = total / width, along / width, inverse[lane, row]
            for j in range(gradient.shape[2]):
                gradient[lane, row, j] = rate * (gradient[lane, row, j] - total - normed[lane, row, j] * along)


class AdamState(NamedTuple):
    """Parameters, running means of their gradients and squared gradients, and the newest gradient, each (R, P)."""

    flat: Tensor
    mean: Tensor
    square: Tensor
    gradient: Tensor


@_jit
def _adam(
    state: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
    rate: NDArray[Any],
    alive: NDArray[Any],
    constants: tuple[float, float, float, float],
) -> None:
    """Take one step of Adam on rows (R, P). `rate` (R,) is -lr / (1 - beta1^t). Rows not `alive` keep their parameters."""
    flat, mean, square, gradient = state
    number = flat.dtype.type
    beta1, beta2, eps, correction = constants
    fresh, kept, new = number(1.0 - beta1), number(beta2), number(1.0 - beta2)
    small, scale = number(eps), number(correction)
    for r in range(flat.shape[0]):
        move = rate[r] if alive[r] else number(0.0)
        for j in range(flat.shape[1]):
            g = gradient[r, j]
            m = mean[r, j] + (g - mean[r, j]) * fresh
            v = square[r, j] * kept + g * g * new
            mean[r, j] = m
            square[r, j] = v
            if alive[r]:
                flat[r, j] += move * (m / (number(math.sqrt(v)) / scale + small))


def adam(state: AdamState, rate: Tensor, alive: Tensor, constants: tuple[float, float, float, float]) -> None:
    """Take one step of Adam in place on rows (R, P), one row per lane. `rate` and `alive` are (R, 1).

    `constants` are beta1, beta2, eps and sqrt(1 - beta2^t).
    """
    flat, mean, square, gradient = (each.numpy() for each in state)
    _adam((flat, mean, square, gradient), rate.view(-1).numpy(), alive.view(-1).numpy(), constants)
