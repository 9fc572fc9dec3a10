"""Names of the metrics of a step, which `recipe_sweep.trainers.diagnostics` computes."""

from __future__ import annotations

VALUE_METRICS = ("q_mean", "q_max_abs", "td_loss", "sigma", "head_share", "head_gap", "mixer_gain")
"""q_mean: mean of min_k total; td_loss: mean over heads, not divided by sigma^2; head_share: how often head 0 is the smaller;
head_gap: mean distance of the first two heads; mixer_gain: gamma times the mean norm of the total's gradient in q."""
NORM_METRICS = ("grad_norm/critic", "grad_norm/mixer", "grad_norm/value", "grad_norm/actor", "grad_norm/all")
ACTOR_METRICS = ("actor_loss", "actor_q_term", "actor_bc_term", "mu_outside", "mu_max_abs", "awr_ess", "awr_capped")
"""mu_outside: share of mu's components beyond the action bounds; awr_ess: effective sample size as a share of the samples."""
LATER_METRICS = (
    *("z_clipped_above", "z_clipped_below", "gvr_ess"),
    *("flow_loss", "flow_distillation", "flow_grad_norm"),
)
"""Metrics that older checkpoints lack. They come last, so that a resumed run can fill them with NaN. z_clipped_above and
z_clipped_below: share of the exponents z that GVR clips; gvr_ess: effective sample size of its weights, as a share;
flow_distillation: how far a policy is from what its flow draws, as a negative log-likelihood. flow_grad_norm is not in
grad_norm/all, because a flow serves several runs."""

OF_MASKED_TASKS = {"mu_outside": "argmax_illegal"}
"""Metrics that masked tasks have in place of others. argmax_illegal: share of the batch's agents whose largest component of mu,
over all actions, is an illegal action. One-hot actions have no bounds that mu could leave."""


FURTHER_METRICS = ("weight_min", "weight_max", "importance_min", "importance_max", "advantage_positive")
"""Metrics of some mixers alone. weight: how much an agent's advantage moves the total; importance: QPLEX's lambda;
advantage_positive: share of values that exceed what they are compared with. Checkpoints of other runs lack them."""


def names(agents: int, masked: bool = False, further: tuple[str, ...] = ()) -> tuple[str, ...]:
    """List all metrics' names, in the order of `trainers.diagnostics.measure`. `further` are a decomposition's own."""
    shares = (f"awr_agent_share/{a}" for a in range(agents))
    every = (*VALUE_METRICS, *NORM_METRICS, *ACTOR_METRICS, *shares, *further, *LATER_METRICS)
    return tuple(OF_MASKED_TASKS.get(name, name) for name in every) if masked else every
