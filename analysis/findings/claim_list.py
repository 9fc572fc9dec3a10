"""The claims of the paper: for each its words in short, the statistic that tests it, and the number that the paper prints."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from recipe_sweep.analysis.findings import battles, evidence, named_triples, norms, steadiness
from recipe_sweep.analysis.findings.evidence import Finding, Sweep
from recipe_sweep.search_spaces.families import SKIRMISH, SKIRMISH_DRAWN, SMAC_V1, SMAC_V2
from recipe_sweep.search_spaces.vocabulary import Decomposition


class Scale(NamedTuple):
    """How a statistic is printed: its scale, its digits and its unit."""

    of: Callable[[float], float]
    digits: str
    unit: str = ""
    limit: float = math.inf
    """numbers further from 0 are printed as this one, with a word on how many"""

    def number(self, value: float) -> str:
        """Format one value on this scale."""
        return f"{min(max(self.of(value), -self.limit), self.limit):{self.digits}}"

    def beyond(self, *values: float) -> int:
        """Count the values that are printed as the limit."""
        return sum(abs(self.of(value)) > self.limit * (1.0 + 1e-9) for value in values)


class Definition(NamedTuple):
    """One claim, before a sweep is compared with it."""

    name: str
    statement: str
    statistic: str
    paper: str | None
    find: Callable[[Sweep], Finding]
    scale: Scale
    weight: float = 1.0
    """its part of the list's error, relative to the others'"""


SCORE = Scale(lambda value: value, "+.3f")
SIZE = Scale(lambda value: -value, ".3f")
COUNT = Scale(lambda value: value, ".3g")
POINTS = Scale(lambda value: 100.0 * value, "+.0f", " percentage points", limit=100.0)
ROOT = Scale(lambda value: math.copysign(math.sqrt(abs(value)), value), "+.3f")
FOLD = Scale(lambda value: 10.0**value, ".3g", "-fold")
TURNED = Scale(lambda value: 10.0**-value, ".3g", "-fold")

HARD = 3.0
"""A share of variance needs many more seeds than a difference of means does. So these claims have more of the list's error."""

_SELECTED = "chosen by some seeds and scored on others, difference within seeds"
_SHARES = "its share of the variance among designs of a dataset, minus that of value learning; tuned and scored on other seeds"
_HALF = "over the second half of training"
_ALIKE = f"their best designs, tuned and scored on other seeds; below {battles.ALIKE:g} (a return of 1) is called equal"

