"""Fills the package's templates: values are escaped, unknown names are errors, and the page needs no network."""

from __future__ import annotations

import base64
import io
import json
from importlib.resources import files
from pathlib import Path

from recipe_sweep.analysis.number_text import measured, score, signed

PICTURE_WIDTH = 1400
PICTURE_COLOURS = 96


def render(template: str, **content: object) -> str:
    """Fill a template of this package. A missing name is an error, never an empty text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("recipe_sweep.analysis.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"score": score, "signed": signed, "measured": measured, "script": script_json, "code": code}
    environment.globals["asset"] = asset
    return environment.get_template(template).render(**content)


def asset(name: str) -> str:
    """Read a stylesheet or a script of the package, which goes into the page unchanged."""
    from markupsafe import Markup

    text = (files("recipe_sweep.analysis.report") / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 (our own file, not data)


def script_json(text: str) -> str:
    """Escape a JSON text for a script element: without `<`, nothing in the data can end the element."""
    from markupsafe import Markup

    json.loads(text)
    for letter in "<>&\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 (escaped above)


def code(text: str) -> str:
    """Turn text in backticks into code elements."""
    from markupsafe import Markup, escape

    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def picture(png: Path) -> str:
    """Encode a figure as a data address that holds the picture, reduced so that a page of ten stays small."""
    from PIL import Image

    with Image.open(png) as opened:
        image = opened.convert("RGB")
    if image.width > PICTURE_WIDTH:
        image = image.resize((PICTURE_WIDTH, round(image.height * PICTURE_WIDTH / image.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(PICTURE_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        buffer, "PNG", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
