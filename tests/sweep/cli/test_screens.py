"""Whatever a command prints fits the terminal, whole; into a pipe it goes as it is, without colours.

Every command that reads is called, and those that write and then say what they did.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.cluster.backends.ray_up import RayUpBackend
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.folding import parts
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.planning.opening import open_target
from scripts.cli_reference import commands
from tests.sweep.cli.test_json import READING
from tests.sweep.commands import LAUNCH, call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave

COLUMNS = 80
SPREAD = {"hidden: [8, 8]": "hidden: [[8, 8], [16, 16]], lr: [1e-3, 1e-5]"}
"""How the grid differs from the other tests' one: two swept settings make wide tables."""

TELLING = {
    "plan of new runs": "plan little.yaml --set seed=[0,1,2] --list",
    "best beside": "best little.yaml --beside sweeps/little",
    "launch": f"{' '.join(LAUNCH)}",
    "retry": "retry other.yaml --cluster inline.yaml",
    "cancel": "cancel little.yaml",
    "init": "init new.yaml",
    "schema": "schema -o new.schema.json",
    "export": "export little.yaml -o new.csv",
    "rm": "rm little.yaml",
    "archive": "archive little.yaml -o new.tar.gz",
    "recommend": "recommend little.yaml -o next.yaml",
    "status of nothing": "status other.yaml",
}
"""Commands that write, or refuse, and say so."""

SHOWN = READING | TELLING
UGLY = {
    "a cut cell": re.compile("\N{HORIZONTAL ELLIPSIS}"),
    "a tuple of Python": re.compile(r"\(\d+, \d+\)"),
    "a wrong plural": re.compile(r"(?<![\w.,])1 (runs|packs|sweeps|seeds|designs|datasets|configurations|files|causes)\b"),
    "an object of Python": re.compile(r"<\w+\.\w+: |PosixPath|\bNone\b|\bnan\b"),
    "a number with too many zeros": re.compile(r"\b\d{6,}\.0\b"),
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a sweep over two settings, in which one run has failed and another diverged."""
    folder = tmp_path_factory.mktemp("screens")
    with pytest.MonkeyPatch.context() as patch:
        stand_in_sweep(folder, patch)
        text = (folder / "little.yaml").read_text()
        for old, new in SPREAD.items():
            text = text.replace(old, new)
        (folder / "little.yaml").write_text(text)
        (folder / "other.yaml").write_text(text.replace("name: little", "name: other"))
        points = open_target("little.yaml").points
        behave(folder / "data", Behaviour(raising=(points[0].run_id,), diverging=(points[5].run_id,)))
        call(*LAUNCH, expect=ExitCode.FAILURE)
        call("data", "collect", "simple_spread", "expert", "random", "--size", "100")
        (folder / "raw.yaml").write_text(RayUpBackend.example())
    return folder


def shown(name: str, here: Path, patch: pytest.MonkeyPatch) -> str:
    patch.chdir(here)
    patch.setenv("RECIPE_SWEEP_DATA", str(here / "data"))
    for made in here.glob("new.*"):
        made.unlink()
    (here / "next.yaml").unlink(missing_ok=True)
    words = SHOWN[name].replace("RUN", open_target("little.yaml").points[-1].run_id).split()
    result = CliRunner().invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return str(result.output)


@pytest.mark.parametrize("name", SHOWN)
def test_a_screen_is_too_wide_or_a_pipe_gets_colours(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    screen = shown(name, here, monkeypatch)
    for line in screen.splitlines():
        assert len(line) <= COLUMNS or len(parts(line, COLUMNS)) == 1, "only a command or a path to paste may be longer"
    monkeypatch.delenv("COLUMNS")
    piped = shown(name, here, monkeypatch)
    assert "\x1b" not in piped
    assert 0 < len(piped.splitlines()) <= len(screen.splitlines()), "a pipe gets folded lines"
    for line in (*screen.splitlines(), *piped.splitlines()):
        for what, pattern in UGLY.items():
            assert pattern.search(line) is None, f"{what}: {line}"


@pytest.mark.parametrize("path", [path for path, _ in commands()])
def test_help_is_cut(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    told = call(*path.split()[1:], "--help")
    assert max(map(len, told.splitlines())) <= COLUMNS
    assert "\N{HORIZONTAL ELLIPSIS}" not in told
