"""What a user may get wrong in the values of a grid: each mistake has one clear complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.search_spaces.malformed import Case, check_refused, edit

CASES = (
    edit("nothing", "tau: [0.7, 0.9]", "tau:", ("grid.yaml:9: axes.tau", "nothing", "a value or a list of values")),
    edit("empty axis", "[td, iql]", "[]", ("grid.yaml:8: axes.value_learning", "an empty list", "at least one value")),
    edit("bool for a number", "[0.1, 1.0]", "[true]", ("grid.yaml:12: axes.alpha.brac[0]", "true", "a number")),
    edit("quoted number", "[0.1, 1.0]", '["0.1"]', ("grid.yaml:12: axes.alpha.brac[0]", "'0.1'", "a number")),
    edit("not a number", "[0.1, 1.0]", "[.nan]", ("grid.yaml:12: axes.alpha.brac[0]", "nan", "a finite number")),
    edit("infinite", "lr: 1e-3", "lr: 1e999", ("grid.yaml:22: settings.lr", "inf", "a finite number")),
    edit("negative temperature", "[3.0]", "[-3]", ("grid.yaml:13: axes.alpha.awr[0]", "-3", "greater than or equal to 0")),
    edit("expectile of one", "[0.7, 0.9]", "[0.7, 1]", ("grid.yaml:9: axes.tau[1]", "1", "less than 1")),
    edit("half a step", "steps: 1000", "steps: 1000.5", ("grid.yaml:18: settings.steps", "1000.5", "a whole number")),
    edit("no batch", "batch: 64", "batch: 0", ("grid.yaml:20: settings.batch", "0", "greater than or equal to 1")),
    edit("discount of one", "batch: 64", "gamma: 1.0", ("grid.yaml:20: settings.gamma", "1.0", "less than 1")),
    edit(
        "empty layer",
        "hidden: [64, 64]",
        "hidden: [64, 0]",
        ("grid.yaml:21: settings.hidden", "0", "greater than or equal to 1"),
    ),
    edit("negative seed", "[0, 1]", "[0, -1]", ("grid.yaml:16: axes.seed[1]", "-1", "greater than or equal to 0")),
    edit(
        "seed beyond 64 bits",
        "[0, 1]",
        "[9223372036854775808]",
        ("grid.yaml:16: axes.seed[0]", "9223372036854775808", "less than"),
    ),
    edit("range backwards", "[0, 1]", "7-0", ("grid.yaml:16: axes.seed", "'7-0'", "from a smaller to a larger seed")),
    edit("endless range", "[0, 1]", "0-99999999", ("grid.yaml:16: axes.seed", "'0-99999999'", "at most 10,000 long")),
    edit(
        "bound in words",
        "batch: 64",
        "divergence_bound: never",
        ("grid.yaml:20: settings.divergence_bound", "'never'", "or none"),
    ),
    edit(
        "no episode at the end",
        "batch: 64",
        "final_episodes: 0",
        ("grid.yaml:20: settings.final_episodes", "0", "greater than or equal to 1"),
    ),
    edit(
        "episodes at the end in words",
        "batch: 64",
        "final_episodes: many",
        ("grid.yaml:20: settings.final_episodes", "'many'", "at least 1, or none"),
    ),
    edit(
        "the usual episodes at the end",
        "batch: 64",
        "final_episodes: [20, 10]",
        ("grid.yaml:20: settings.final_episodes", "10, as many as eval_episodes", "another number, or none"),
    ),
    edit("mapping for a list", "[td, iql]", "{td: true}", ("grid.yaml:8: axes.value_learning", "{'td': True}", "a list")),
    edit(
        "version of tomorrow",
        "schema_version: 1",
        "schema_version: 2",
        ("grid.yaml:1: schema_version", "2", "that this recipe-sweep reads"),
    ),
    edit("version in words", "schema_version: 1", "schema_version: true", ("grid.yaml:1: schema_version", "true", "1")),
    edit("name with a slash", "name: small", "name: ../up", ("grid.yaml:2: name", "'../up'", "letters, digits")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_values_are_refused_with_one_clear_complaint_each(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_refused(case, tmp_path)
