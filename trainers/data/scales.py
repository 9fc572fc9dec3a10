"""Returns between which scores are normalised, per task and source (paper C.2)."""

from __future__ import annotations

from search_spaces.vocabulary import Source
from trainers.task import ReturnScale

RETURN_SCALES: dict[tuple[Source, str], ReturnScale] = {
    (Source.OG_MARL, "2ant"): ReturnScale(895.37, 2124.15),
    (Source.OG_MARL, "3hopper"): ReturnScale(70.75, 3762.68),
    (Source.OG_MARL, "6halfcheetah"): ReturnScale(-198.76, 3866.08),
    (Source.OG_MARL, "simple_spread"): ReturnScale(159.8, 516.8),
    # The paper's rule on this project's own data: the mean returns of `random` and `expert`, as measured by
    # homegrown.measure_spread_scale. Written down, and not measured on each machine, so that every machine scores alike.
    (Source.HOMEGROWN, "simple_spread"): ReturnScale(159.54034880048275, 586.8247095416015),
    (Source.HOMEGROWN, "two_step"): ReturnScale(0.0, 8.0),
}
