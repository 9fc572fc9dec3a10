"""The words of the design space with their facts: every value that an axis may take.

Each axis that is compared has an open register of words. The end of this file registers every word, in the order of figures.
Settings have closed lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import ClassVar

from recipe_sweep.search_spaces.network_sizes import (
    Sizes,
    ValueNetworks,
    agent_critics,
    attended_critics,
    duelling_critics,
    joint_critic,
    mixed_critics,
    paired_critics,
    weighted_critics,
)
from recipe_sweep.search_spaces.words import Word


class CriticNorm(Word, axis="critic_norm"):
    """Normalisation of the critic's loss (paper Eq. 5 and 6); the last two are ablations."""

    NONE: ClassVar[CriticNorm]
    SVN: ClassVar[CriticNorm]
    SVN_BOTH: ClassVar[CriticNorm]
    MIN: ClassVar[CriticNorm]

    colour: str
    """Colour of its lines."""
    divides: bool = False
    """Whether the loss is divided by the square of the values' deviation."""
    is_ablation: bool = False
    """Whether a grid must say `ablation: true` to use it."""
    is_plain: bool = False
    """Whether the loss stays as it is."""


class ActorNorm(Word, axis="actor_norm"):
    """Normalisation of the value term in the actor's loss (paper Eq. 4)."""

    NONE: ClassVar[ActorNorm]
    ABSMEAN: ClassVar[ActorNorm]

    dash: str | tuple[float, tuple[float, ...]]
    """Dash pattern of its lines, as matplotlib writes it."""


class Decomposition(Word, axis="decomposition"):
    """How per-agent values become a total (paper 5.1)."""

    CEN: ClassVar[Decomposition]
    MIX: ClassVar[Decomposition]
    VDN: ClassVar[Decomposition]
    DEC: ClassVar[Decomposition]
    WVDN: ClassVar[Decomposition]
    QATTEN: ClassVar[Decomposition]
    QPLEX: ClassVar[Decomposition]
    DCG: ClassVar[Decomposition]

    colour: str
    """Colour of its lines."""
    cost: Callable[[Sizes], ValueNetworks]
    """Function from sizes to the networks of its critics and of its mixer."""
    critic_norms: tuple[CriticNorm, ...]
    """Norms that apply to it. A grid that names none gets the first."""
    mixes: bool = False
    """Whether a network mixes the agents' values. The settings `mixer_...` are about this network."""
    embeds: bool = True
    """Whether the setting `mixer_embed` is about its network, if it has one that mixes."""
    compares: bool = False
    """Whether its total compares the actions' values with V, or without a V with those of the policy's actions."""
    pairs: bool = False
    """Whether its critic also has a network for pairs of agents."""
    shares_advantage: bool = False
    """Whether the advantage is the total's, the same for every agent, although its critics are per agent."""
    metrics: tuple[str, ...] = ()
    """Metrics that only this decomposition records (trainers/metrics.py)."""
    in_paper: bool = False
    """Whether figures keep a place for it in every sweep."""
    rehearsed: float = 0.0
    """What a rehearsal adds to the score of its runs."""

    def reads_policy(self, learning: ValueLearning) -> bool:
        """Tell whether totals read the policy's own actions, because there is no V to compare with."""
        return self.compares and not learning.has_value_network

    def critic_follows_actor(self, learning: ValueLearning) -> bool:
        """Tell whether its critic depends on the actor under this learner, so that every run needs its own critic."""
        return learning.follows_actor or self.reads_policy(learning)


class ValueLearning(Word, axis="value_learning"):
    """Where the critic's target comes from (paper Eq. 2, 8, 9 and 10)."""

    TD: ClassVar[ValueLearning]
    SARSA: ClassVar[ValueLearning]
    IQL: ClassVar[ValueLearning]
    GVR: ClassVar[ValueLearning]

    follows_actor: bool = False
    """Whether the target evaluates the policy, so that every run needs its own critic."""
    has_value_network: bool = False
    """Whether V(o) is learned beside Q."""
    has_expectile: bool = False
    """Whether its runs have a tau."""
    has_regularisation: bool = False
    """Whether its runs have a regularisation, and weights of actions that follow from it."""
    has_target_value: bool = False
    """Whether the critic's target reads a Polyak copy of V."""
    in_paper: bool = False
    """Whether figures keep a place for it in every sweep."""
    rehearsed: float = 0.0
    """What a rehearsal adds to the score of its runs."""


