"""A sweep in Python: its runs and curves as tables, its figures, and what follows from them."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.overlooked import overlooked
from recipe_sweep.sweep.files.sweep_file import is_rehearsal
from recipe_sweep.sweep.interface.advice import Advice
from recipe_sweep.sweep.monitoring.status import SweepStatus, SweepWatcher, failed_runs
from recipe_sweep.sweep.planning.opening import Reference, Target, check_not_elsewhere, locate, one_run, opened
from recipe_sweep.sweep.planning.search_rounds import unpruned

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from recipe_sweep.analysis.figures.inputs import Material
    from recipe_sweep.trainers.acting import Policy

FAILED = "failed"
P = ParamSpec("P")
Answer = TypeVar("Answer")


def _warned(method: Callable[Concatenate[Sweep, P], Answer]) -> Callable[Concatenate[Sweep, P], Answer]:
    """Warn of damaged files that the answer leaves out, as a command says at its end."""

    @functools.wraps(method)
    def asked(self: Sweep, /, *given: P.args, **named: P.kwargs) -> Answer:
        with overlooked() as heard:
            answer = method(self, *given, **named)
        heard.tell(lambda sentence: warnings.warn(sentence, stacklevel=3))
        return answer

    return asked


class Sweep:
    """A sweep that was launched before, as its files are now: every call reads them again.

    `recipe_sweep.open` and `recipe_sweep.launch` make it.

    >>> import recipe_sweep
    >>> sweep = recipe_sweep.open("sweeps/demo")
    >>> sweep
    <Sweep demo: 16 of 16 runs done, in sweeps/demo>
    """

    def __init__(self, target: Target) -> None:
        """Take an opened target. Users call `recipe_sweep.open` instead."""
        self._target = target

    @property
    def name(self) -> str:
        """The grid's name.

        >>> recipe_sweep.open("sweeps/demo").name
        'demo'
        """
        return self._target.grid.name

    @property
    def directory(self) -> Path:
        """The directory of the sweep.

        >>> print(recipe_sweep.open("sweeps/demo").directory)
        sweeps/demo
        """
        return self._target.paths.root

    @property
    def points(self) -> tuple[DesignPoint, ...]:
        """The runs that the grid wants, in its order. A search wants those of the rounds that have begun.

        >>> recipe_sweep.open("sweeps/demo").points[0].hidden
        (8, 8)
        """
        return self._target.with_new_rounds().points

    @property
    def status(self) -> SweepStatus:
        """How many runs are done, running, failed and waiting now. Raises SweepDirectoryError.

        >>> recipe_sweep.open("sweeps/demo").status.done
        16
        """
        return self._look()

    @property
    def runs(self) -> pd.DataFrame:
        """One row for every run of the grid, done or not, with every axis and every setting as a column.

        `status` is `finished`, `diverged` or `pruned`, and without a result `failed` or `missing`. `score` is normalised; it
        is empty without a result. `hidden` is text, such as `64x64`. `docs/python.md` names all columns. Raises
        MixedScalesError.

        >>> runs = recipe_sweep.open("sweeps/demo").runs
        >>> runs.groupby(["lr", "hidden"])["score"].count()
        lr     hidden
        0.001  16x16     4
               8x8       4
        0.003  16x16     4
               8x8       4
        Name: score, dtype: int64
        """
        return self._runs()

    @property
    def curves(self) -> pd.DataFrame:
        """Every evaluation of every run with a result: run_id, step, return_mean, return_std, score.

        Returns are in units of reward; `return_std` is over episodes. Raises MixedScalesError.

        >>> curves = recipe_sweep.open("sweeps/demo").curves
        >>> list(curves.columns)
        ['run_id', 'step', 'return_mean', 'return_std', 'score']
        """
        return self._curves()

    @_warned
    def best(self) -> pd.DataFrame:
        """Tabulate the best configuration of each design on each dataset, best first, as Figure 7 chooses it.

        `score` is the mean over seeds, `low` and `high` the worst and the best seed. Settings that vary in the sweep are
        columns. The best of several configurations is chosen by its own score, so `score` is optimistic. Raises
        NothingToReportError without a finished run.

        >>> best = recipe_sweep.open("sweeps/demo").best()
        >>> list(best.columns)
        ['task', 'dataset', 'decomposition', 'value_learning', 'extraction', 'score', 'low', 'high', 'seeds', 'config_id', \
'alpha', 'critic_norm', 'hidden', 'lr']
        """
        from recipe_sweep.analysis.findings.best_table import best_frame
        from recipe_sweep.analysis.results.every_run import tabulated
        from recipe_sweep.analysis.results.rehearsal_mark import stamped

        points = self.points
        material = self._gathered()
        found = best_frame(material.blocks, points, tabulated(material.results, points, {}))
        return stamped(found) if material.results.rehearsal else found

    @_warned
    def figure(self, number: int = 7, data: str | os.PathLike[str] | None = None) -> Figure:
        """Draw a figure of the paper from the results so far. A notebook shows it.

        `data` is the directory of the datasets, by default that of the launch; only some figures read it. The figure is
        independent of pyplot. A rehearsal's figure is stamped. Raises UnknownFigureError, MissingFigureError if the sweep
        lacks its data, and NothingToReportError.

        >>> figure = recipe_sweep.open("sweeps/demo").figure(7)
        >>> figure.savefig("figure7.pdf")
        """
        from recipe_sweep.sweep.interface.figure import drawn

        return drawn(self._gathered(None if data is None else Path(data)), number)

    @_warned
    def claims(self) -> pd.DataFrame:
        """Judge the paper's claims by this sweep: one row a claim, with its statistic, interval, verdict and reason.

        `verdict` is `holds`, `does not hold` or `not enough data`. Raises NothingToReportError without a finished run.

        >>> claims = recipe_sweep.open("sweeps/demo").claims()
        >>> "not enough data" in set(claims["verdict"])
        True
        """
        from recipe_sweep.analysis.findings.claim_table import claims_frame
        from recipe_sweep.analysis.results.rehearsal_mark import stamped

        material = self._gathered()
        found = claims_frame(material.claims)
        return stamped(found) if material.results.rehearsal else found

    @_warned
    def recommend(self, task: str | None = None, dataset: str | None = None, budget: str | None = None) -> Advice:
        """Recommend what to train first and next, and why. Without results, the paper's recipe is recommended.

        `budget` is a number of runs (`64`) or hours of one slot (`12h`). Raises AdviceError for mistakes in them, and for a
        rehearsal.

        >>> advice = recipe_sweep.open("sweeps/demo").recommend(budget="64")
        >>> print(advice.recipe.decomposition in {"mix", "dec"})
        True
        """
        from recipe_sweep.analysis.report.advice import advise

        points = unpruned(self.points, self._target.paths)
        return Advice.of(advise(self.directory, points, task=task, dataset=dataset, budget=budget))

    @_warned
    def policy(self, run_id: str) -> Policy:
        """Load a finished run's policy as a PyTorch module, by the run's id or its beginning.

        `act(observations)` takes (N, O) or a batch (B, N, O) and returns actions (N, A) or (B, N, A). The weights are read
        from safetensors, so nothing in the file is executed. Raises UnknownRunError, SweepDirectoryError for a rehearsal and
        if no weights were kept, and DamagedFileError.

        >>> import torch
        >>> sweep = recipe_sweep.open("sweeps/demo")
        >>> policy = sweep.policy(sweep.points[0].run_id)
        >>> policy.act(torch.zeros(5, policy.spec.n_agents, policy.spec.obs_dim)).shape
        torch.Size([5, 3, 2])
        """
        from recipe_sweep.sweep.results.export import policy_file
        from recipe_sweep.sweep.results.weights import run_weights
        from recipe_sweep.trainers.acting import Policy

        point = one_run(self.points, run_id)
        return Policy(point, run_weights(policy_file(self._target.paths, point, f"run {point.run_id}"), point.run_id))

    def __repr__(self) -> str:
        status = self._look()
        return f"<Sweep {self._marked_name}: {status.done:,} of {status.wanted:,} runs done, in {self.directory}>"

    def _repr_html_(self) -> str:
        """Show name, progress and the best configurations so far below a notebook's cell."""
        from recipe_sweep.sweep.interface.summary import sweep_html

        status = self._look()
        return sweep_html(self._marked_name, self.directory, status, self.best() if status.done > status.pruned else None)

    @property
    def _marked_name(self) -> str:
        return f"{self.name} (REHEARSAL)" if is_rehearsal(self._target.paths) else self.name

    @_warned
    def _look(self) -> SweepStatus:
        return SweepWatcher(self.points, self._target.paths).look()

    @_warned
    def _runs(self) -> pd.DataFrame:
        from recipe_sweep.analysis.results.every_run import runs_frame

        points = self.points
        states = dict.fromkeys(failed_runs(points, self._target.paths), FAILED)
        return runs_frame(self._target.paths.results, points, states)

    @_warned
    def _curves(self) -> pd.DataFrame:
        from recipe_sweep.analysis.results.every_run import curves_frame

        return curves_frame(self._target.paths.results, self.points)

    def _gathered(self, data: Path | None = None) -> Material:
        """Read what figures and claims are made of. Raises NothingToReportError."""
        from recipe_sweep.analysis.report.report import gathered
        from recipe_sweep.sweep.results.trained import kept_weights

        paths = self._target.paths
        points = unpruned(self.points, paths)
        return gathered(paths.root, points, len(failed_runs(points, paths)), kept_weights(paths, points, data))


def open(
    reference: str | os.PathLike[str],
    *,
    directory: str | os.PathLike[str] | None = None,
    overrides: Sequence[str] = (),
) -> Sweep:
    """Open a sweep that was launched before: by its directory, its grid file, a preset's name, or a store's address.

    `directory` is where the sweep is, if not in `sweeps/` under the grid's name; beside an address, it is where to fetch to.
    `overrides` change the grid, as `lr=1e-3`. Raises UserInputError with every mistake in them, and SweepDirectoryError if
    there is no such sweep.

    >>> import recipe_sweep
    >>> recipe_sweep.open("sweeps/demo")
    <Sweep demo: 16 of 16 runs done, in sweeps/demo>
    >>> recipe_sweep.open("my-grid.yaml", directory="sweeps/demo").name
    'demo'
    """
    place = None if directory is None else Path(directory)
    located = locate(Reference(os.fspath(reference), place, tuple(overrides)))
    check_not_elsewhere(located)
    return Sweep(opened(located).begun())
