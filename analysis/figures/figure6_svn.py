"""Figure 6: values and returns of Mix without normalisation, with the actor's, and with SVN as well (paper 4.4)."""

from __future__ import annotations

from recipe_sweep.analysis.figures.inputs import Drawing, Material
from recipe_sweep.analysis.figures.training_curves import PLAIN_MIX, REMEDY, SCORE, SVN, draw_training
from recipe_sweep.analysis.results.curves import Quantity, Scale
from recipe_sweep.sweep.results.samples import Lacking

QUANTITIES = (
    Quantity("q_max_abs", "largest |Q| of a batch, not normalised", Scale.LOG),
    Quantity(
        "gradient",
        "critic's gradient norm (\N{MULTIPLICATION SIGN} \N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO} under SVN)",
        Scale.LOG,
    ),
    Quantity(SCORE, "normalised return", Scale.LINEAR),
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 6, if Mix was trained plain, with the actor's normalisation, and with SVN as well."""
    says = (
        "Largest |Q|, critic's gradient norm and returns of Mix: plain, with the actor's normalisation, and with SVN as well."
    )
    note = "Shaded across: returns of the data, one standard deviation around their mean, and least to greatest."
    return draw_training(material, "figure6", says, (PLAIN_MIX, REMEDY, SVN), QUANTITIES, note, with_data=True)
