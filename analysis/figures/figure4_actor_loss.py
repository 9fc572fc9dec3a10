"""Figure 4: the actor's loss and all gradients grow with the mixed total's scale (paper 4.3)."""

from __future__ import annotations

from recipe_sweep.analysis.figures.inputs import Drawing, Material
from recipe_sweep.analysis.figures.training_curves import PLAIN_MIX, draw_training
from recipe_sweep.analysis.results.curves import Quantity, Scale
from recipe_sweep.sweep.results.samples import Lacking

QUANTITIES = (
    Quantity("actor_loss", "actor's Q loss, |mean Q(s, \N{GREEK SMALL LETTER PI}(s))|", Scale.LOG),
    Quantity("grad_norm/all", "total gradient norm", Scale.LOG),
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 4, if Mix was trained without any normalisation."""
    says = "The actor's Q loss and the norm of all gradients over training of Mix without any normalisation."
    note = "The gradient is that of all parameters of actor, critic and mixer."
    return draw_training(material, "figure4", says, (PLAIN_MIX,), QUANTITIES, note)
