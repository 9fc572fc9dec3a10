"""Figure 3: without normalisation the mixed total grows exponentially, unlike VDN and Dec (paper 4.2)."""

from __future__ import annotations

from recipe_sweep.analysis.figures.inputs import Drawing, Material
from recipe_sweep.analysis.figures.training_curves import PLAIN_DEC, PLAIN_MIX, PLAIN_VDN, draw_training
from recipe_sweep.analysis.results.curves import Quantity, Scale
from recipe_sweep.sweep.results.samples import Lacking

QUANTITIES = (
    Quantity("q_max_abs", "largest |Q| of a batch", Scale.LOG),
    Quantity("td_loss", "TD loss", Scale.LOG),
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 3, if Mix, VDN and Dec were trained without any normalisation."""
    says = "Largest |Q| and TD loss over training of Mix, VDN and Dec without any normalisation."
    note = "|Q| is that of the total; under Dec, which has none, that of an agent."
    return draw_training(material, "figure3", says, (PLAIN_MIX, PLAIN_VDN, PLAIN_DEC), QUANTITIES, note, with_data=True)
