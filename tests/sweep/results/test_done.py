from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import AlreadyPublishedError, LeaseLostError
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.claim import Claim
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.monitoring.doctor import Severity, examine
from recipe_sweep.sweep.results import done as ledger
from recipe_sweep.sweep.results.done import read_done, read_points
from recipe_sweep.sweep.results.outcomes import endings
from recipe_sweep.sweep.results.publish import Provenance, publish, results_table
from recipe_sweep.sweep.results.read import read_rows
from recipe_sweep.sweep.travel.shared_folder import SharedPack
from recipe_sweep.trainers.outcome import PackOutcome
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources

POINTS = make_points(seeds=3)


def outcome_of(points: tuple[DesignPoint, ...]) -> PackOutcome:
    results = tuple(stand_in._result(point, stand_in.Behaviour()) for point in points)
    return PackOutcome(True, results, stand_in.SCALE, "hash", {}, 1.0, 1.0)


def files_of(paths: SweepPaths, pack: Pack, epoch: int) -> SharedPack:
    settings = LaunchSettings(paths.root, epoch, paths.root, Keep.NONE, stand_in.NAME, make_resources())
    return SharedPack(settings, pack.pack_id, Claim(ours=True))


def publish_points(paths: SweepPaths, points: tuple[DesignPoint, ...], epoch: int) -> str:
    pack = Pack(points)
    moment = datetime.now(UTC)
    provenance = Provenance(epoch, 1, "code", "torch", "cpu", 1, "host", moment, moment)
    publish(files_of(paths, pack, epoch), pack, outcome_of(points), provenance, Keep.NONE)
    return pack.pack_id


def publish_under_new_epoch(paths: SweepPaths, points: tuple[DesignPoint, ...]) -> str:
    with Lease.acquire(paths.lease) as lease:
        return publish_points(paths, points, lease.epoch)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["publish", "remove"]), st.integers(0, len(POINTS) - 1)), max_size=8))
def test_the_index_says_what_the_files_say_whatever_came_and_went(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]]
) -> None:
    paths = SweepPaths(tmp_path_factory.mktemp("sweep"))
    present: dict[int, str] = {}
    for event, index in events:
        if event == "publish" and index not in present:
            present[index] = publish_under_new_epoch(paths, (POINTS[index],))
        elif event == "remove" and index in present:
            paths.pack_result(present.pop(index)).unlink()
        assert set(read_done(paths).file_of) == {POINTS[index].run_id for index in present}


def test_a_second_look_opens_no_results_file(paths: SweepPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    for point in POINTS:
        publish_under_new_epoch(paths, (point,))
    first = read_done(paths)
    monkeypatch.setattr(ledger, "_read_file", lambda *_: pytest.fail("opened a file the index knows"))
    assert read_done(paths) == first


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 999, "files": []}', '{"version": 1, "files": [{}]}'])
def test_a_torn_or_foreign_index_is_rebuilt(paths: SweepPaths, content: str) -> None:
    publish_under_new_epoch(paths, POINTS[:1])
    read_done(paths)
    paths.done_index.write_text(content)
    assert set(read_done(paths).file_of) == {POINTS[0].run_id}


def test_a_sweep_one_may_only_read_can_be_read(paths: SweepPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_under_new_epoch(paths, POINTS[:1])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ledger, "replace_json", refuse)
    assert set(read_done(paths).file_of) == {POINTS[0].run_id}


def test_a_pack_is_published_once(paths: SweepPaths) -> None:
    with Lease.acquire(paths.lease) as lease:
        publish_points(paths, POINTS[:2], lease.epoch)
        with pytest.raises(AlreadyPublishedError):
            publish_points(paths, POINTS[:2], lease.epoch)


def test_an_old_launch_cannot_publish(paths: SweepPaths) -> None:
    with Lease.acquire(paths.lease) as lease:
        old = lease.epoch
        lease.renew()
        with pytest.raises(LeaseLostError, match="has taken over this sweep"):
            publish_points(paths, POINTS[:2], old)
    assert not list(paths.results.glob("*"))


def test_an_incomplete_pack_cannot_be_published(paths: SweepPaths) -> None:
    pack, moment = Pack(POINTS[:2]), datetime.now(UTC)
    provenance = Provenance(1, 1, "code", "torch", "cpu", 1, "host", moment, moment)
    for outcome in (outcome_of(POINTS[:1]), outcome_of(POINTS[:2])._replace(complete=False)):
        with pytest.raises(ValueError, match="does not fit"):
            publish(files_of(paths, pack, 1), pack, outcome, provenance, Keep.NONE)
    with pytest.raises(ValueError, match="without the weights"):
        publish(files_of(paths, pack, 1), pack, outcome_of(POINTS[:2]), provenance, Keep.ACTOR)
    assert not paths.results.exists()