class Extraction(Word, axis="extraction"):
    """How a policy is extracted from the values (paper Eq. 3 and 11)."""

    BRAC: ClassVar[Extraction]
    AWR: ClassVar[Extraction]
    GVR: ClassVar[Extraction]
    FLOW: ClassVar[Extraction]

    colour: str
    """Colour of its dots."""
    marker: str
    """Shape of its dots, as matplotlib writes it."""
    climbs_critic: bool
    """Whether its loss takes the critic's gradient in the actions. If not, it reads the critic's values (cost)."""
    alpha_clones: bool
    """Whether a larger alpha stays nearer to the data."""
    has_alpha: bool = True
    """Whether its runs have an alpha."""
    weighs_by_regularisation: bool = False
    """Whether its weights come from a value learner that has a regularisation. It has no meaning under others."""
    has_flow: bool = False
    """Whether its policy reads noise and is held near a flow, which is a network of its own."""
    cloning_alpha: float | None = None
    """The alpha at which the loss reads no value, so that the run clones behaviour; None if there is none."""
    metrics: str = ""
    """Beginning of the names of those metrics that only this extraction records."""
    rehearsed: float = 0.0
    """What a rehearsal adds to the score of its runs."""
    rehearsed_alpha: float = 1.0
    """The best alpha in a rehearsal."""
    in_paper: bool = False
    """Whether figures keep a place for it in every sweep."""

    def works_under(self, learning: ValueLearning) -> bool:
        """Say whether the value learner computes what the loss reads."""
        return learning.has_regularisation or not self.weighs_by_regularisation

    def boldest(self, alphas: Iterable[float]) -> float:
        """Choose the alpha at which values weigh most compared with the data."""
        return min(alphas) if self.alpha_clones else max(alphas)


class MixerTraining(StrEnum):
    """Whether the critic's loss trains the mixer (as in the paper) or not (as in the paper's released code)."""

    JOINT = "joint"
    FROZEN = "frozen"


class ActorBound(StrEnum):
    """Whether the actor's mean is squashed while learning."""

    NONE = "none"
    TANH = "tanh"


class Discretisation(StrEnum):
    """What critics and losses read of the actor's outputs in tasks with discrete actions.

    `raw`: the outputs themselves, fitted to one-hot vectors. `softmax`: the probabilities of the legal actions.
    `straight_through`: the executed one-hot vector, with the gradient of the probabilities. Under the last two, losses are
    log-likelihoods.
    """

    RAW = "raw"
    SOFTMAX = "softmax"
    STRAIGHT_THROUGH = "straight_through"


class Evaluate(StrEnum):
    """Whether policies are played. If not, a run keeps its losses and has no score."""

    PLAYED = "played"
    NONE = "none"

    @property
    def plays(self) -> bool:
        """Whether evaluations play episodes."""
        return self is Evaluate.PLAYED


class DivergenceBound(StrEnum):
    """How the bound of |Q| follows from the data. A number in its place is the bound itself."""

    AUTO = "auto"


class TeamReward(StrEnum):
    """How the agents' rewards become the team's."""

    MEAN = "mean"
    SUM = "sum"


class Chance(StrEnum):
    """How much of an episode chance decides, in tasks that offer the choice."""

    FULL = "full"
    FIXED = "fixed"


class Precision(StrEnum):
    """Floating-point type of parameters and arithmetic.

    `tf32` and `bf16` keep parameters, losses and the optimiser in float32. On GPUs, `tf32` rounds the factors of matrix
    products. `bf16` computes the networks in bfloat16 (autocast), on any device.
    """

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    TF32 = "tf32"
    BF16 = "bf16"

    @property
    def bytes(self) -> int:
        """Bytes of one parameter."""
        return 8 if self is Precision.FLOAT64 else 4


class Source(StrEnum):
    """Origin of a dataset: this project's generators, the published OG-MARL files, or a plugin."""

    HOMEGROWN = "homegrown"
    OG_MARL = "og_marl"
    REGISTERED = "registered"


class Sampler(StrEnum):
    """How a search chooses values: from the results of earlier trials (tree-structured Parzen estimators), or at random."""

    TPE = "tpe"
    RANDOM = "random"


