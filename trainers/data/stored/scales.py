"""Returns that score 0 and 1, per task and source (paper C.2)."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.task import ReturnScale

RETURN_SCALES: dict[tuple[Source, str], ReturnScale] = {
    (Source.OG_MARL, "2ant"): ReturnScale(895.37, 2124.15),
    (Source.OG_MARL, "3hopper"): ReturnScale(70.75, 3762.68),
    (Source.OG_MARL, "6halfcheetah"): ReturnScale(-198.76, 3866.08),
    (Source.OG_MARL, "simple_spread"): ReturnScale(159.8, 516.8),
    # The paper's rule on this project's own data: the mean returns of `random` and `expert`, as measured by
    # homegrown.measure_spread_scale. They are constants, so that every machine computes the same scores.
    (Source.HOMEGROWN, "simple_spread"): ReturnScale(159.54034880048275, 586.8247095416015),
    # On MuJoCo: the least return of `medium-replay`, the largest of `expert` (homegrown.measure_mujoco_scale).
    (Source.HOMEGROWN, "3hopper"): ReturnScale(2.929110035300255, 3673.694860935211),
    (Source.HOMEGROWN, "3hopper_native"): ReturnScale(2.1776925772428513, 3690.7568452358246),
    (Source.HOMEGROWN, "2ant"): ReturnScale(-1105.6094971075654, 4168.766073167324),
    (Source.HOMEGROWN, "2ant_native"): ReturnScale(-1102.2414642831427, 4092.5743948221207),
    (Source.HOMEGROWN, "6halfcheetah"): ReturnScale(-200.54377467464656, 5793.451260790229),
    (Source.HOMEGROWN, "6halfcheetah_native"): ReturnScale(-217.89737228080048, 5864.550595276058),
    (Source.HOMEGROWN, "two_step"): ReturnScale(0.0, 8.0),
}
