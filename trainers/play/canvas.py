"""A small picture to draw on, in the colours of the figures. Places are in pixels, from the top left corner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.trainers.play.episode import Episode

if TYPE_CHECKING:
    from PIL.Image import Image

INK, FAINT, PALE, PAPER = "#222222", "#8a8a8a", "#ececec", "#ffffff"
TEAM = ("#d9600b", "#2f6fa7", "#3d7f4f", "#7a5195", "#b8860b", "#5c5c5c")
"""Colours of the agents, in their order. They differ for colour-blind readers too."""

WIDTH, HEAD = 360, 44
"""Width of a picture, and height of the line above it that has the step and the return."""

_FINER = 2  # Drawn larger and reduced, which smooths the edges.

Place = tuple[float, float]


class Canvas:
    """A white picture of `width` by `height` pixels."""

    def __init__(self, width: int, height: int, ground: Image | None = None) -> None:
        from PIL import Image as Images
        from PIL import ImageDraw

        self._size = (width, height)
        self._image = Images.new("RGB", (width * _FINER, height * _FINER), PAPER)
        if ground is not None:
            self._image.paste(ground.resize((ground.width * _FINER, ground.height * _FINER)), (0, HEAD * _FINER))
        self._draw = ImageDraw.Draw(self._image)

    def line(self, places: Sequence[Place], colour: str, width: float = 1.0) -> None:
        """Draw a line through places, with round ends."""
        points = [_finer(place) for place in places]
        self._draw.line(points, fill=colour, width=max(1, round(width * _FINER)), joint="curve")
        if width > 2:
            for place in (places[0], places[-1]):
                self.disc(place, width / 2, colour)

    def disc(self, place: Place, radius: float, fill: str | None, edge: str | None = None) -> None:
        """Draw a disc, or with an `edge` alone a ring."""
        self._draw.circle(_finer(place), radius * _FINER, fill=fill, outline=edge, width=2 * _FINER if edge else 0)

    def box(self, corner: Place, opposite: Place, fill: str | None, edge: str | None = None, width: float = 1.0) -> None:
        """Draw a rectangle between two corners, top left and bottom right."""
        self._draw.rectangle([_finer(corner), _finer(opposite)], fill=fill, outline=edge, width=round(width * _FINER))

    def text(self, place: Place, text: str, size: float = 12.0, colour: str = INK, anchor: str = "mm") -> None:
        """Write a text; `anchor` is Pillow's: `lm` puts the middle of its left side at the place."""
        from PIL import ImageFont

        self._draw.text(_finer(place), text, fill=colour, font=ImageFont.load_default(size * _FINER), anchor=anchor)

    def image(self) -> Image:
        """Return the picture in its final size."""
        from PIL import Image as Images

        return self._image.resize(self._size, Images.Resampling.LANCZOS)


def _finer(place: Place) -> Place:
    return (place[0] * _FINER, place[1] * _FINER)


def headed(episode: Episode, step: int, height: int, ground: Image | None = None) -> Canvas:
    """Begin the picture after `step` steps: its head has the task, the step and the return so far. `height` is without it."""
    canvas = Canvas(WIDTH, height + HEAD, ground)
    canvas.text((10, 14), episode.spec.name, 13.0, anchor="lm")
    canvas.text((WIDTH - 10, 14), f"return {episode.totals[step]:.2f}", 13.0, anchor="rm")
    canvas.text((10, 31), f"seed {episode.seed}, episode {episode.number}", 10.0, FAINT, anchor="lm")
    canvas.text((WIDTH - 10, 31), f"step {step} of {len(episode)}", 10.0, FAINT, anchor="rm")
    canvas.line([(0, HEAD - 1), (WIDTH, HEAD - 1)], PALE)
    return canvas
