"""A trained policy as a PyTorch module, for code outside a sweep."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.trainers.batch import agent_inputs
from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.models import actor_network
from recipe_sweep.trainers.parameters import Copies
from recipe_sweep.trainers.policies.registry import ACTOR_BOUNDS, policy_of

_ACTOR = "actor/"


class Policy(nn.Module):
    """The policy of one finished run. All N agents share its network, which reads an observation and the agent's number.

    `point` is the run. `spec` has the task's shapes: `n_agents` N, `obs_dim` O, `action_dim` A, and the bounds of actions.

    >>> import recipe_sweep
    >>> sweep = recipe_sweep.open("sweeps/demo")
    >>> policy = sweep.policy(sweep.points[0].run_id)
    >>> policy.spec.n_agents, policy.spec.obs_dim, policy.spec.action_dim
    (3, 18, 2)
    >>> sum(weights.numel() for weights in policy.parameters())
    266
    """

    def __init__(self, point: DesignPoint, weights: Mapping[str, Tensor]) -> None:
        """Take a run and its kept arrays by name. Raises UnknownTaskError, and UserInputError for other arrays."""
        super().__init__()
        self.point, self.spec = point, task_spec(point.task)
        self._config = LearnerConfig.of(point)
        self._reads_noise = point.extraction.has_flow
        self._network = actor_network(self.spec, self._config, self._reads_noise)
        self._bound, self._executed = ACTOR_BOUNDS[self._config.actor_bound], policy_of(self.spec)
        self._names = {name: name.replace("/", "_") for name in self._network.layout.shapes}
        for name, shape in self._network.layout.shapes.items():
            value = weights.get(_ACTOR + name)
            if value is None or tuple(value.shape) != shape:
                found = "no such array" if value is None else f"shape {tuple(value.shape)}"
                raise UserInputError(Problem(f"weights of run {point.run_id}", None, _ACTOR + name, found, f"shape {shape}"))
            self.register_parameter(self._names[name], nn.Parameter(value.detach().to(self._config.dtype).clone()))

    def forward(self, observations: Tensor, noise: Tensor | None = None) -> Tensor:
        """Compute mu (*, N, A), before it is clipped or made one-hot, of observations (*, N, O). Gradients flow.

        `noise` (*, N, A) is for policies of the extraction `flow`, which were evaluated with standard normal numbers in
        continuous tasks. None means zeros. Raises UserInputError for another shape.
        """
        self._check("observations", observations, self.spec.obs_dim)
        leaves = [self.get_parameter(own) for own in self._names.values()]
        first = leaves[0]
        copies = Copies(torch.cat([leaf.reshape(1, -1) for leaf in leaves], dim=1), self._network.layout)
        x = agent_inputs(observations.to(first.device, first.dtype))
        outside = (*x.shape[:-1], self.spec.action_dim)
        if noise is not None:
            self._check("noise", noise, self.spec.action_dim)
        if self._reads_noise:
            drawn = x.new_zeros(outside) if noise is None else noise.to(x).expand(outside)
            x = torch.cat([x, drawn], dim=-1)
        with self._config.arithmetic(first.device):
            mu = self._network(copies, x.reshape(1, -1, x.shape[-1]))
        return self._bound(mu.to(first.dtype).view(outside))

    def act(self, observations: object, legal: object = None, noise: Tensor | None = None) -> Tensor:
        """Return the actions (*, N, A) that the environment executes: within the task's bounds, or one-hot if discrete.

        `observations` are (*, N, O), so (N, O) or a batch (B, N, O): a tensor, an array or nested lists. `legal` is
        (*, N, A), 1 for a legal action and else 0; None allows all. `noise` is as in `forward`; without it the policy is
        deterministic. Raises UserInputError for another shape.

        >>> import recipe_sweep
        >>> sweep = recipe_sweep.open("sweeps/demo")
        >>> policy = sweep.policy(sweep.points[0].run_id)
        >>> actions = policy.act([[0.0] * policy.spec.obs_dim] * policy.spec.n_agents)
        >>> actions.shape
        torch.Size([3, 2])
        """
        with torch.no_grad():
            mu = self(torch.as_tensor(observations), noise)
        allowed = None
        if legal is not None:
            wanted = torch.as_tensor(legal)
            self._check("legal", wanted, self.spec.action_dim)
            allowed = wanted.to("cpu", torch.float64).expand(mu.shape).numpy()
        executed = self._executed.executable(mu.to("cpu", torch.float64).numpy(), allowed)
        return torch.from_numpy(executed).to(mu.device, mu.dtype)

    def extra_repr(self) -> str:
        """Return the run, the task and its shapes, for `print`."""
        spec = self.spec
        shapes = f"n_agents={spec.n_agents}, obs_dim={spec.obs_dim}, action_dim={spec.action_dim}"
        return f"run_id={self.point.run_id!r}, task={spec.name!r}, {shapes}"

    def _check(self, name: str, given: Tensor, width: int) -> None:
        if given.shape[-2:] != (self.spec.n_agents, width):
            one = f"({self.spec.n_agents}, {width})"
            expected = f"{one}, or a batch (B, {self.spec.n_agents}, {width}) of them"
            raise UserInputError(Problem(name, found=f"shape {tuple(given.shape)}", expected=expected))
