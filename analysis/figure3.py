"""Figure 3: without normalisation the mixed total runs away where VDN and Dec do not (paper 4.2)."""

from __future__ import annotations

from analysis.material import Drawing, Lacking, Material
from analysis.training import Quantity, Scale
from analysis.training_figure import PLAIN_DEC, PLAIN_MIX, PLAIN_VDN, draw_training

QUANTITIES = (
    Quantity("q_max_abs", "largest |Q| of a batch", Scale.LOG),
    Quantity("td_loss", "TD loss", Scale.LOG),
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Figure 3, where Mix, VDN and Dec were trained without any normalisation."""
    says = "Largest |Q| and TD loss over training of Mix, VDN and Dec without any normalisation."
    note = "|Q| is that of the total; under Dec, which has none, that of an agent."
    return draw_training(material, "figure3", says, (PLAIN_MIX, PLAIN_VDN, PLAIN_DEC), QUANTITIES, note, with_data=True)