CLAIMS = (
    Definition(
        "mix-leads",
        "Mix is the best or the runner-up in most panels.",
        "number of Figure 7's panels where Mix is first or second, ties in part; chance gives half of them with four bars",
        "17 of 24 (5.2, Figure 7)",
        evidence.lead,
        COUNT,
    ),
    Definition(
        "mix-leads-most",
        "No other decomposition is first or second as often as Mix.",
        "this count minus that of the next best decomposition",
        None,
        evidence.lead_over_others,
        COUNT,
    ),
    Definition(
        "vdn-ceiling",
        "VDN has a performance ceiling that Mix has not.",
        f"mean score of Mix minus that of VDN, {_SELECTED}",
        "said in words (5.2)",
        evidence.mix_over(Decomposition.VDN),
        SCORE,
    ),
    Definition(
        "mix-over-cen",
        "Mix does better than a centralised critic.",
        f"mean score of Mix minus that of Cen, {_SELECTED}",
        "said in words: Cen is less consistent (5.2)",
        evidence.mix_over(Decomposition.CEN),
        SCORE,
    ),
    Definition(
        "decomposition-matters",
        "Decomposition matters more than value learning.",
        _SHARES,
        "said in words (5.2)",
        evidence.explains_more("decomposition", "value learning"),
        POINTS,
        weight=HARD,
    ),
    Definition(
        "extraction-matters",
        "Policy extraction matters more than value learning.",
        _SHARES,
        "said in words (5.2)",
        evidence.explains_more("extraction", "value learning"),
        POINTS,
        weight=HARD,
    ),
    Definition(
        "in-sample-targets",
        "SARSA and IQL do slightly better than TD.",
        f"mean score of SARSA and IQL minus that of TD, {_SELECTED}",
        "said in words: modest (5.2)",
        evidence.in_sample_over_td,
        SCORE,
    ),
    Definition(
        "awr-scores",
        "AWR scores higher than BRAC.",
        f"mean score of AWR minus that of BRAC, {_SELECTED}",
        "said in words (5.2, Figure 1)",
        evidence.awr_over_brac,
        SCORE,
    ),
    Definition(
        "awr-steadier-seeds",
        "AWR is steadier than BRAC from seed to seed.",
        "root of the difference of BRAC's and AWR's variances over seeds, less evaluation noise; mean over configurations",
        "said in words (5.2)",
        steadiness.steadier_over_seeds,
        ROOT,
    ),
    Definition(
        "awr-steadier-alpha",
        "AWR is steadier than BRAC along its temperature.",
        "root of the difference of BRAC's and AWR's variances along equally many neighbouring alphas, less noise of seeds",
        "said in words (5.2)",
        steadiness.steadier_over_alpha,
        ROOT,
    ),
    Definition(
        "awr-with-mix",
        "AWR helps most when paired with Mix.",
        f"AWR's gain over BRAC with Mix minus its gain with the others; {_SELECTED}",
        "said in words (5.2)",
        evidence.awr_gains_with_mix,
        SCORE,
    ),
    Definition(
        "plain-mix-grows",
        "Without normalisation |Q| of Mix grows without bound.",
        f"growth of the largest |Q| of a batch {_HALF}; less than a doubling is called bounded",
        "exponential growth (4.2, Figure 3)",
        norms.plain_grows,
        FOLD,
    ),
    Definition(
        "mixer-grows-most",
        "Plain Mix grows where the other decompositions do not.",
        f"growth of |Q| {_HALF} in Mix over that in the others, all without normalisation",
        "the others converge (4.2, Figure 3)",
        norms.mixer_grows,
        FOLD,
    ),
    Definition(
        "svn-bounds-q",
        "SVN bounds |Q| of Mix.",
        f"growth of the largest |Q| of a batch {_HALF}; less than a doubling is called bounded",
        "stable throughout (4.4, Figure 6)",
        norms.svn_bounded,
        TURNED,
    ),
    Definition(
        "svn-slows-q",
        "|Q| of Mix grows less under SVN than without.",
        f"growth of |Q| {_HALF} in plain Mix over that under SVN",
        "Figure 6, left",
        norms.svn_slows,
        FOLD,
    ),
    Definition(
        "svn-calms-gradients",
        "The critic's gradient grows less under SVN than without.",
        f"growth {_HALF} in plain Mix over that under SVN; norms times sigma squared where the loss was divided by it",
        "bounded (4.3, 4.4)",
        norms.svn_calms,
        FOLD,
    ),
    Definition(
        "svn-returns",
        "Mix scores higher with SVN than without.",
        "score at the last evaluation, difference within seeds",
        "Figure 6, right",
        norms.svn_returns,
        SCORE,
    ),
    Definition(
        "remedy-slows-q",
        "The actor's normalisation alone slows the growth of |Q|.",
        f"growth of |Q| {_HALF} in plain Mix over that with it",
        "Figure 5; Figure 6: partially",
        norms.remedy_slows,
        FOLD,
    ),
    Definition(
        "mix-wins-smacv2",
        "Mix does better than every other decomposition on SMACv2.",
        f"smallest lead of Mix over another, each with its best design; {_SELECTED}",
        "said in words (6, Figure 9)",
        battles.leads_every_other(SMAC_V2),
        SCORE,
    ),
    Definition(
        "all-alike-smacv1",
        "All decompositions do equally well on SMACv1.",
        f"largest difference between Mix and another; {_ALIKE}",
        "said in words: comparable (6, Figure 9)",
        battles.all_alike(SMAC_V1),
        SIZE,
    ),
    Definition(
        "mix-wins-drawn-skirmish",
        "Mix does better than every other decomposition on skirmish with drawn units.",
        f"smallest lead of Mix over another, each with its best design; {_SELECTED}",
        "said of SMACv2; skirmish is our own battle (6, Figure 9)",
        battles.leads_every_other(SKIRMISH_DRAWN),
        SCORE,
    ),
    Definition(
        "all-alike-fixed-skirmish",
        "All decompositions do equally well on skirmish with fixed units.",
        f"largest difference between Mix and another; {_ALIKE}",
        "said of SMACv1; skirmish is our own battle (6, Figure 9)",
        battles.all_alike(SKIRMISH),
        SIZE,
    ),
    Definition(
        "chance-favours-mix",
        "Mix gains more where chance decides more.",
        f"lead of Mix over the mean of the others with full chance, minus that with fixed chance; {_SELECTED}",
        "suggested by SMACv1 and SMACv2; chance can be chosen in skirmish alone (6)",
        battles.gains_by_chance,
        SCORE,
    ),
    Definition(
        "mix-improves-omiga",
        "Mix improves OMIGA.",
        f"score of OMIGA with Mix and SVN minus that of OMIGA, {_SELECTED}",
        "said in words (7, Figure 10)",
        named_triples.improves("OMIGA + Mix", "OMIGA"),
        SCORE,
    ),
    Definition(
        "mix-improves-mac-flow",
        "Mix improves MAC-Flow.",
        f"score of MAC-Flow with Mix and SVN minus that of MAC-Flow, {_SELECTED}",
        "said in words (7, Figure 10)",
        named_triples.improves("MAC-Flow + Mix", "MAC-Flow"),
        SCORE,
    ),
)
