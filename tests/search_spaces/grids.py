"""Grids for tests: a small valid one as text and as a mapping, and a strategy for any valid one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.yaml_file import Document

GRID = """\
schema_version: 1
name: small
axes:
  source: homegrown
  task: [simple_spread]
  dataset: [expert, random]
  decomposition: [mix, vdn]
  value_learning: [td, iql]
  tau: [0.7, 0.9]
  extraction: [brac, awr]
  alpha:
    brac: [0.1, 1.0]
    awr: [3.0]
  critic_norm: {mix: svn}
  actor_norm: absmean
  seed: [0, 1]
settings:
  steps: 1000
  eval_every: 500
  batch: 64
  hidden: [64, 64]
  lr: 1e-3
"""
"""A valid grid of 24 lines; the malformed inputs are edits of it."""

GRID_POINTS = 2 * 2 * (1 + 2) * 3 * 2  # datasets, decompositions, td and the taus of iql, alphas, seeds


def grid_of(**axes: Any) -> Grid:
    """A valid grid with one value on every axis, except as given; settings under `settings`, and so on."""
    sections = {name: axes.pop(name) for name in ("settings", "zip", "exclude", "ablation") if name in axes}
    defaults = {
        "source": "homegrown",
        "task": "simple_spread",
        "dataset": "expert",
        "decomposition": "mix",
        "value_learning": "td",
        "extraction": "brac",
        "alpha": {"brac": 1.0},
        "seed": 0,
    }
    kept = {name: value for name, value in (defaults | axes).items() if value is not None}
    return grid_from(Document({"schema_version": 1, "name": "test", "axes": kept, **sections}))


def some(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    """A few of the values in any order."""
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


@st.composite
def grid_mappings(draw: st.DrawFn) -> dict[str, Any]:
    """The content of any valid grid without zip groups and exclusions."""
    decompositions = draw(some(["cen", "mix", "vdn", "dec"]))
    value_learning = draw(some(["td", "sarsa", "iql"]))
    extraction = draw(some(["brac", "awr"]))
    source = draw(st.sampled_from(["homegrown", "og_marl"]))
    floats = st.lists(st.floats(0.01, 100), min_size=1, max_size=2, unique=True)
    axes: dict[str, Any] = {
        "source": source,
        "task": "simple_spread",
        "dataset": draw(some(["expert", "medium", "medium-replay", "random"])),
        "decomposition": decompositions,
        "value_learning": value_learning,
        "extraction": extraction,
        "alpha": {name: draw(floats) for name in extraction},
        "actor_norm": draw(some(["none", "absmean"])),
        "seed": draw(st.lists(st.integers(0, 2**40), min_size=1, max_size=2, unique=True)),
    }
    if "iql" in value_learning:
        axes["tau"] = draw(st.lists(st.floats(0.5, 0.99), min_size=1, max_size=2, unique=True))
    if "mix" in decompositions:
        axes["critic_norm"] = draw(some(["none", "svn"]))
    if source == "homegrown":
        axes["dataset_seed"] = draw(st.lists(st.integers(0, 9), min_size=1, max_size=2, unique=True))
    settings = {
        "lr": draw(st.lists(st.sampled_from([1e-4, 3e-4]), min_size=1, unique=True)),
        "hidden": draw(st.sampled_from([[64, 64], [[64], [32, 32]]])),
    }
    if "mix" in decompositions:
        settings["mixer_embed"] = draw(some([16, 32]))
    keys = draw(st.permutations(list(axes)))
    return {"schema_version": 1, "name": "any", "axes": {key: axes[key] for key in keys}, "settings": settings}