class Keep(StrEnum):
    """Which final weights are kept beside a pack's results."""

    NONE = "none"
    ACTOR = "actor"
    ALL = "all"


_BLACK, _GREY, _ORANGE, _BLUE, _DARK_BLUE, _YELLOW = "#222222", "#8a8a8a", "#d9600b", "#2f6db3", "#2f6fa7", "#e8a200"
_GREEN, _PURPLE, _PINK, _BROWN = "#3f8f5f", "#8c5bb5", "#c2447a", "#8a6d3b"
_SEA_GREEN, _VIOLET = "#2e8b57", "#7a4fa3"

CriticNorm.NONE = CriticNorm.add(
    CriticNorm(
        "none",
        display_name="none",
        meaning="Divides by nothing.",
        colour=_BLACK,
        is_plain=True,
    )
)
CriticNorm.SVN = CriticNorm.add(
    CriticNorm(
        "svn",
        display_name="SVN",
        meaning="Divides by the values' deviation; only the smaller head is trained (Eq. 5, 6).",
        colour=_ORANGE,
        divides=True,
    )
)
CriticNorm.SVN_BOTH = CriticNorm.add(
    CriticNorm(
        "svn_both",
        display_name="SVN, both heads",
        meaning="Divides by the values' deviation; both heads are trained. An ablation.",
        colour=_YELLOW,
        divides=True,
        is_ablation=True,
    )
)
CriticNorm.MIN = CriticNorm.add(
    CriticNorm(
        "min",
        display_name="smaller head",
        meaning="Divides by nothing; only the smaller head is trained. An ablation.",
        colour=_BLUE,
        is_ablation=True,
    )
)

ActorNorm.NONE = ActorNorm.add(
    ActorNorm(
        "none",
        display_name="none",
        meaning="Divides by nothing.",
        dash=(0, (3, 1.5)),
    )
)
ActorNorm.ABSMEAN = ActorNorm.add(
    ActorNorm(
        "absmean",
        display_name="mean |Q|",
        meaning="Divides by the mean of |Q| (Eq. 4).",
        dash="-",
    )
)

_OF_A_TOTAL = (CriticNorm.NONE, CriticNorm.SVN_BOTH, CriticNorm.MIN)
"""SVN normalises a mixed total (Eq. 5). Its ablations need at least a total."""

Decomposition.CEN = Decomposition.add(
    Decomposition(
        "cen",
        display_name="Cen",
        meaning="One critic reads the state and all actions. Its value is the total.",
        colour=_BLUE,
        cost=joint_critic,
        critic_norms=_OF_A_TOTAL,
        in_paper=True,
    )
)
Decomposition.MIX = Decomposition.add(
    Decomposition(
        "mix",
        display_name="Mix",
        meaning="Each agent has a value. A network that reads the state mixes them (Eq. 1).",
        colour=_ORANGE,
        cost=mixed_critics,
        critic_norms=(CriticNorm.SVN, *_OF_A_TOTAL),
        mixes=True,
        in_paper=True,
        rehearsed=0.08,
    )
)
Decomposition.VDN = Decomposition.add(
    Decomposition(
        "vdn",
        display_name="VDN",
        meaning="Each agent has a value. The total is their sum.",
        colour=_BLACK,
        cost=agent_critics,
        critic_norms=_OF_A_TOTAL,
        in_paper=True,
        rehearsed=0.05,
    )
)
Decomposition.DEC = Decomposition.add(
    Decomposition(
        "dec",
        display_name="Dec",
        meaning="Each agent has a value and learns alone. There is no total.",
        colour=_GREY,
        cost=agent_critics,
        critic_norms=(CriticNorm.NONE,),
        in_paper=True,
        rehearsed=0.02,
    )
)

_OF_WEIGHTS = ("weight_min", "weight_max")

