"""What a user may get wrong in a grid, an override or a filter: each mistake has one clear complaint, and no traceback.

Every case is an edit of `GRID` (text to replace, replacement), with overrides or filters, and the complaint in full:
the place, what was found, what was expected, and the hint where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid_file import read_grid
from tests.search_spaces.grids import GRID


@dataclass(frozen=True)
class Case:
    """One malformed input and everything that is said about it."""

    name: str
    edits: tuple[tuple[str, str], ...] = ()
    sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    complaints: tuple[tuple[str, str, str], ...] = ()
    """(place and key, part of what was found, part of what was expected or hinted)"""


def edit(name: str, old: str, new: str, *complaints: tuple[str, str, str]) -> Case:
    return Case(name, ((old, new),), complaints=complaints)


def override(name: str, *texts: str, complaints: tuple[tuple[str, str, str], ...]) -> Case:
    return Case(name, sets=texts, complaints=complaints)


def only(name: str, *texts: str, complaints: tuple[tuple[str, str, str], ...]) -> Case:
    return Case(name, only=texts, complaints=complaints)


def tail(name: str, text: str, *complaints: tuple[str, str, str]) -> Case:
    """A grid with more text at its end, from line 23 on."""
    return Case(name, (("  lr: 1e-3\n", f"  lr: 1e-3\n{text}"),), complaints=complaints)


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
    # Values
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
def test_malformed_input_is_refused_with_one_clear_complaint_each(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GRID
    for old, new in case.edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    monkeypatch.chdir(tmp_path)
    Path("grid.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserInputError) as raised:
        select(expand(read_grid("grid.yaml", case.sets)).points, parse_filters(case.only))
    error = raised.value
    assert error.exit_code == 2
    assert len(error.problems) == len(case.complaints), str(error)
    for problem, (place, found, expected) in zip(error.problems, case.complaints, strict=True):
        heading, *facts = str(problem).splitlines()
        assert place in heading
        assert found in facts[0]
        assert any(expected in fact for fact in facts[1:]), str(problem)
    assert list(tmp_path.iterdir()) == [tmp_path / "grid.yaml"], "something was written"


@pytest.mark.parametrize(
    ("reference", "content", "found", "expected"),
    [
        ("figure", None, "no such file or preset", "did you mean figure7?"),
        ("grids/mine.yaml", None, "no such file or preset", "a grid file, or a preset: one of cloning, demo, figure7"),
        ("", None, "a directory", "a YAML file"),
        ("grid.yaml", "axes: \u00e9".encode("latin-1"), "bytes that are no text", "UTF-8"),
        ("grid.yaml", b"axes: \x01", "the control character U+0001", "plain text"),
        ("grid.yaml", b"[" * 5_000, "nested too deeply", "YAML"),
        ("grid.yaml", b"axes: " + b"9" * 5_000, "a number of 5,000 digits", "a computer can hold"),
        ("grid.yaml", b"axes: &a [*a]", "the alias *a inside the value that &a names", "does not hold itself"),
        ("grid.yaml", b"? [a]\n: 1", "a list as a key", "a plain word"),
    ],
)
def test_a_path_that_leads_to_no_grid_is_refused(
    reference: str, content: bytes | None, found: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(reference).write_bytes(content)
    with pytest.raises(UserInputError) as raised:
        read_grid(reference)
    assert found in str(raised.value)
    assert expected in str(raised.value)


def test_an_error_survives_the_way_through_another_process() -> None:
    import pickle

    with pytest.raises(UserInputError) as raised:
        read_grid("figure")
    copied = pickle.loads(pickle.dumps(raised.value))
    assert str(copied) == str(raised.value)
    assert copied.problems == raised.value.problems
