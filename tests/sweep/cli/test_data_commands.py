"""`recipe-sweep data`, as it is typed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from tests.checkout import ROOT
from tests.trainers.data.servers import Behaviour, serving
from tests.trainers.data.vaults import own_row_leaves, spread_episodes, write_vault

QUALITIES = ("Expert", "Medium", "Medium-Replay", "Random")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("RECIPE_SWEEP_OG_MARL", raising=False)
    return tmp_path / "data"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """simple_spread as it is published, with two episodes a batch row."""
    folder = tmp_path_factory.mktemp("published")
    for uid in QUALITIES:
        leaves = own_row_leaves(spread_episodes(uid.lower(), batch_rows=5, episodes=2))
        write_vault(folder / "simple_spread.vlt" / uid, leaves)
    with zipfile.ZipFile(folder / "simple_spread.zip", "w") as packed:
        for file in sorted((folder / "simple_spread.vlt").rglob("*")):
            packed.write(file, file.relative_to(folder))
    return folder / "simple_spread.zip"


def call(*arguments: str, expect: int = ExitCode.OK) -> str:
    result = CliRunner().invoke(app, ["data", *arguments])
    assert result.exit_code == expect, result.output
    return str(result.output)


def collect(quality: str = "expert", size: int = 500) -> str:
    return call("collect", "simple_spread", quality, "--size", str(size))


def test_an_empty_directory_lists_what_there_could_be(data):
    told = call("list")
    assert "recipe-sweep data fetch 2ant (1.31 GB)" in told
    assert "recipe-sweep data collect simple_spread" in told
    assert "0 here" in told
    assert call("list", "--here").startswith("0 here")
    assert not data.exists()


def test_what_was_made_is_listed_inspected_and_verified(tmp_path):
    assert "homegrown/simple_spread/expert: 500 transitions, mean return" in collect()
    collect("random")
    told = call("list", "--here")
    assert "2 here" in told
    assert "155.2" in told
    told = call("inspect", "simple_spread", "-o", "picture.png")
    assert "normalised mean" in told
    assert told.index("expert") < told.index("random")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    told = call("verify", "simple_spread", "expert", "--transitions", "200")
    assert "200 transitions" in told
    assert "the first 500 transitions, byte for byte the same" in told
    assert "random" not in told


def test_one_picture_is_the_same_bytes_twice(tmp_path):
    collect()
    for name in ("one.png", "two.png"):
        call("inspect", "simple_spread", "-o", name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_all_qualities_of_a_task_are_made_in_one_go():
    told = call("collect", "simple_spread", "--size", "100", "--seed", "4")
    assert [line.split(":")[0].rpartition("/")[2] for line in told.splitlines()[::2]] == [uid.lower() for uid in QUALITIES]


def test_damage_is_found_and_told_by_the_exit_code(data):
    collect()
    (column,) = data.rglob("actions.npy")
    content = bytearray(column.read_bytes())
    content[-1] ^= 1
    column.write_bytes(content)
    assert "sha256" in call("verify", "simple_spread", expect=ExitCode.BAD_INPUT)
    (card,) = data.rglob("card.json")
    card.write_text("{")
    assert "broken" in call("list", expect=ExitCode.FAILURE)


def test_published_data_are_fetched_from_an_address_and_told_apart_from_what_was_published(archive):
    with serving(Behaviour(archive.read_bytes())) as server:
        told = call("fetch", "simple_spread", "--from", server.url)
    assert "simple_spread.vlt/Medium-Replay: 250 transitions" in told
    assert "rows per batch row is 50, published as 1,000,000" in told
    told = call("inspect", "simple_spread", "--source", "og_marl")
    assert "1,000,000 / 50 differs" in told
    assert "replayed at import" in told
    assert "6 numbers differ from the published ones" in call("list")
    assert "byte for byte" not in call("verify", "simple_spread")


def test_the_place_to_fetch_from_can_be_set_for_good(archive, monkeypatch):
    monkeypatch.setenv("RECIPE_SWEEP_OG_MARL", str(archive.parent))
    assert "simple_spread.vlt/Expert" in call("fetch", "simple_spread")


def test_a_zip_on_the_disk_is_imported(archive):
    assert call("import", str(archive)).count("250 transitions") == 4
    assert call("import", str(archive)).count("250 transitions") == 4  # again: they are there


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fetch", "simple_spred"), "did you mean simple_spread?"),
        (("fetch", "two_step"), "one of 2ant, 3hopper, 6halfcheetah, simple_spread"),
        (("fetch", "2ant", "--from", "nowhere"), "neither nowhere/prior_work"),
        (("import", "nowhere.zip"), "nothing"),
        (("collect", "simple_spread", "best"), "one of expert, medium"),
        (("inspect", "simple_spread"), "recipe-sweep data list"),
        (("verify", "simple_spread", "expert"), "no expert of any source/simple_spread"),
        (("inspect", "simple_spread", "-o", "picture.pdf"), "a file that ends in .png"),
        (("inspect", "simple_spread", "--source", "homegrow"), "homegrow"),
        (("collect", "simple_spread", "--size", "0"), "--size"),
    ],
)
def test_a_mistake_is_told_without_a_traceback_and_leaves_nothing(data, arguments, message: str):
    told = call(*arguments, expect=ExitCode.BAD_INPUT)
    assert message in told
    assert "Traceback" not in told
    assert not list(data.rglob("*.npy"))


def test_every_command_has_help_and_an_example_that_can_be_typed():
    commands = get_command(app).commands["data"].commands  # type: ignore[attr-defined]
    assert set(commands) == {"list", "fetch", "import", "collect", "inspect", "verify"}
    for name, command in commands.items():
        assert command.help, name
        example = str(command.epilog).partition("Example:  ")[2].split()
        assert example[:3] == ["recipe-sweep", "data", name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in example if word.startswith("-")} <= known, name


def test_listing_and_help_wait_for_no_heavy_library(data):
    code = (
        "import sys; from recipe_sweep.sweep.cli.main import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    print(*sorted(sys.modules))"
    )
    heavy = {"torch", "ray", "mlflow", "pandas", "matplotlib", "mujoco", "tensorstore", "requests"}
    for arguments in (("data", "list"), ("data", "fetch", "--help")):
        command = [sys.executable, "-c", code, *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert heavy.isdisjoint(done.stdout.split()), arguments