Decomposition.WVDN = Decomposition.add(
    Decomposition(
        "wvdn",
        display_name="wVDN",
        meaning="Each agent has a value. The total is their sum, with weights that a network computes from the state (OMIGA).",
        colour=_GREEN,
        cost=weighted_critics,
        critic_norms=(CriticNorm.SVN, *_OF_A_TOTAL),
        mixes=True,
        metrics=_OF_WEIGHTS,
    )
)
Decomposition.QATTEN = Decomposition.add(
    Decomposition(
        "qatten",
        display_name="Qatten",
        meaning="Each agent has a value. Four heads of attention weigh them: the state asks, and the agents' inputs answer.",
        colour=_PURPLE,
        cost=attended_critics,
        critic_norms=(CriticNorm.SVN, *_OF_A_TOTAL),
        mixes=True,
        metrics=_OF_WEIGHTS,
    )
)
Decomposition.QPLEX = Decomposition.add(
    Decomposition(
        "qplex",
        display_name="QPLEX",
        meaning="Each agent has a value. The total weighs the agents' advantages, with weights that read state and actions.",
        colour=_PINK,
        cost=duelling_critics,
        critic_norms=(CriticNorm.SVN, *_OF_A_TOTAL),
        mixes=True,
        embeds=False,
        compares=True,
        metrics=(*_OF_WEIGHTS, "importance_min", "importance_max", "advantage_positive"),
    )
)
Decomposition.DCG = Decomposition.add(
    Decomposition(
        "dcg",
        display_name="DCG",
        meaning="Each agent and each pair of agents has a value. The total is the mean over agents, plus the mean over pairs.",
        colour=_BROWN,
        cost=paired_critics,
        critic_norms=(CriticNorm.SVN, *_OF_A_TOTAL),
        pairs=True,
        shares_advantage=True,
    )
)

ValueLearning.TD = ValueLearning.add(
    ValueLearning(
        "td",
        display_name="TD",
        meaning="The target is the reward and the next value of the policy's own action (Eq. 2).",
        follows_actor=True,
        in_paper=True,
        rehearsed=-0.03,
    )
)
ValueLearning.SARSA = ValueLearning.add(
    ValueLearning(
        "sarsa",
        display_name="SARSA",
        meaning="The target is the reward and the next value of the action in the data (Eq. 8).",
        in_paper=True,
    )
)
ValueLearning.IQL = ValueLearning.add(
    ValueLearning(
        "iql",
        display_name="IQL",
        meaning="The target is the reward and the next V. V is an expectile of Q over the actions in the data (Eq. 9, 10).",
        has_value_network=True,
        has_expectile=True,
        in_paper=True,
        rehearsed=0.02,
    )
)
ValueLearning.GVR = ValueLearning.add(
    ValueLearning(
        "gvr",
        display_name="GVR",
        meaning="The target is the reward and the next V. V is regularised towards the data, with one weight for each agent "
        "(OMIGA).",
        has_value_network=True,
        has_regularisation=True,
        has_target_value=True,
        rehearsed=0.01,
    )
)

Extraction.BRAC = Extraction.add(
    Extraction(
        "brac",
        display_name="BRAC",
        meaning="The policy climbs the critic and is held near the data (Eq. 3).",
        colour=_ORANGE,
        marker="o",
        climbs_critic=True,
        alpha_clones=True,
        rehearsed=0.05,
        rehearsed_alpha=0.2,
        in_paper=True,
    )
)
Extraction.AWR = Extraction.add(
    Extraction(
        "awr",
        display_name="AWR",
        meaning="The policy clones the data's actions, each with a weight that grows with its advantage (Eq. 11).",
        colour=_DARK_BLUE,
        marker="^",
        climbs_critic=False,
        alpha_clones=False,
        cloning_alpha=0.0,
        metrics="awr_",
        rehearsed_alpha=2.0,
        in_paper=True,
    )
)
Extraction.GVR = Extraction.add(
    Extraction(
        "gvr",
        display_name="GVR",
        meaning="The policy clones the data's actions with the weights of the value learner GVR (OMIGA).",
        colour=_SEA_GREEN,
        marker="s",
        climbs_critic=False,
        alpha_clones=False,
        has_alpha=False,
        weighs_by_regularisation=True,
        metrics="gvr_",
    )
)
Extraction.FLOW = Extraction.add(
    Extraction(
        "flow",
        display_name="Flow",
        meaning="The policy reads noise and climbs the critic. It is held near the actions that a flow of the data draws from "
        "the same noise (MAC-Flow).",
        colour=_VIOLET,
        marker="D",
        climbs_critic=True,
        alpha_clones=True,
        has_flow=True,
        metrics="flow_",
        rehearsed=0.03,
        rehearsed_alpha=0.2,
    )
)