def test_of_two_rows_of_one_run_the_older_launchs_counts_and_doctor_reports_both(paths: SweepPaths) -> None:
    first = publish_under_new_epoch(paths, POINTS[:2])
    second = publish_under_new_epoch(paths, POINTS[1:3])
    done = read_done(paths)
    assert done.file_of[POINTS[1].run_id].pack_id == first
    assert done.duplicates == {POINTS[1].run_id: tuple(sorted((first, second)))}
    problems = [finding for finding in examine(paths) if finding.severity is Severity.PROBLEM]
    assert len(problems) == 1
    assert POINTS[1].run_id in problems[0].text


@pytest.mark.parametrize("damage", ["torn", "foreign", "renamed"])
def test_a_damaged_results_file_is_named_with_what_to_do(paths: SweepPaths, damage: str) -> None:
    pack_id = publish_under_new_epoch(paths, POINTS[:2])
    path = paths.pack_result(pack_id)
    if damage == "torn":
        os.truncate(path, path.stat().st_size // 2)
    elif damage == "foreign":
        path.write_text("a,b\n1,2\n")
    else:
        path = path.rename(paths.pack_result("0" * 16))
    done = read_done(paths)
    assert not done.file_of
    [error] = done.damaged
    assert str(path) in error.sentence
    assert "trains its runs again" in error.remedy
    assert [finding.severity for finding in examine(paths)] == [Severity.PROBLEM]


def test_points_come_back_from_results_files(paths: SweepPaths) -> None:
    pack_id = publish_under_new_epoch(paths, POINTS)
    assert read_points(paths, [pack_id]) == {point.run_id: point for point in POINTS}


def test_doctor_has_nothing_to_say_of_a_sound_sweep(paths: SweepPaths) -> None:
    publish_under_new_epoch(paths, POINTS)
    assert examine(paths) == ()


def test_doctor_finds_what_dead_processes_left(paths: SweepPaths) -> None:
    pack_id = publish_under_new_epoch(paths, POINTS)
    (paths.results / f".{pack_id}.parquet.1-ab.tmp").touch()
    paths.weights.mkdir()
    (paths.weights / "dead.1-1.safetensors").touch()
    paths.pack_checkpoint(pack_id).mkdir(parents=True)
    findings = examine(paths)
    assert len(findings) == 3
    assert {finding.severity for finding in findings} == {Severity.NOTE}


def test_a_damaged_file_leaves_the_index_as_it_was_because_the_command_may_be_refused(paths: SweepPaths) -> None:
    publish_under_new_epoch(paths, POINTS[:1])
    read_done(paths)
    before = paths.done_index.read_bytes()
    publish_under_new_epoch(paths, POINTS[1:2])
    torn = paths.pack_result("0" * 16)
    torn.write_bytes(b"no Parquet file")
    read_done(paths)
    assert paths.done_index.read_bytes() == before
    torn.unlink()
    read_done(paths)
    assert paths.done_index.read_bytes() != before


@pytest.mark.parametrize("column", ["scores", "steps"])
def test_an_index_that_lacks_a_number_is_made_again(paths: SweepPaths, column: str) -> None:
    publish_under_new_epoch(paths, POINTS[:2])
    before = read_done(paths)
    content = json.loads(paths.done_index.read_text())
    content["files"][0][column].pop()
    paths.done_index.write_text(json.dumps(content))
    assert endings(read_done(paths)) == endings(before)
    assert [ending.score is not None for ending in endings(before).values()] == [True, True]


def test_a_run_without_an_evaluation_has_no_score_and_a_win_rate_is_kept(tmp_path: Path) -> None:
    outcome = outcome_of(POINTS)
    kept, won, *others = outcome.results
    curve = tuple(replace(each, win_rate=0.25 * place) for place, each in enumerate(won.curve))
    results = (replace(kept, curve=()), replace(won, curve=curve), *others)
    moment = datetime.now(UTC)
    provenance = Provenance(1, 1, "code", "torch", "cpu", 1, "host", moment, moment)
    table = results_table(Pack(POINTS), outcome._replace(results=results), provenance, Keep.NONE)
    path = tmp_path / f"{Pack(POINTS).pack_id}.parquet"
    pq.write_table(table, path)
    rows = read_rows(path, ["score", "score_best", "score_last3", "return_final", "win_rate", "curve_win_rate"]).to_pylist()
    assert set(rows[0].values()) == {None}
    assert rows[1]["win_rate"] == curve[-1].win_rate
    assert rows[1]["curve_win_rate"] == [each.win_rate for each in curve]
    assert rows[2]["score"] is not None
    assert rows[2]["win_rate"] is None


def test_results_of_before_win_rates_are_read_as_without_them(tmp_path: Path) -> None:
    moment = datetime.now(UTC)
    provenance = Provenance(1, 1, "code", "torch", "cpu", 1, "host", moment, moment)
    table = results_table(Pack(POINTS), outcome_of(POINTS), provenance, Keep.NONE).drop_columns(["win_rate", "curve_win_rate"])
    path = tmp_path / f"{Pack(POINTS).pack_id}.parquet"
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"schema_version": b"2"}), path)
    rows = read_rows(path, ["run_id", "win_rate", "curve_win_rate"]).to_pylist()
    assert {(row["win_rate"], row["curve_win_rate"]) for row in rows} == {(None, None)}
