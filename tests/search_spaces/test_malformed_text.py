"""What a user may get wrong in a grid's YAML and in its names: each mistake has one clear complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.search_spaces.grids import GRID
from tests.search_spaces.malformed import Case, check_refused, edit

CASES = (
    # The file as YAML
    edit("tab", "  task:", "\ttask:", ("grid.yaml:5", "a tab character", "spaces, not tabs")),
    edit("unclosed list", "[td, iql]", "[td, iql", ("grid.yaml:9", "expected ',' or ']'", "YAML")),
    edit(
        "duplicate key",
        "  batch: 64",
        "  steps: 64",
        ("grid.yaml:20: settings.steps", "again (first on line 18)", "each key once"),
    ),
    edit("alias", "[0, 1]", "*seeds", ("grid.yaml:16", "undefined alias *seeds", "name a value with &seeds above this line")),
    edit("tag", "name: small", "name: !!python/name:os.system x", ("grid.yaml:2: name", "the YAML tag", "a plain value")),
    edit("two documents", "settings:", "---\nsettings:", ("grid.yaml:17", "another document", "YAML")),
    Case("a list", ((GRID, "- td\n- iql\n"),), complaints=(("grid.yaml:1", "a list at the top level", "a mapping"),)),
    Case("empty", ((GRID, "# nothing yet\n"),), complaints=(("grid.yaml", "an empty file", "a mapping"),)),
    # Names
    edit(
        "misspelt section",
        "settings:",
        "setings:",
        ("grid.yaml:17: setings", "unknown key 'setings'", "did you mean settings?"),
    ),
    edit(
        "misspelt axis",
        "decomposition:",
        "decompositon:",
        ("grid.yaml:7: axes.decompositon", "unknown key", "did you mean decomposition?"),
    ),
    edit("misspelt value", "[mix, vdn]", "[mxi, vdn]", ("grid.yaml:7: axes.decomposition[0]", "'mxi'", "did you mean mix?")),
    edit(
        "unknown task",
        "[simple_spread]",
        "[simple_sprad]",
        ("grid.yaml:5: axes.task[0]", "'simple_sprad'", "did you mean simple_spread?"),
    ),
    edit(
        "unknown dataset",
        "[expert, random]",
        "[expert, rndom]",
        ("grid.yaml:6: axes.dataset[1]", "'rndom'", "did you mean random?"),
    ),
    edit(
        "dataset of another task",
        "[expert, random]",
        "[expert, medium-expert]",
        (
            "grid.yaml:6: axes.dataset[1]",
            "'medium-expert'",
            "of simple_spread from homegrown: one of expert, medium, medium-replay, random",
        ),
    ),
    Case(
        "task without data",
        (("[simple_spread]", "two_step"), ("homegrown", "og_marl")),
        complaints=(("grid.yaml:5: axes.task", "two_step from og_marl", "a source that has two_step: homegrown"),),
    ),
    edit(
        "unknown extraction under alpha",
        "    awr:",
        "    ddpg:",
        ("grid.yaml:13: axes.alpha.ddpg", "unknown key 'ddpg'", "one of brac, awr"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_text_is_refused_with_one_clear_complaint_each(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_refused(case, tmp_path)
