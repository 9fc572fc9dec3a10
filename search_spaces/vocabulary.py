"""The words of the design space: every value an axis may take, compared nowhere else as a string."""

from __future__ import annotations

from enum import StrEnum


class Decomposition(StrEnum):
    """How per-agent values become a total (paper 5.1)."""

    CEN = "cen"
    MIX = "mix"
    VDN = "vdn"
    DEC = "dec"


class ValueLearning(StrEnum):
    """Where the critic's target comes from (paper Eq. 2, 8, 9 and 10)."""

    TD = "td"
    SARSA = "sarsa"
    IQL = "iql"


class Extraction(StrEnum):
    """How a policy is drawn from the values (paper Eq. 3 and 11)."""

    BRAC = "brac"
    AWR = "awr"


class CriticNorm(StrEnum):
    """Normalisation of the critic's loss (paper Eq. 5 and 6); the last two are ablations."""

    NONE = "none"
    SVN = "svn"
    SVN_BOTH = "svn_both"
    MIN = "min"


class ActorNorm(StrEnum):
    """Normalisation of the value term in the actor's loss (paper Eq. 4)."""

    NONE = "none"
    ABSMEAN = "absmean"


class MixerTraining(StrEnum):
    """Whether the critic's loss trains the mixer (paper) or not (its released code)."""

    JOINT = "joint"
    FROZEN = "frozen"


class ActorBound(StrEnum):
    """Whether the actor's mean is squashed while learning."""

    NONE = "none"
    TANH = "tanh"


class TeamReward(StrEnum):
    """How the agents' rewards make the team's."""

    MEAN = "mean"
    SUM = "sum"


class Precision(StrEnum):
    """Floating-point type of parameters and arithmetic.

    `tf32` and `bf16` keep parameters, losses and the optimiser in float32: on GPUs tf32 rounds the factors of matrix products,
    bf16 computes the networks in bfloat16 (autocast), on any device.
    """

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    TF32 = "tf32"
    BF16 = "bf16"


class Source(StrEnum):
    """Who made a dataset: this project's generators, the published OG-MARL files, or whoever registered it by a plugin."""

    HOMEGROWN = "homegrown"
    OG_MARL = "og_marl"
    REGISTERED = "registered"


class Sampler(StrEnum):
    """How a search chooses values: by what earlier trials came to (tree-structured Parzen estimators), or blindly."""

    TPE = "tpe"
    RANDOM = "random"


class Keep(StrEnum):
    """Which final weights are kept beside a pack's results."""

    NONE = "none"
    ACTOR = "actor"
    ALL = "all"
