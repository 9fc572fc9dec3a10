"""`play`: a GIF of an episode, and what stands in its way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from recipe_sweep.sweep.cli.actions.play import shown_steps
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import open_target
from tests.sweep.cli.test_bad_input import GRID
from tests.sweep.commands import LAUNCH, call, little_sweep

GAME = (
    GRID.replace("simple_spread", "two_step").replace("[expert]", "[uniform]").replace("seed: [0, 1]", "seed: 0")
    .replace("{brac: [0.1, 1.0]}", "{brac: 1.0}")
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    return little_sweep(tmp_path, monkeypatch)


def trained(here: Path, *options: str, grid: str = GAME) -> str:
    """Train the little grid, and return the id of its first run."""
    (here / "little.yaml").write_text(grid)
    call(*LAUNCH, *options)
    return open_target("little.yaml").points[0].run_id


def test_an_episode_is_drawn_with_its_return_beside_the_recorded_one(here: Path) -> None:
    # Of narrower layers PyTorch computes the last numbers of a pack one by one, with another rounding.
    run_id = trained(here, grid=GRID.replace("[8, 8]", "[32, 32]"))
    text = call("play", "little.yaml", run_id[:8])
    assert text.count(": the same") == 1, text
    path = SweepPaths(Path("sweeps/little")).episode(run_id, 0)
    assert f"wrote {path}: 26 pictures, 5 a second" in text
    with Image.open(path) as gif:
        assert gif.n_frames == 26  # type: ignore[attr-defined]
        assert run_id.encode() in gif.info["comment"]
        shown = float(gif.info["comment"].split()[-1])
    assert f"return {shown:.6f} in 25 steps" in text


def test_options_choose_the_episode_the_pictures_their_speed_and_the_file(here: Path) -> None:
    run_id = trained(here, grid=GRID)
    text = call("play", "sweeps/little", run_id, "--episode", "1", "--fps", "10", "--pictures", "5", "-o", "one.gif")
    assert "wrote one.gif: 5 pictures, 10 a second" in text
    assert "episode 1 " in text
    with Image.open("one.gif") as gif:
        assert (gif.n_frames, gif.info["duration"]) == (5, 100)  # type: ignore[attr-defined]
    assert not (here / "sweeps/little/episodes").exists()


def test_a_sweep_without_weights_says_how_to_keep_them(here: Path) -> None:
    run_id = trained(here, "--keep", "none")
    text = call("play", "little.yaml", run_id, expect=ExitCode.BAD_INPUT)
    assert "no weights were kept" in text
    assert "--keep actor" in text


def test_a_run_that_is_not_done_is_refused(here: Path) -> None:
    run_id = trained(here, "--set", "lr=1e-2")
    text = call("play", "little.yaml", run_id, expect=ExitCode.BAD_INPUT)
    assert "a run that is not done" in text


def test_a_rehearsal_has_no_episode(here: Path) -> None:
    (here / "little.yaml").write_text(GAME)
    call("rehearse", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow")
    run_id = open_target("little.yaml").points[0].run_id
    text = call("play", "sweeps/little-rehearsal", run_id, expect=ExitCode.BAD_INPUT)
    assert "rehearsal" in text


@pytest.mark.parametrize(
    ("options", "says"), [(("--episode", "70"), "0 to 9"), (("-o", "film.mp4"), "expected  .gif"), (("--fps", "0"), "--fps")]
)
def test_a_mistake_is_named_and_nothing_is_written(here: Path, options: tuple[str, ...], says: str) -> None:
    run_id = trained(here)
    assert says in call("play", "little.yaml", run_id, *options, expect=ExitCode.BAD_INPUT)
    assert not list(here.rglob("*.gif"))


def test_the_report_links_the_episodes_that_were_drawn(here: Path) -> None:
    run_id = trained(here)
    call("report", "little.yaml")
    page = here / "sweeps/little/report/index.html"
    assert "Episodes" not in page.read_text(encoding="utf-8")
    call("play", "little.yaml", run_id)
    (here / "sweeps/little/episodes/not ours.gif").touch()
    (here / "sweeps/little/episodes" / f"{'0' * 16}-0.gif").touch()
    call("report", "little.yaml")
    text = page.read_text(encoding="utf-8")
    assert text.count(".gif") == 1
    assert f'href="../episodes/{run_id}-0.gif"' in text
    assert (page.parent / f"../episodes/{run_id}-0.gif").exists()


def test_pictures_are_spread_evenly_and_have_the_first_and_the_last_state() -> None:
    assert list(shown_steps(2, 120)) == [0, 1, 2]
    assert list(shown_steps(1000, 5)) == [0, 250, 500, 750, 1000]
    assert json.dumps(shown_steps(1, 2)) == "[0, 1]"
