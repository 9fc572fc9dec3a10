"""Returns that score 0 and 1, per source, task and version of the data (paper C.2)."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.task import ReturnScale

RETURN_SCALES: dict[tuple[Source, str, str], ReturnScale] = {
    (Source.OG_MARL, "2ant", "omiga/mamujoco/2ant@main"): ReturnScale(895.37, 2124.15),
    (Source.OG_MARL, "3hopper", "omiga/mamujoco/3hopper@main"): ReturnScale(70.75, 3762.68),
    (Source.OG_MARL, "6halfcheetah", "omiga/mamujoco/6halfcheetah@main"): ReturnScale(-198.76, 3866.08),
    (Source.OG_MARL, "simple_spread", "omar/mpe/simple_spread@main"): ReturnScale(159.8, 516.8),
    # SMAC's own scale: 20 is the return of a win without a loss, and healing can exceed it. So a score times 20 is the return.
    (Source.OG_MARL, "smac_3m", "core/smac_v1/3m@main"): ReturnScale(0.0, 20.0),
    (Source.OG_MARL, "smac_2s3z", "core/smac_v1/2s3z@main"): ReturnScale(0.0, 20.0),
    (Source.OG_MARL, "smac_terran_5_vs_5", "core/smac_v2/terran_5_vs_5@main"): ReturnScale(0.0, 20.0),
    (Source.OG_MARL, "smac_zerg_5_vs_5", "core/smac_v2/zerg_5_vs_5@main"): ReturnScale(0.0, 20.0),
    # The paper's rule on this project's own data: the mean returns of `random` and `expert`, as measured by
    # homegrown.measure_spread_scale. They are constants, so that every machine computes the same scores.
    (Source.HOMEGROWN, "simple_spread", "1"): ReturnScale(159.54034880048275, 586.8247095416015),
    # On MuJoCo: the mean return of uniform actions (the row of reference_policies.csv), the largest return of `expert`.
    (Source.HOMEGROWN, "3hopper", "2"): ReturnScale(21.36847467246604, 3673.694860935211),
    (Source.HOMEGROWN, "3hopper_native", "2"): ReturnScale(20.36847467246604, 3690.7568452358246),
    (Source.HOMEGROWN, "2ant", "2"): ReturnScale(-62.986767026567, 4168.766073167324),
    (Source.HOMEGROWN, "2ant_native", "2"): ReturnScale(-47.69264493944337, 4092.5743948221207),
    (Source.HOMEGROWN, "6halfcheetah", "2"): ReturnScale(-281.51583579276684, 5793.451260790229),
    (Source.HOMEGROWN, "6halfcheetah_native", "2"): ReturnScale(-281.51583579276684, 5864.550595276058),
    # Version 1 began at the least return of `medium-replay`. Both ends were measured on 100,000 transitions of seed 0.
    (Source.HOMEGROWN, "3hopper", "1"): ReturnScale(2.929110035300255, 3673.694860935211),
    (Source.HOMEGROWN, "3hopper_native", "1"): ReturnScale(2.1776925772428513, 3690.7568452358246),
    (Source.HOMEGROWN, "2ant", "1"): ReturnScale(-1105.6094971075654, 4168.766073167324),
    (Source.HOMEGROWN, "2ant_native", "1"): ReturnScale(-1102.2414642831427, 4092.5743948221207),
    (Source.HOMEGROWN, "6halfcheetah", "1"): ReturnScale(-200.54377467464656, 5793.451260790229),
    (Source.HOMEGROWN, "6halfcheetah_native", "1"): ReturnScale(-217.89737228080048, 5864.550595276058),
    (Source.HOMEGROWN, "two_step", "1"): ReturnScale(0.0, 8.0),
    # From no damage to victory, as in the battle that it resembles: a score times 20 is a return.
    **{(Source.HOMEGROWN, f"skirmish_{units}", "1"): ReturnScale(0.0, 20.0) for units in ("3m", "2s3z", "5v5")},
}
