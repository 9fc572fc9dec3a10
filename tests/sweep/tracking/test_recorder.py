"""Cut off at any call, whether it reached MLflow or not: the next process brings the same runs, each once."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.tracking.projection import Projection, project
from tests.sweep.synthetic_results import points, publish, report_progress
from tests.sweep.tracking.test_projection import shown, without_ids


class KilledError(Exception):
    """Stands for kill -9: nothing of ours handles it."""


def cut_off_at(
    monkeypatch: pytest.MonkeyPatch, owner: type, call: str, *, at: int, arrives: bool, error: type[Exception] = KilledError
) -> None:
    """End the process at the n-th of these calls, before it reached MLflow or before its answer came."""
    original = getattr(owner, call)
    calls = Counter[str]()

    def cut_off(*args: Any, **how: Any) -> Any:
        calls[call] += 1
        if calls[call] == at and not arrives:
            raise error(call)
        answer = original(*args, **how)
        if calls[call] == at:
            raise error(call)
        return answer

    monkeypatch.setattr(owner, call, cut_off)


def client_and_store() -> tuple[type, type]:
    from mlflow import MlflowClient
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    return MlflowClient, SqlAlchemyStore


# `_set_tags` is the store's own last step of `log_batch`: cut off there, values are in the database and their mark is not.
CALLS = [("create_run", 0), ("log_batch", 0), ("set_terminated", 0), ("_set_tags", 1)]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> dict[str, Any]:
    """What MLflow shows of two configurations that nobody disturbed."""
    directory = tmp_path_factory.mktemp("undisturbed") / "demo"
    publish(directory, "aaaa", points())
    database = shutil.copy(empty_database, SweepPaths(directory).mlflow_db)
    project(directory, tracking_uri=f"sqlite:///{database}")
    return without_ids(shown(directory))


@pytest.mark.parametrize("arrives", [True, False], ids=["its answer is lost", "it never arrives"])
@pytest.mark.parametrize(("call", "owner"), CALLS, ids=[call for call, _ in CALLS])
def test_a_writer_killed_at_any_call_leaves_no_run_twice_and_none_half(
    sweep_dir: Path, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, call: str, owner: int, arrives: bool
) -> None:
    publish(sweep_dir, "aaaa", points())
    with monkeypatch.context() as patched:
        cut_off_at(patched, client_and_store()[owner], call, at=2, arrives=arrives)
        with pytest.raises(Exception, match=call):
            Projection(sweep_dir).update(live=False)
    project(sweep_dir)
    assert without_ids(shown(sweep_dir)) == undisturbed


def test_a_step_that_was_logged_but_not_marked_is_not_drawn_twice(sweep_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a pack trains, its steps carry the time at which they were seen, so MLflow would take the same step again."""
    members = points(alphas=(3.0,))
    report_progress(sweep_dir, "aaaa", members, steps=(100,))
    with monkeypatch.context() as patched:
        cut_off_at(patched, client_and_store()[1], "_set_tags", at=1, arrives=False)
        with pytest.raises(Exception, match="_set_tags"):
            Projection(sweep_dir).update(live=True)
    publish(sweep_dir, "aaaa", members)
    project(sweep_dir)
    ((_, _, _, histories, _),) = shown(sweep_dir).values()
    assert [step for step, _, _ in histories["return_mean"]] == [100, 200, 300]


def test_values_left_unmarked_that_no_longer_hold_are_replaced(sweep_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(sweep_dir, "aaaa", points(alphas=(3.0,), seeds=(0,)))
    with monkeypatch.context() as patched:
        cut_off_at(patched, client_and_store()[1], "_set_tags", at=1, arrives=False)
        with pytest.raises(Exception, match="_set_tags"):
            Projection(sweep_dir).update(live=False)
    publish(sweep_dir, "bbbb", points(alphas=(3.0,), seeds=(1,)))
    project(sweep_dir)
    ((_, _, tags, histories, _),) = shown(sweep_dir).values()
    assert tags["seeds"] == "0,1"
    assert [value for _, value, _ in histories["return_mean"]] == [118.0, 128.0, 138.0]


def test_a_run_whose_answer_was_lost_is_not_made_again_by_the_same_process(
    sweep_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(sweep_dir, "aaaa", points())
    projection = Projection(sweep_dir)
    with monkeypatch.context() as patched:
        cut_off_at(patched, client_and_store()[0], "create_run", at=1, arrives=True, error=ConnectionError)
        with pytest.raises(ConnectionError):
            projection.update(live=True)
    projection.update(live=True)
    assert len(shown(sweep_dir)) == 2  # Asserts itself that no key is there twice.


def test_a_run_that_a_user_deletes_during_a_launch_comes_back(sweep_dir: Path) -> None:
    members = points(alphas=(3.0,))
    projection = Projection(sweep_dir)
    report_progress(sweep_dir, "aaaa", members, steps=(100,))
    projection.update(live=True)
    ((*_, mlflow_id),) = shown(sweep_dir).values()
    client_and_store()[0](f"sqlite:///{SweepPaths(sweep_dir).mlflow_db}").delete_run(mlflow_id)
    report_progress(sweep_dir, "aaaa", members, steps=(100, 200))
    with pytest.raises(Exception, match="active"):
        projection.update(live=True)
    projection.update(live=True)
    ((_, _, _, histories, _),) = shown(sweep_dir).values()
    assert [step for step, _, _ in histories["return_mean"]] == [100, 200]


def test_a_hitch_does_not_end_the_command_while_runs_are_recorded(sweep_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(sweep_dir, "aaaa", points(alphas=tuple(float(value) for value in range(1, 11))))
    told: list[tuple[int, int]] = []
    cut_off_at(monkeypatch, client_and_store()[0], "create_run", at=10, arrives=True, error=ConnectionError)
    project(sweep_dir, progress=lambda done, total: told.append((done, total)))
    assert len(shown(sweep_dir)) == 10
    assert told[:2] == [(0, 20), (16, 20)]
    assert told[-1] == (4, 4)
