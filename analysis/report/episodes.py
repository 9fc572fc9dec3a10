"""Finds the pictures of episodes that `play` has made of a sweep's runs, for the page's links."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd

_NAME = re.compile(r"([0-9a-f]{16})-([0-9]{1,9})\.gif", re.ASCII)


class EpisodeLink(NamedTuple):
    """One picture, and the run whose episode it shows."""

    task: str
    dataset: str
    design: str
    seed: int
    score: float
    run_id: str
    number: int
    address: str
    """relative to the page"""


def episode_links(pictures: Path, page: Path, runs: pd.DataFrame) -> tuple[EpisodeLink, ...]:
    """List the GIFs in the folder `pictures` of these runs, by run and episode; none without the folder.

    `page` is the folder of the page. Files of other names and of other runs are left out.
    """
    found = (match for path in pictures.glob("*.gif") if (match := _NAME.fullmatch(path.name)) is not None)
    named = {(match[1], int(match[2])): match[0] for match in found}
    columns = ("run_id", "task", "dataset", "decomposition", "value_learning", "extraction", "seed", "score")
    rows = {row[0]: row for row in zip(*(runs[name].tolist() for name in columns), strict=True)}
    way = os.path.relpath(pictures.resolve(), page.resolve())
    return tuple(
        EpisodeLink(
            task,
            dataset,
            _design(decomposition, value_learning, extraction),
            seed,
            score,
            run_id,
            number,
            address=quote(f"{way}/{name}".replace(os.sep, "/")),
        )
        for (run_id, number), name in sorted(named.items())
        if run_id in rows
        for _, task, dataset, decomposition, value_learning, extraction, seed, score in [rows[run_id]]
    )


def _design(decomposition: str, value_learning: str, extraction: str) -> str:
    words = (Decomposition.of(decomposition), ValueLearning.of(value_learning), Extraction.of(extraction))
    return " ".join(word.display_name for word in words)
