"""What a plugin's own code says is told as its error, with its file and line, whatever it raises or returns."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.search_spaces import plugins
from recipe_sweep.search_spaces.errors import PluginCodeError, PluginError
from recipe_sweep.search_spaces.plugins import PLUGINS_VARIABLE, load_plugins
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.sweep.files.failure_file import cause_of, may_pass
from recipe_sweep.trainers.data.catalogue import ensure_dataset
from recipe_sweep.trainers.data.errors import DataError
from recipe_sweep.trainers.data.stored import registered
from recipe_sweep.trainers.environments import registry
from recipe_sweep.trainers.environments.registry import make_environment
from tests.checkout import ROOT
from tests.trainers.data.points import spread_point

HEAD = """
import errno, functools, sys
import numpy as np
from recipe_sweep.trainers.plugins import *

SPEC = TaskSpec("line", n_agents=2, obs_dim=3, action_dim=1, state_dim=6, horizon=4)

class Line:
    def reset(self, generator):
        return np.zeros((2, 3))
    def step(self, actions):
        return SingleStep(np.zeros((2, 3)), -1.0, True)

def episode(**changes):
    given = dict(observations=np.zeros((4, 2, 3)), actions=np.zeros((4, 2, 1)), rewards=np.ones(4))
    return Episode(**(given | changes))

def columns(**changes):
    return columns_from_episodes(SPEC, [episode()] * 2)._replace(**changes)

class Odd(BaseException):
    pass
