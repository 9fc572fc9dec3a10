"""Axes that contradict each other, zip groups and exclusion rules: each mistake has one clear complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.search_spaces.malformed import Case, check_refused, edit, tail

CASES = (
    # Axes that contradict each other
    edit("missing axis", "  seed: [0, 1]\n", "", ("grid.yaml:3: axes.seed", "nothing", "it has no default")),
    edit(
        "missing section",
        "axes:",
        "axis:",
        ("axes", "nothing", "no default"),
        ("grid.yaml:3: axis", "unknown key", "did you mean axes?"),
    ),
    edit("missing tau", "  tau: [0.7, 0.9]\n", "", ("grid.yaml:3: axes.tau", "nothing", "the expectiles of iql")),
    edit("missing alpha", "    awr: [3.0]\n", "", ("grid.yaml:11: axes.alpha.awr", "nothing", "the temperatures of awr")),
    edit(
        "missing datasets",
        "[expert, random]",
        "{two_step: all}",
        ("grid.yaml:6: axes.dataset", "nothing", "the datasets of simple_spread"),
        ("grid.yaml:6: axes.dataset.two_step", "only where task is two_step", "or no dataset.two_step"),
    ),
    edit(
        "tau without iql",
        "[td, iql]",
        "[td]",
        ("grid.yaml:9: axes.tau", "applies only where value_learning is iql", "--set axes.tau=null"),
    ),
    edit(
        "alpha without awr",
        "[brac, awr]",
        "brac",
        ("grid.yaml:13: axes.alpha.awr", "only where extraction is awr", "no alpha.awr"),
    ),
    edit(
        "svn without mix",
        "[mix, vdn]",
        "[vdn]",
        ("grid.yaml:14: axes.critic_norm.mix", "only where decomposition is mix", "or no critic_norm.mix"),
    ),
    edit(
        "same value twice", "[0.1, 1.0]", "[1, 1.0]", ("grid.yaml:12: axes.alpha.brac", "1.0 more than once", "each value once")
    ),
    edit("same seed twice", "[0, 1]", "[0-3, 2]", ("grid.yaml:16: axes.seed", "2 more than once", "each value once")),
    edit(
        "score never measured",
        "eval_every: 500",
        "eval_every: 300",
        ("grid.yaml:19: settings.eval_every", "300 with 1000 steps", "a divisor of steps"),
    ),
    edit(
        "evaluated after the end",
        "eval_every: 500",
        "eval_every: 2000",
        ("grid.yaml:19: settings.eval_every", "2000 with 1000", "a divisor of steps"),
    ),
    edit("svn for vdn", "{mix: svn}", "{vdn: svn}", ("grid.yaml:14: axes.critic_norm.vdn", "svn under vdn", "none under vdn")),
    edit(
        "ablation unannounced",
        "{mix: svn}",
        "[svn, min]",
        ("grid.yaml:14: axes.critic_norm[1]", "min, an ablation", "`ablation: true`"),
    ),
    edit(
        "frozen mixer unannounced",
        "batch: 64",
        "mixer_training: frozen",
        ("grid.yaml:20: settings.mixer_training", "frozen, an ablation", "`ablation: true`"),
    ),
    # Zip groups
    tail(
        "zip of two lengths",
        "zip:\n  - gamma: [0.9, 0.99]\n    polyak: [0.1]\n",
        ("grid.yaml:24: zip[0]", "gamma has 2, polyak has 1", "lists of one length"),
    ),
    tail("zip of one", "zip:\n  - gamma: [0.9, 0.99]\n", ("grid.yaml:24: zip[0]", "gamma alone", "at least two axes")),
    tail(
        "zipped and listed",
        "zip:\n  - lr: [1e-3, 1e-4]\n    gamma: [0.9, 0.99]\n",
        ("grid.yaml:24: zip[0].lr", "lr in two places", "once"),
    ),
    tail(
        "zip of unknown",
        "zip:\n  - lrr: [1, 2]\n    gamma: [0.9, 0.99]\n",
        ("grid.yaml:24: zip[0].lrr", "unknown key 'lrr'", "did you mean lr?"),
    ),
    # Exclusion rules
    tail(
        "rule without reason", "exclude:\n  - when: {seed: 0}\n", ("grid.yaml:24: exclude[0].reason", "nothing", "no default")
    ),
    tail(
        "rule with a blank reason",
        "exclude:\n  - when: {seed: 0}\n    reason: ' '\n",
        ("grid.yaml:25: exclude[0].reason", "' '", "some text"),
    ),
    tail(
        "rule of unknown axis",
        "exclude:\n  - when: {sed: 0}\n    reason: x\n",
        ("grid.yaml:24: exclude[0].when.sed", "unknown axis 'sed'", "did you mean seed?"),
    ),
    tail(
        "rule of unknown value",
        "exclude:\n  - when: {decomposition: dec}\n    reason: x\n",
        ("grid.yaml:24: exclude[0].when.decomposition", "dec", "one of mix, vdn"),
    ),
    tail(
        "rule that excludes nothing",
        "exclude:\n  - when: {decomposition: vdn, critic_norm: svn}\n    reason: x\n",
        ("grid.yaml:24: exclude[0]", "no point of the grid meets", "excludes something"),
    ),
    tail(
        "rules that exclude all",
        "exclude:\n  - when: {task: simple_spread}\n    reason: x\n",
        ("grid.yaml:23: exclude", "exclude every point", "leave some"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_axes_are_refused_with_one_clear_complaint_each(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_refused(case, tmp_path)
