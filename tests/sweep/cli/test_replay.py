"""`replay`: whether recorded numbers can be had again, and what is said where they can not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning import numerics
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results.read import read_rows, result_files
from recipe_sweep.sweep.worker import device
from recipe_sweep.sweep.worker import replay as replaying
from tests.sweep import stand_in
from tests.sweep.cli.test_bad_input import GRID, INLINE
from tests.sweep.commands import LAUNCH, call, little_sweep, stand_in_sweep

SWEEP = SweepPaths(Path("sweeps/little"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def state_of(sweep: Path) -> dict[str, bytes]:
    derived = ("index",)
    return {
        str(path): path.read_bytes()
        for path in sorted(sweep.rglob("*"))
        if path.is_file() and path.relative_to(sweep).parts[0] not in derived
    }


def first_run() -> str:
    return open_target("little.yaml").points[0].run_id


def drift(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the trainer compute other numbers than those that were recorded."""
    value_at = stand_in.value_at
    monkeypatch.setattr(stand_in, "value_at", lambda run_id, step: value_at(run_id, step) + 1e-9)


def test_a_run_that_was_really_trained_is_had_again_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    here = little_sweep(tmp_path, monkeypatch)
    (here / "little.yaml").write_text(GRID.replace("sarsa", "td"))
    call(*LAUNCH, "--keep", "all")
    before = state_of(here / "sweeps/little")
    text = call("replay", "little.yaml", first_run()[:8])
    assert f"{first_run()}" in text
    assert "1 of 1 run has the recorded bits" in text
    told = json.loads(call("replay", "sweeps/little", "--sample", "3", "--json"))
    assert [(run["equal"], run["promised"], run["curve"], run["weights"]) for run in told["runs"]] == [(True, True, 0, 0)] * 3
    assert state_of(here / "sweeps/little") == before, "replay wrote into the sweep"