"""
TAIL = """
register_task(SPEC, lambda copies: OneByOne(SPEC, Line, copies), title="Line", version="1")
register_dataset("line", "lab", load, version="1", scale=ReturnScale(0.0, 1.0))
"""


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is gone after it."""
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    monkeypatch.setattr(registered, "_DATASETS", {})
    monkeypatch.setattr(registry, "_ENVIRONMENTS", dict(registry._ENVIRONMENTS))
    monkeypatch.setattr(plugins, "_once", plugins._Once())
    yield
    for name in [name for name in sys.modules if name.startswith("recipe_sweep_plugin_")]:
        del sys.modules[name]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PLUGINS_VARIABLE, str(tmp_path / "lab.py"))
    return tmp_path / "lab.py"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command is started: the checkout is not on the path."""
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path or ".").resolve() != ROOT])


def line_of(lab: Path, mark: str) -> str:
    numbers = [number for number, line in enumerate(lab.read_text().splitlines(), start=1) if mark in line]
    return f"{lab}:{numbers[-1]} in"


def said_of(lab: Path, body: str) -> str:
    """What is told of the dataset whose loader has this body."""
    lab.write_text(f"{HEAD}\ndef load():\n    {body}  # here\n{TAIL}")
    return said_of_loader(lab)


def said_of_loader(lab: Path) -> str:
    version = TASKS["line"].version(Source.REGISTERED, "lab")
    point = spread_point(
        task="line", source=Source.REGISTERED, dataset="lab", dataset_version=version, dataset_seed=None, dataset_size=None
    )
    with pytest.raises(DataError) as caught:
        ensure_dataset(point, lab.parent / "data")
    assert not (lab.parent / "data").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise FileNotFoundError('download it first')", "FileNotFoundError: download it first"),
        ("raise OSError('truncated file: eof = 5000')", "OSError: truncated file"),
        ("raise OSError(errno.ENOSPC, 'No space left on device')", "No space left on device"),
        ("return {}['observations']", "KeyError: 'observations'"),
        ("sys.exit('no licence')", "SystemExit: no licence"),
        ("raise Odd", "Odd, without a message"),
        ("assert False", "AssertionError, without a message"),
        ("return np.zeros(3)[np.zeros((9, 9), bool)]", "IndexError"),
    ],
)
def test_what_a_loader_raises_is_the_datasets_error_with_the_plugins_line(lab: Path, body: str, says: str) -> None:
    told = said_of(lab, body)
    for part in ("registered/line/lab", says, line_of(lab, "# here")):
        assert part in told
    assert "free some space" not in told


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", ("nothing", "Columns")),
        ("return {'observations': 1}", ("a dict with the keys 'observations'", "columns_from_episodes")),
        ("return [episode()]", ("a list",)),
        ("return columns(observations={'agent_0': 1})", ("observations", "a dict with the keys 'agent_0'")),
        ("return columns(observations=[[1.0], [2.0, 3.0]])", ("observations", "a list")),
        ("return columns(rewards=np.array([object()] * 8))", ("rewards", "object (8,)")),
        ("return columns(rewards=np.full((8, 2), np.nan))", ("rewards", "8 of 8 rows, first in row 0")),
        ("return columns(observations=np.full((8, 2, 3), 1e300))", ("observations", "infinite")),
        ("return columns(actions=np.zeros((8, 2)))", ("actions", "(8, 2, 1)")),
        ("return columns(terminals=np.zeros((8, 1)))", ("terminals", "shape (8, 1)")),
        ("return columns(terminals=None, rewards='x')", ("2 problems", "terminals", "rewards")),
        ("return columns(terminals=np.zeros(8, bool))", ("terminals", "whole episodes")),
        ("return columns_from_episodes(SPEC, [])", ("episodes", "at least one")),
        ("return columns_from_episodes(SPEC, [episode(actions=np.zeros((0, 2, 1)))])", ("episode 0", "at least one action")),
        ("return columns_from_episodes(SPEC, [episode(), {'rewards': 1}])", ("episode 1", "an Episode")),
        ("return columns_from_episodes(SPEC, [episode(), episode(observations={'o': 1})])", ("episode 1, observations", "'o'")),
        ("return columns_from_episodes(SPEC, [episode(), episode(observations=np.zeros((4, 2, 5)))])", ("episode 1", "2, 5)")),
        ("return columns_from_episodes(SPEC, [episode(actions=None, rewards='x')])", ("2 problems", "actions", "rewards")),
    ],
)  # fmt: skip
def test_what_a_loader_returns_is_named_with_its_column_and_the_plugins_line(
    lab: Path, body: str, says: tuple[str, ...]
) -> None:
    told = said_of(lab, body)
    for part in ("registered/line/lab", *says, f"{lab}:"):
        assert part in told


def test_a_loader_made_of_a_librarys_function_is_named_all_the_same(lab: Path) -> None:
    lab.write_text(HEAD + "load = functools.partial(np.load, '/nowhere.npy')\n" + TAIL)
    told = said_of_loader(lab)
    assert "registered/line/lab" in told
    assert "/nowhere.npy" in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise ValueError('no key')", "ValueError: no key"),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("{}['x']", "KeyError: 'x'"),
        ("class Odd(BaseException): pass\nraise Odd('x')", "Odd: x"),
        ("from recipe_sweep.trainers.plugins import *\nregister_dataset('nope', '', None, version='', scale=ReturnScale(0, 1))",
         "'nope'"),
        ("import no_such_library", "ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_a_plugin_that_fails_at_its_import_is_named_with_its_line_at_every_look(lab: Path, text: str, says: str) -> None:
    lab.write_text(text)
    told = set()
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            load_plugins()
        told.add(str(caught.value))
    [message] = told
    assert says in message
    assert f"{lab}:{len(text.splitlines())} in <module>" in message


def test_a_plugin_that_failed_after_it_registered_is_not_told_as_registered_again(lab: Path) -> None:
    lab.write_text(f"{HEAD}\nload = None\n{TAIL}\nraise ValueError('late')\n")
    for _ in range(2):
        with pytest.raises(PluginError, match="late"):
            load_plugins()


def test_a_plugin_of_the_old_names_works_and_leaves_these_names_free(lab: Path, outside: None) -> None:
    old = HEAD.replace("from recipe_sweep.trainers.plugins import *", "from trainers.plugins import *")
    lab.write_text(f"{old}\nfrom trainers.environments import task_spec\nload = None\n{TAIL}")
    assert "line" in TASKS
    # Not a name is left to be taken for the user's own module.
    assert not {"trainers", "trainers.plugins", "trainers.environments"} & set(sys.modules)


def test_a_users_own_module_of_an_old_name_wins(lab: Path, outside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(lab.parent))
    (lab.parent / "trainers.py").write_text("mine = 7")
    lab.write_text("from trainers import mine\nassert mine == 7\n")
    load_plugins()
    assert sys.modules.pop("trainers").mine == 7


@pytest.mark.parametrize(
    ("method", "body", "says"),
    [
        ("reset", "raise OSError('truncated file')", "OSError: truncated file"),
        ("reset", "return {'agent_0': 1}", "TypeError"),
        ("step", "return {}['agents']", "KeyError: 'agents'"),
        ("step", "sys.exit(3)", "SystemExit: 3"),
        ("step", "raise Odd('x')", "Odd: x"),
        ("step", "return np.zeros((2, 3)), 0.0, True, False, {}", "ValueError: too many values"),
        ("step", "return SingleStep(np.full((2, 3), np.nan), 0.0, True)", "NaN or infinite"),
    ],
)
def test_an_environment_that_fails_is_named_with_the_plugins_line(lab: Path, method: str, body: str, says: str) -> None:
    given = "generator" if method == "reset" else "actions"
    replaced = f"class Broken(Line):\n    def {method}(self, {given}):\n        {body}\n"
    lab.write_text(f"{HEAD}\n{replaced}\nload = None\n{TAIL.replace('SPEC, Line', 'SPEC, Broken')}")
    environment = make_environment("line", 2)
    with pytest.raises(PluginCodeError) as caught:  # noqa: PT012
        environment.reset([np.random.default_rng(0)] * 2)
        environment.step(np.zeros((2, 2, 1)))
    told = str(caught.value)
    for part in ("environment of line", method, says, f"{lab}:"):
        assert part in told
    cause = cause_of(caught.value)
    assert cause.frame.startswith(f"{lab}:")
    assert not may_pass(caught.value)


def test_a_batched_environment_of_the_wrong_shape_is_told_its_shape(lab: Path) -> None:
    body = "class Flat:\n    def __init__(self, copies): pass\n    def reset(self, generators): return np.zeros((1, 2, 3))\n"
    lab.write_text(f"{HEAD}\n{body}\nload = None\n{TAIL.replace('lambda copies: OneByOne(SPEC, Line, copies)', 'Flat')}")
    with pytest.raises(PluginCodeError, match=r"(?s)observations.*\(1, 2, 3\).*\(2, 2, 3\)"):
        make_environment("line", 2).reset([np.random.default_rng(0)] * 2)


def test_what_the_system_refuses_an_environment_for_a_while_may_pass(lab: Path) -> None:
    body = (
        "class Full(Line):\n    def reset(self, generator):\n        raise OSError(errno.ENOSPC, 'No space left on device')\n"
    )
    lab.write_text(f"{HEAD}\n{body}\nload = None\n{TAIL.replace('SPEC, Line', 'SPEC, Full')}")
    with pytest.raises(PluginCodeError) as caught:
        make_environment("line", 1).reset([np.random.default_rng(0)])
    assert may_pass(caught.value)


MASKED = """
SPEC = TaskSpec("line", n_agents=2, obs_dim=3, action_dim=3, state_dim=6, horizon=4, discrete=True, action_low=0.0, masked=True)

