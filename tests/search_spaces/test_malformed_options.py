"""Overrides, filters, and several mistakes at once: each mistake has one clear complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.search_spaces.malformed import Case, check_refused, edit, only, override

CASES = (
    # Overrides
    override(
        "no value", "axes.seed=", complaints=(("--set axes.seed=: axes.seed", "no value", "axes.seed=null takes the key away"),)
    ),
    override(
        "no equals sign", "seed", complaints=(("--set seed: axes.seed", "no = and no value", "seed=null takes the key away"),)
    ),
    override("a key of others without a value", "learning_rate=", complaints=(("--set learning_rate=", "unknown key", "lr?"),)),
    override("a key of others", "batch_size=3", complaints=(("--set batch_size=3", "unknown key", "did you mean batch?"),)),
    override("a misspelt key without a value", "stepz=", complaints=(("--set stepz=", "unknown key", "did you mean steps?"),)),
    override("a key without =", "lr", complaints=(("--set lr: settings.lr", "no = and no value", "lr=null"),)),
    edit("a key of others in the file", "lr: 1e-3", "learning_rate: 1", ("grid.yaml:22", "unknown key", "did you mean lr?")),
    override(
        "unknown key", "axes.sede=1", complaints=(("--set axes.sede=1: axes.sede", "unknown key", "did you mean axes.seed?"),)
    ),
    override(
        "end of no key", "mix=svn", "norm=1", complaints=(("--set norm=1: norm", "unknown key 'norm'", "a key of a grid"),)
    ),
    override("broken value", "seed=[0,1", complaints=(("--set seed=[0,1: seed", "expected ',' or ']'", "as in YAML"),)),
    override(
        "same key twice",
        "seed=3",
        "axes.seed=4",
        complaints=(("--set axes.seed=4", "axes.seed again, after 'seed=3'", "once"),),
    ),
    override(
        "into a list",
        "dataset.2ant=all",
        complaints=(("--set dataset.2ant=all: axes.dataset.2ant", "axes.dataset = [", "set axes.dataset as a whole"),),
    ),
    override("wrong value", "steps=-5", complaints=(("--set steps=-5: settings.steps", "-5", "greater than or equal to 1"),)),
    override(
        "contradiction", "steps=750", complaints=(("grid.yaml:19: settings.eval_every", "500 with 750 steps", "a divisor"),)
    ),
    override(
        "leaves tau behind",
        "value_learning=td",
        complaints=(("grid.yaml:9: axes.tau", "only where value_learning is iql", "null"),),
    ),
    # Filters
    only("filter without value", "seed", complaints=(("--only seed", "'seed'", "AXIS=VALUE"),)),
    only("filter by unknown axis", "sed=0", complaints=(("--only sed=0", "unknown axis 'sed'", "did you mean seed?"),)),
    only(
        "filter by unknown value",
        "decomposition=mix,vnd",
        complaints=(("--only decomposition=mix,vnd", "'vnd'", "did you mean vdn?"),),
    ),
    only("filter by absent seed", "seed=7", complaints=(("--only seed=7", "7", "one of 0, 1"),)),
    only("same axis twice", "seed=0", "seed=1", complaints=(("--only seed=1", "seed a second time", "seed=VALUE,VALUE"),)),
    only(
        "filters that leave nothing",
        "decomposition=vdn",
        "critic_norm=svn",
        complaints=(("--only", "no point meets together", "at least one"),),
    ),
    only(
        "broken filter", "hidden=[64,", complaints=(("--only hidden=[64,", "did not find expected node content", "AXIS=VALUE"),)
    ),
    # Several at once
    Case(
        "everything at once",
        (
            ("[mix, vdn]", "[mxi, vdn]"),
            ("    awr: [3.0]\n", ""),
            ("eval_every: 500", "eval_every: 300"),
            ("batch: 64", "bath: 64"),
        ),
        sets=("sead=1", "axes.actor_norm=nome"),
        complaints=(
            ("--set sead=1: sead", "unknown key 'sead'", "did you mean seed?"),
            ("--set axes.actor_norm=nome: axes.actor_norm", "'nome'", "did you mean none?"),
            ("grid.yaml:7: axes.decomposition[0]", "'mxi'", "did you mean mix?"),
            ("grid.yaml:11: axes.alpha.awr", "nothing", "the temperatures of awr"),
            ("grid.yaml:18: settings.eval_every", "300 with 1000 steps", "a divisor of steps"),
            ("grid.yaml:19: settings.bath", "unknown key 'bath'", "did you mean batch?"),
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_options_are_refused_with_one_clear_complaint_each(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_refused(case, tmp_path)
