"""Pictures of episodes: what they show, and that every task has some."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from recipe_sweep.analysis.figures import style
from recipe_sweep.trainers.environments import two_step
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.environments.registry import available_tasks, make_environment
from recipe_sweep.trainers.environments.skirmish_units import BATTLES
from recipe_sweep.trainers.evaluation import evaluation_start
from recipe_sweep.trainers.play import canvas
from recipe_sweep.trainers.play.episode import Episode, Trained, play_evaluation
from recipe_sweep.trainers.play.gif import write_gif
from recipe_sweep.trainers.play.plain_numbers import NumbersDrawing
from recipe_sweep.trainers.play.registry import DRAWINGS, drawing_of
from recipe_sweep.trainers.play.skirmish import SkirmishDrawing
from recipe_sweep.trainers.task import MaskedEnvironment
from tests.trainers.builders import point
from tests.trainers.play.test_episode import drawn_weights, spread_run

SAFE = np.eye(2)[[[0, 0], [0, 1]]]
RISKY = np.eye(2)[[[1, 0], [1, 1]]]


def game(actions: np.ndarray) -> Episode:
    """An episode of the two-step game with these one-hot actions (2, 2, 2)."""
    environment = two_step.TwoStep(1)
    seen, rewards = [environment.reset([np.random.default_rng(0)])[0]], []
    for chosen in actions:
        after, reward, _ = environment.step(chosen[None])
        seen.append(after[0])
        rewards.append(reward[0].mean())
    return Episode(two_step.SPEC, 0, 0, 0, np.array(seen), actions, np.array(rewards))


def colours(picture: Image.Image, least: int = 60) -> set[str]:
    """The colours that cover more than a few pixels, which smoothed edges do not."""
    found = picture.getcolors(picture.width * picture.height)
    return {"#{:02x}{:02x}{:02x}".format(*colour) for count, colour in found if count > least}  # type: ignore[str-format, misc]


def test_every_task_has_a_drawing_and_a_plugin_s_task_has_numbers() -> None:
    ours = {"simple_spread", "two_step", *MUJOCO_TASKS, *BATTLES}
    assert ours <= set(available_tasks()), "the list of this test"
    assert set(DRAWINGS) == ours
    assert isinstance(drawing_of("a task of a plugin"), NumbersDrawing)


def test_agents_are_drawn_where_they_are() -> None:
    episode = play_evaluation(spread_run(), 0).episode
    film = drawing_of("simple_spread").film(episode, [0, 10, 25])
    assert len(film.pictures) == 3
    assert film.second is None
    for picture in film.pictures:
        assert set(canvas.TEAM[:3]) <= colours(picture, 1)
    assert film.pictures[0].tobytes() != film.pictures[1].tobytes()


def test_agents_that_leave_the_square_stay_in_the_picture() -> None:
    episode = play_evaluation(spread_run(), 0).episode
    far = episode.observations.copy()
    far[-1, :, 2:4] = [[3.0, 3.0], [-3.0, 3.0], [3.0, -3.0]]
    [picture] = drawing_of("simple_spread").film(replace(episode, observations=far), [25]).pictures
    assert set(canvas.TEAM[:3]) <= colours(picture, 1)


def test_the_game_marks_what_was_chosen_only_once_it_was() -> None:
    chosen = canvas.TEAM[0]
    start, first, last = (
        sum(pixel_count(picture, chosen)) for picture in drawing_of("two_step").film(game(SAFE), [0, 1, 2]).pictures
    )
    assert start == 0
    assert 0 < first < last


def test_the_game_marks_the_side_that_was_reached() -> None:
    for actions, left in ((SAFE, True), (RISKY, False)):
        [picture] = drawing_of("two_step").film(game(actions), [2]).pictures
        here, there = pixel_count(picture, canvas.TEAM[0])
        assert (here > there) is left


def pixel_count(picture: Image.Image, colour: str) -> tuple[int, int]:
    """How many pixels of a colour are in the left and in the right half."""
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    same = (np.asarray(picture) == wanted).all(axis=-1)
    half = same.shape[1] // 2
    return int(same[:, :half].sum()), int(same[:, half:].sum())


def test_numbers_are_drawn_for_any_shapes_and_values() -> None:
    episode = game(RISKY)
    odd = replace(episode, observations=np.full_like(episode.observations, np.nan), rewards=np.array([-3.0, -4.0]))
    film = NumbersDrawing().film(odd, [0, 1, 2])
    assert len({picture.tobytes() for picture in film.pictures}) == 3
    assert "no drawing of its own" in film.drawn_by


@pytest.mark.parametrize("task", ["2ant", "3hopper", "6halfcheetah"])
def test_a_robot_is_drawn_without_a_renderer(task: str) -> None:
    from recipe_sweep.trainers.environments.ma_mujoco import make_mujoco
    from recipe_sweep.trainers.play.stick_figure import stick_figures

    made = MUJOCO_TASKS[task]
    run = Trained(
        point(task=task, eval_episodes=1), drawn_weights(made.spec.obs_dim + made.spec.n_agents, made.spec.action_dim)
    )
    episode = play_evaluation(run, 0).episode
    environment = make_mujoco(made, 1)
    environment.reset([episode.start()])
    places = np.repeat(environment.pose.positions, 2, axis=0)
    places[1, 0] += 0.5
    near, far = stick_figures(episode, made.robot, places, [0, 1])
    assert set(canvas.TEAM[:2]) <= colours(near)
    assert near.tobytes() != far.tobytes(), "the floor shows the way"


def test_a_gif_holds_its_pictures_their_times_and_what_it_shows() -> None:
    pictures = drawing_of("two_step").film(game(RISKY), [0, 1, 2]).pictures
    first, second = io.BytesIO(), io.BytesIO()
    for file in (first, second):
        write_gif(file, pictures, 4, "run 3fa9")
    assert first.getvalue() == second.getvalue()
    with Image.open(first) as gif:
        assert gif.n_frames == 3  # type: ignore[attr-defined]
        assert (gif.info["duration"], gif.info["loop"], gif.info["comment"]) == (250, 0, b"run 3fa9")
        gif.seek(2)
        assert gif.info["duration"] == 2000
        last = np.asarray(gif.convert("RGB"), dtype=float)
    assert np.abs(last - np.asarray(pictures[2], dtype=float)).mean() < 4.0


def test_pictures_have_the_colours_of_the_figures() -> None:
    assert (canvas.INK, canvas.FAINT, canvas.TEAM[0], canvas.TEAM[1]) == (style.INK, style.FAINT, style.BEST, style.CLONING)


@pytest.mark.parametrize(("first", "second", "axis"), [((0, 0), (0, 1), 1), ((0, 0), (1, 0), 0)])
def test_the_chosen_cell_is_in_the_row_of_a_and_the_column_of_b(
    first: tuple[int, int], second: tuple[int, int], axis: int
) -> None:
    wanted = np.array([int(canvas.TEAM[0][place : place + 2], 16) for place in (1, 3, 5)])
    middles = []
    for a, b in (first, second):
        actions = np.stack([RISKY[0], np.eye(2)[[a, b]]])
        [picture] = drawing_of("two_step").film(game(actions), [2]).pictures
        middles.append(np.argwhere((np.asarray(picture) == wanted).all(axis=-1)).mean(axis=0))
    moved = middles[1] - middles[0]
    assert moved[axis] > 10.0
    assert abs(moved[1 - axis]) < 5.0


def battle(steps: int = 30) -> Episode:
    """An episode of the battle of three marines, in which everybody walks east until there is something to attack."""
    environment = make_environment("skirmish_3m", 1)
    assert isinstance(environment, MaskedEnvironment)
    spec, seen, actions, rewards = environment.spec, [environment.reset([evaluation_start(0, 10, 3)])[0]], [], []
    for _ in range(steps):
        legal = environment.legal()[0]
        chosen = np.where(legal[:, 5:].any(axis=1), legal[:, 5:].argmax(axis=1) + 5, np.where(legal[:, 0] == 1, 1, 4))
        actions.append(np.eye(spec.action_dim)[chosen])
        after, reward, done = environment.step(actions[-1][None])
        seen.append(after[0])
        rewards.append(reward.mean())
        if done[0]:
            break
    return Episode(spec, 0, 10, 3, np.array(seen), np.array(actions), np.array(rewards))


def test_a_battle_shows_both_sides_their_attacks_and_the_dead() -> None:
    episode = battle()
    film = drawing_of("skirmish_3m").film(episode, range(len(episode) + 1))
    first, last = film.pictures[0], film.pictures[-1]
    allies, enemies, dead = canvas.TEAM[0], canvas.TEAM[1], "#bdbdbd"
    assert {allies, enemies} <= colours(first, 1)
    assert dead not in colours(first, 20)
    assert dead in colours(last, 20)
    moments = SkirmishDrawing(BATTLES["skirmish_3m"]).again(episode).moments
    assert len(moments) == len(episode) + 1
    assert (moments[0].attacked == -1).all(), "nobody is in range at the start"
    assert any((moment.attacked >= 0).any() for moment in moments)
    fallen = [bool((moment.health <= 0).any()) for moment in moments]
    assert fallen == sorted(fallen), "the dead stay dead"


def test_a_battle_of_fixed_chance_is_drawn_from_its_own_start() -> None:
    episode = battle()
    drawn, fixed = (drawing_of(name).film(episode, [0]) for name in ("skirmish_3m", "skirmish_3m (fixed chance)"))
    assert drawn.pictures[0].tobytes() != fixed.pictures[0].tobytes()
