"""Figure 5: the effect on Mix of dividing the actor's Q by its mean magnitude (paper 4.3, Eq. 4)."""

from __future__ import annotations

from recipe_sweep.analysis.figures.inputs import Drawing, Material
from recipe_sweep.analysis.figures.training_curves import PLAIN_MIX, REMEDY, draw_training
from recipe_sweep.analysis.results.curves import Quantity, Scale
from recipe_sweep.sweep.results.samples import Lacking

QUANTITIES = (
    Quantity("actor_loss", "actor's Q loss, |mean Q(s, \N{GREEK SMALL LETTER PI}(s))|", Scale.LOG),
    Quantity("grad_norm/all", "total gradient norm", Scale.LOG),
    Quantity("q_mean", "mean Q of the data", Scale.ASINH),
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 5, if Mix was trained with and without the actor's normalisation, and without the critic's."""
    says = "Actor's Q loss, norm of all gradients and mean Q of Mix, with and without the actor's normalisation."
    note = "The Q loss is shown before it is normalised: normalised, its value is 0 by construction."
    return draw_training(material, "figure5", says, (PLAIN_MIX, REMEDY), QUANTITIES, note, with_data=True)