class Told(Line):
    def legal(self):
        return np.ones((2, 3))
    def won(self):
        return True
"""


@pytest.mark.parametrize(
    ("method", "body", "says"),
    [
        ("legal", "return np.ones((2, 2))", "ValueError"),
        ("legal", "return np.full((2, 3), 0.5)", "values other than 0 and 1"),
        ("legal", "return np.outer([0, 1], np.ones(3))", "an agent without any"),
        ("legal", "raise Odd('x')", "Odd: x"),
        ("won", "return 'yes'", "won"),
    ],
)
def test_what_a_masked_environment_tells_is_checked(lab: Path, method: str, body: str, says: str) -> None:
    replaced = f"class Broken(Told):\n    def {method}(self):\n        {body}\n"
    lab.write_text(f"{HEAD}{MASKED}\n{replaced}\nload = None\n{TAIL.replace('SPEC, Line', 'SPEC, Broken')}")
    environment = make_environment("line", 2)
    with pytest.raises(PluginCodeError) as caught:  # noqa: PT012
        environment.reset([np.random.default_rng(0)] * 2)
        getattr(environment, method)()
    for part in ("environment of line", method, says, f"{lab}:"):
        assert part in str(caught.value)


def test_a_masked_environment_may_run_out_of_actions_when_its_episode_is_over(lab: Path) -> None:
    body = "class Flat(OneByOne):\n    def _legal(self): return np.full((2, 2, 3), not self._over.all())\n"
    lab.write_text(f"{HEAD}{MASKED}\n{body}\nload = None\n{TAIL.replace('OneByOne(SPEC, Line', 'Flat(SPEC, Told')}")
    environment = make_environment("line", 2)
    environment.reset([np.random.default_rng(0)] * 2)
    assert environment.legal().all()  # type: ignore[attr-defined]
    environment.step(np.zeros((2, 2, 3)))
    assert not environment.legal().any()  # type: ignore[attr-defined]
    assert environment.won().all()  # type: ignore[attr-defined]


def test_a_masked_task_whose_environment_tells_no_legal_actions_is_refused(lab: Path) -> None:
    lab.write_text(f"{HEAD}{MASKED}\nload = None\n{TAIL}")
    with pytest.raises(PluginCodeError, match=r"(?s)no method `legal`.*lab.py"):
        make_environment("line", 2)


@pytest.mark.parametrize(
    ("changed", "says"),
    [("discrete=False", "only discrete tasks are masked"), ("discrete=True, action_dim=300", "at most 256")],
)
def test_a_task_that_cannot_be_masked_is_refused_when_it_is_registered(lab: Path, changed: str, says: str) -> None:
    spec = f"import dataclasses\nSPEC = dataclasses.replace(SPEC, masked=True, {changed})\n"
    lab.write_text(f"{HEAD}\n{spec}\nload = None\n{TAIL}")
    with pytest.raises(PluginError, match=says):
        load_plugins()


def test_an_environment_has_only_the_methods_that_its_plugin_gives_it(lab: Path) -> None:
    lab.write_text(f"{HEAD}\nload = None\n{TAIL}")
    environment = make_environment("line", 2)
    for method in ("legal", "won", "recover", "states"):
        assert not hasattr(environment, method)
