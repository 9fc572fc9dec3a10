"""Writes pictures as one animated GIF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

COLOURS = 128
LAST_MS = 2_000
"""How long the last picture stays, before the episode begins again."""


def write_gif(file: BinaryIO, pictures: Sequence[Image], per_second: int, comment: str) -> None:
    """Write pictures that repeat for ever. `comment` is stored in the file. The same pictures give the same bytes."""
    from PIL import Image as Images

    each = round(1000 / per_second)
    # One palette for all: colours do not flicker, and what stays the same is stored once.
    sample = Images.new("RGB", (pictures[0].width, pictures[0].height * 3))
    for place, picture in enumerate((pictures[0], pictures[len(pictures) // 2], pictures[-1])):
        sample.paste(picture, (0, place * picture.height))
    palette = sample.quantize(COLOURS, method=Images.Quantize.MEDIANCUT)
    first, *rest = (picture.quantize(palette=palette, dither=Images.Dither.NONE) for picture in pictures)
    times = [each] * len(rest) + [max(LAST_MS, each)]
    first.save(file, "GIF", save_all=True, append_images=rest, duration=times, loop=0, comment=comment.encode())