def test_other_numbers_from_the_same_code_and_machine_are_a_failure(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(*LAUNCH)
    drift(monkeypatch)
    text = call("replay", "little.yaml", first_run(), expect=ExitCode.FAILURE)
    assert "DIFFER" in text
    assert "1.0e-09" in text
    assert "1 run should have the recorded bits" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [("code_version", "code "), ("torch_version", "torch "), ("kind_of_machine", "kind of machine ")],
)
def test_other_numbers_of_another_version_or_machine_are_told_and_no_failure(
    name: str, said: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(*LAUNCH)
    drift(monkeypatch)
    monkeypatch.setattr(f"{replaying.__name__}.{name}", lambda *_: "0.0.1+another")
    text = call("replay", "little.yaml", first_run())
    assert "0 of 1 run have the recorded bits" in text
    assert f"1 run may differ: {said}" in text
    assert "here 0.0.1+another" in text


def test_a_run_is_trained_alone_because_its_bits_do_not_depend_on_its_pack(here: Path) -> None:
    call(*LAUNCH)
    assert members(first_run()) > 1
    before = stand_in.trainings(here / "data")
    assert "training 1 run again, each alone" in call("replay", "little.yaml", first_run())
    assert Counter(stand_in.trainings(here / "data")) - Counter(before) == {first_run(): 1}


def test_a_run_of_a_gpu_is_trained_with_its_recorded_pack(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as gpu:
        gpu.setattr(stand_in, "PACK_DEPENDENT", True)
        call(*LAUNCH)
    run = first_run()
    before = stand_in.trainings(here / "data")
    assert f"training 1 pack again with {members(run)} runs" in call("replay", "little.yaml", run)
    assert len(stand_in.trainings(here / "data")) - len(before) == members(run)
    drift(monkeypatch)
    text = call("replay", "little.yaml", run, "--alone")
    assert "training 1 run again, each alone" in text
    assert "trained without the other" in text
    assert "should have the recorded bits" in call("replay", "little.yaml", run, expect=ExitCode.FAILURE)


def test_a_run_of_older_numerics_is_said_to_have_others_and_not_to_be_wrong(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", 1)
        call(*LAUNCH)
    drift(monkeypatch)
    text = call("replay", "little.yaml", first_run())
    assert "training 1 pack again" in text
    assert "1 run may differ: numerics 1, here 2" in text


def test_results_name_the_kind_of_machine_and_what_bits_depend_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "vector_unit", lambda: "AVX9")
    call(*LAUNCH)
    rows = [row for path in result_files(SWEEP.results) for row in read_rows(path).to_pylist()]
    assert {(row["machine"], row["pack_dependent"]) for row in rows} == {(device.kind_of_machine("cpu"), False)}
    assert rows[0]["machine"].endswith(", AVX9")
    call("report", "little.yaml")
    page = (SWEEP.report / "index.html").read_text()
    assert "kinds of machine" in page
    assert "AVX9" in page


@pytest.mark.skipif(device.choose_device("auto") == "cpu", reason="not yet run on a GPU: PyTorch finds none here")
def test_a_pack_of_a_gpu_has_the_same_bits_when_it_is_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    here = little_sweep(tmp_path, monkeypatch)
    (here / "inline.yaml").write_text(f"{INLINE}device: cuda\n")
    call(*LAUNCH, "--keep", "all")
    assert all(row["pack_dependent"] for path in result_files(SWEEP.results) for row in read_rows(path).to_pylist())
    text = call("replay", "little.yaml", "--sample", "9")
    assert "training 1 pack again" in text
    assert "4 of 4 runs have the recorded bits" in text


def members(run_id: str) -> int:
    """Number of runs in a run's pack."""
    tables = (read_rows(path) for path in result_files(SWEEP.results))
    return next(table.num_rows for table in tables if run_id in table["run_id"].to_pylist())


def test_a_sample_is_the_same_each_time_and_another_with_another_seed(here: Path) -> None:
    call(*LAUNCH)

    def drawn(*options: str) -> list[str]:
        return sorted(run["run_id"] for run in json.loads(call("replay", "little.yaml", "--json", *options))["runs"])

    assert drawn("--sample", "2") == drawn("--sample", "2")
    assert len({tuple(drawn("--sample", "2", "--seed", str(seed))) for seed in range(6)}) > 1
    assert len(drawn("--sample", "99")) == 4
    seeds = {point.run_id: point.seed for point in open_target("little.yaml").points}
    assert {seeds[run] for run in drawn("--sample", "99", "--only", "seed=1")} == {1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--sample 20 takes twenty finished runs"),
        (("0123", "--sample", "2"), "not both"),
        (("0123",), "no such run"),
        (("--sample", "2", "--device", "cuda"), "PyTorch finds no GPU"),
    ],
)
def test_a_mistake_is_told_before_anything_is_trained(words: tuple[str, ...], said: str, here: Path) -> None:
    call(*LAUNCH)
    trained = stand_in.trainings(here / "data")
    assert said in call("replay", "little.yaml", *words, expect=ExitCode.BAD_INPUT)
    assert stand_in.trainings(here / "data") == trained


def test_a_run_that_is_not_done_is_refused(here: Path) -> None:
    call(*LAUNCH, "--only", "seed=0")
    waiting = next(point.run_id for point in open_target("little.yaml").points if point.seed == 1)
    assert "a run that is not done" in call("replay", "little.yaml", waiting, expect=ExitCode.BAD_INPUT)


def test_a_rehearsal_can_not_be_replayed(here: Path) -> None:
    call("rehearse", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow")
    text = call("replay", "sweeps/little-rehearsal", "--sample", "1", expect=ExitCode.BAD_INPUT)
    assert "a rehearsal, which trains nothing" in text
    assert not (here / "sweeps/little-rehearsal/code").is_dir() or not list((here / "sweeps/little-rehearsal/code").iterdir())


def test_what_was_compared_before_ctrl_c_is_shown(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "inline.yaml").write_text("backend: inline\nmax_lanes: 1\n")
    call(*LAUNCH)
    train, calls = stand_in.train_pack, []

    def interrupted(request: object) -> object:
        calls.append(request)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(request)  # type: ignore[arg-type]

    monkeypatch.setattr(stand_in, "train_pack", interrupted)
    text = call("replay", "little.yaml", "--sample", "3", expect=ExitCode.INTERRUPTED)
    assert "1 of 1 run has the recorded bits" in text


def test_explain_names_the_archive_and_the_command_to_use_it(here: Path) -> None:
    call(*LAUNCH)
    [archive] = SWEEP.code.iterdir()
    told = json.loads(call("explain", "little.yaml", first_run(), "--json"))
    assert told["code"] == str(archive)
    assert told["replay"] == f"recipe-sweep replay little.yaml {first_run()}"
    assert told["with_its_code"].startswith(
        f"mkdir recipe-sweep-{archive.name.removesuffix('.tar.gz')} && tar -xzf {archive} -C"
    )
    text = call("explain", "little.yaml", first_run())
    assert text.count("PYTHONPATH=") == 1
    archive.unlink()
    assert json.loads(call("explain", "little.yaml", first_run(), "--json"))["code"] is None


def test_the_doctor_finds_an_archive_that_is_not_what_its_name_says(here: Path) -> None:
    call(*LAUNCH)
    [archive] = SWEEP.code.iterdir()
    assert "no problem found" in call("doctor", "little.yaml")
    archive.write_bytes(archive.read_bytes()[:1000])
    text = call("doctor", "little.yaml", expect=ExitCode.FAILURE)
    assert f"{archive} is not the source of a version" in text


def test_the_source_travels_with_the_store(here: Path, tmp_path: Path) -> None:
    store = f"file://{tmp_path}/store"
    call(*LAUNCH, "--store", store)
    [archive] = SWEEP.code.iterdir()
    call("status", store, "--dir", "elsewhere")
    assert (here / "elsewhere/code" / archive.name).read_bytes() == archive.read_bytes()
