"""`play`: an episode of a finished run, as an animated picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import NUMERICS_VERSION
from recipe_sweep.sweep.cli.shared import open_reference
from recipe_sweep.sweep.cli.streams import tell
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.out_file import is_standard_output, writing
from recipe_sweep.sweep.monitoring.run_history import find_run
from recipe_sweep.sweep.planning.opening import Reference
from recipe_sweep.sweep.results.kept import EvaluatedPolicy, evaluated_policy
from recipe_sweep.trainers.play.base import Film, SecondReturn
from recipe_sweep.trainers.play.episode import Episode, PlayedEvaluation, play_evaluation
from recipe_sweep.trainers.play.gif import write_gif
from recipe_sweep.trainers.play.registry import drawing_of

SUFFIX = ".gif"


@dataclass(frozen=True)
class PlayOptions:
    """Which episode of which run to draw, its pictures (how many at most, and per second), and where to write."""

    reference: Reference
    run_id: str
    episode: int
    per_second: int | None
    pictures: int
    out: Path | None


def play_episode(options: PlayOptions) -> bool:
    """Play the run's last evaluation again, draw one of its episodes, and print both returns.

    Return False if another simulator played the same actions and its return differs.
    """
    _check_suffix(options.out)
    target = open_reference(options.reference).begun()
    point = find_run(target, options.run_id)
    found = evaluated_policy(target.paths, point, f"run {point.run_id}")
    played = play_evaluation(found.trained, options.episode)
    for line in evaluation_lines(found, played):
        _tell(options, line)
    drawing = drawing_of(point.environment)
    per_second = options.per_second or drawing.per_second
    steps = shown_steps(len(played.episode), options.pictures)
    _tell(options, f"drawing {counted(len(steps), 'picture')}")
    film = drawing.film(played.episode, steps)
    for line in episode_lines(played.episode, film):
        _tell(options, line)
    out = options.out or target.paths.episode(point.run_id, options.episode)
    about = f"run {point.run_id} of recipe-sweep, episode {options.episode}, return {played.episode.totals[-1]:.6f}"
    with writing(out) as file:
        write_gif(file, film.pictures, per_second, about)
    _tell(options, f"wrote {out}: {counted(len(steps), 'picture')}, {per_second} a second")
    return film.second is None or film.second.agrees(float(played.episode.totals[-1]))


def shown_steps(length: int, most: int) -> Sequence[int]:
    """Choose at most `most` states of an episode of `length` steps, evenly, with the first and the last."""
    count = min(length + 1, most)
    shown: list[int] = np.unique(np.linspace(0, length, count).round().astype(np.int64)).tolist()
    return shown


def evaluation_lines(found: EvaluatedPolicy, played: PlayedEvaluation) -> list[str]:
    """Write the mean return of the evaluation, as recorded and as played now."""
    point, mean = found.trained.point, float(played.returns.mean())
    lines = [
        f"run {point.run_id}: {point.task}, {point.dataset}, {point.decomposition}, {point.value_learning}, "
        f"{point.extraction}, seed {point.seed}",
    ]
    episodes = counted(len(played.returns), "episode")
    if found.return_mean is None:
        return [*lines, f"played now           mean return {mean:.6f} of {episodes}, because the run was not evaluated"]
    lines += [
        f"last evaluation      mean return {found.return_mean:.6f} of {episodes}",
        f"played again         mean return {mean:.6f}: {_difference(mean, found.return_mean)}",
    ]
    if mean != found.return_mean and point.numerics != NUMERICS_VERSION:
        lines.append(f"its numerics are {point.numerics}, those of this code are {NUMERICS_VERSION}: their numbers differ")
    elif mean != found.return_mean:
        rounding = f"another machine ({found.device} then, cpu now) or other runs in its pack"
        lines.append(f"rounding may differ with {rounding}; this changes long episodes of robots")
    return lines


def episode_lines(episode: Episode, film: Film) -> list[str]:
    """Write the return of the episode, beside that of the other simulator, and who drew it."""
    ours = float(episode.totals[-1])
    lines = [f"episode {episode.number:<12} return {ours:.6f} in {counted(len(episode), 'step')}"]
    if film.second is not None:
        lines += _second_lines(film.second, ours)
    return [*lines, f"drawn by             {film.drawn_by}"]


def _second_lines(second: SecondReturn, ours: float) -> list[str]:
    remark = f" ({second.remark})" if second.remark else ""
    verdict = "agrees" if second.agrees(ours) else "does NOT agree"
    return [
        f"{second.program:<20} return {second.value:.6f} in {counted(second.steps, 'step')}{remark}: "
        f"{verdict}, {_difference(second.value, ours)}"
    ]


def _difference(one: float, other: float) -> str:
    return "the same" if one == other else f"difference {one - other:.1e}"


def _check_suffix(out: Path | None) -> None:
    """Refuse another format before anything is played. Raises SweepDirectoryError."""
    if out is not None and not is_standard_output(out) and out.suffix.lower() != SUFFIX:
        raise SweepDirectoryError(Problem(f"-o {out}", found=f"the suffix {out.suffix!r}", expected=SUFFIX))


def _tell(options: PlayOptions, line: str) -> None:
    """Print a line; to standard error if the picture goes to standard output."""
    tell(line, file=sys.stderr if options.out is not None and is_standard_output(options.out) else None, flush=True)
