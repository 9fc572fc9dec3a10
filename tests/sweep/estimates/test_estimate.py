"""Where a plan's time comes from, what is stored before a launch trains, and that no number is made up."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recipe_sweep import cluster
from recipe_sweep.search_spaces.point import NUMERICS_VERSION
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.sweep.cli.show.cost import estimate_lines
from recipe_sweep.sweep.clusters.machines import Machines, load_machines
from recipe_sweep.sweep.estimates import finished_packs
from recipe_sweep.sweep.estimates.calibration import Calibration, ProbedPack, calibrate, read_calibration
from recipe_sweep.sweep.estimates.estimate import GPU_EFFICIENCY, estimate, how_to_know, money
from recipe_sweep.sweep.estimates.estimate_file import Estimate, last_score, read_scores
from recipe_sweep.sweep.estimates.finished_packs import finished_paces
from recipe_sweep.sweep.estimates.paces import Basis, kind_of
from recipe_sweep.sweep.estimates.probe_process import Ready, Timing
from recipe_sweep.sweep.estimates.schedule import makespan
from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.packing import Capacity
from recipe_sweep.sweep.planning.plan import make_plan
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.trainers.environments import registry
from recipe_sweep.trainers.outcome import PackOutcome
from recipe_sweep.trainers.plugins import TaskSpec, register_task
from recipe_sweep.trainers.request import TrainRequest
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.inline import Sweep
from tests.sweep.stand_in import Behaviour, behave

AWS = Path(cluster.__file__).parent / "aws.yaml"
HERE = Machines(make_resources(inline=True, slots=1), here=True)
GPUS = make_resources(gpus=2, cpus=8, gpu_per_pack=0.25, slots=8, device="auto")


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return Sweep(tmp_path)


def estimated(
    paths: SweepPaths, machines: Machines = HERE, workload: str = stand_in.NAME, **changes: object
) -> Estimate | None:
    points = make_points(**({"seeds": 4} | changes))  # type: ignore[arg-type]
    resources = machines.resources
    plan = make_plan(points, paths, Capacity(resources.slots, resources.max_lanes))
    return estimate(plan, paths, machines, workload)


def basis_of(estimate: Estimate | None) -> dict[Basis, int]:
    assert estimate is not None
    return {count.basis: count.packs for count in estimate.bases}


def store_calibration(
    paths: SweepPaths, pack: Pack, machines: Machines, device: str = "cpu", cpu_s: float = 1e-3, **changes: object
) -> None:
    """As `calibrate` writes it: a step at 1e-9 seconds an operation, half a second for one episode of one run."""
    kind = kind_of(pack.points, machines.resources)
    kind = kind._replace(size=kind.size._replace(device=device, share=1.0 if device == "cuda" else 0.0))
    timing = Timing(0, len(pack.points), 1e6, 10, 2.0, 1e-3, cpu_s, 0.5)
    found = Calibration(
        datetime(2026, 1, 2, tzinfo=UTC), socket.gethostname(), "a processor", 2, 0.5, 9.0, Ready(device, "2", "1"), 3.0,
        (ProbedPack(kind, timing),),
    )  # fmt: skip
    content = {"schema_version": 1} | asdict(found) | {"measured_at": found.measured_at.isoformat()} | changes
    paths.root.mkdir(parents=True, exist_ok=True)
    paths.calibration.write_text(json.dumps(content))


def test_where_nothing_is_known_there_is_no_time_but_the_way_to_one(sweep: Sweep) -> None:
    assert estimated(sweep.paths) is None
    plan = make_plan(make_points(), sweep.paths, Capacity(slots=1, max_lanes=128))
    assert how_to_know(plan, HERE) == (
        "No time estimate: this machine has not trained a pack of this size. `--calibrate` measures it within a minute."
    )
    train = "Train one seed there first: `--only seed=0`."
    small = f"No time estimate: these networks are too small to estimate from FLOPs. {train}"
    unknown = f"No time estimate: cluster/prices.yaml has no FLOPs of this GPU. {train}"
    assert how_to_know(plan, Machines(GPUS, here=False, gpu="H100")) == small
    assert how_to_know(plan, Machines(GPUS, here=False, gpu="T400")) == unknown
    assert how_to_know(plan, Machines(GPUS, here=False)) == unknown


def test_finished_packs_of_the_sweep_tell_how_long_the_rest_takes(sweep: Sweep) -> None:
    sweep.launch(make_points(seeds=2))
    found = estimated(sweep.paths)
    assert basis_of(found) == {Basis.FINISHED: 2}
    paces = []
    for file in read_done(sweep.paths).files:
        [attempt] = read_attempts(sweep.paths, file.pack_id)
        taken = datetime.fromisoformat(str(attempt.ended_at)) - datetime.fromisoformat(attempt.began_at)
        paces.append(taken.total_seconds())
    assert found is not None
    assert found.packs_s == pytest.approx(2 * sum(paces) / len(paces), rel=1e-6), "packs of one kind and size, two still to do"
    assert found.wall_s == pytest.approx(found.start_s + found.packs_s), "one slot"


def test_finished_packs_of_another_sweep_beside_it_tell_too(sweep: Sweep, tmp_path: Path) -> None:
    sweep.launch(make_points())
    neighbour = SweepPaths(tmp_path / "neighbour")
    assert basis_of(estimated(neighbour)) == {Basis.FINISHED: 2}
    assert estimated(neighbour, hidden=(16, 16)) is None, "another size"
    assert estimated(neighbour, workload="sweep.workload") is None, "what a stand-in took says nothing of training"


def test_packs_that_took_several_attempts_or_ran_elsewhere_are_no_evidence(sweep: Sweep) -> None:
    points = make_points(seeds=1)
    behave(sweep.data, Behaviour(raising=(points[0].run_id,), times=1))
    sweep.launch(points)
    assert estimated(sweep.paths) is None
    shutil.rmtree(sweep.paths.root)
    behave(sweep.data, Behaviour())
    sweep.launch(points)
    assert estimated(sweep.paths) is not None
    [file] = sweep.paths.attempts.glob("*/0001.json")
    content = json.loads(file.read_text())
    content["process"]["host"] = "another"
    file.write_text(json.dumps(content))
    assert estimated(sweep.paths) is None


def test_a_probe_of_this_sweep_tells_where_no_pack_has_finished(sweep: Sweep) -> None:
    pack = Pack(make_points())
    store_calibration(sweep.paths, pack, HERE)
    found = estimated(sweep.paths, workload="sweep.workload", seeds=2)
    assert basis_of(found) == {Basis.PROBED: 2}
    assert found is not None
    plan = make_plan(make_points(), sweep.paths, Capacity(slots=1, max_lanes=128))
    expected = sum(each.cost for each in plan.packs) * 1e-9 + 0.5 * 4 * 2 * 4
    assert found.packs_s == pytest.approx(expected)
    assert found.wall_s == pytest.approx(3.0 + expected), "and the start of a process"
    assert any("probed on" in note and "a processor" in note for note in found.notes)
    assert estimated(sweep.paths) is None, "a probe times training, and no stand-in"


def test_a_probe_that_was_slowed_by_other_work_says_so(sweep: Sweep) -> None:
    for cpu_s, said in ((3e-4, True), (1e-3, False)):
        store_calibration(sweep.paths, Pack(make_points()), HERE, cpu_s=cpu_s)
        found = estimated(sweep.paths, workload="sweep.workload")
        assert found is not None
        assert any("left it 30 % of a processor" in note for note in found.notes) is said


def test_a_probe_of_another_machine_or_version_says_nothing_here(sweep: Sweep) -> None:
    for change in ({"host": "another"}, {"schema_version": 99}):
        store_calibration(sweep.paths, Pack(make_points()), HERE, **change)
        assert estimated(sweep.paths, workload="sweep.workload") is None


def test_a_plan_for_a_cluster_says_that_this_machine_was_measured(sweep: Sweep) -> None:
    there = Machines(make_resources(slots=4), here=False)
    sweep.launch(make_points(seeds=1))
    found = estimated(sweep.paths, there)
    assert found is not None
    assert "the finished packs ran on this machine, not on the cluster's" in found.notes


LARGE = {"hidden": (512, 512, 512, 512), "batch": 608}


def test_gpus_that_were_never_measured_are_estimated_from_flops_and_it_is_said(sweep: Sweep) -> None:
    found = estimated(sweep.paths, Machines(GPUS, here=False, gpu="A10G"), **LARGE)
    assert found is not None
    assert basis_of(found) == {Basis.FLOPS: found.packs}
    plan = make_plan(make_points(seeds=4, **LARGE), sweep.paths, Capacity(slots=8, max_lanes=128))  # type: ignore[arg-type]
    seconds = [pack.cost / (GPU_EFFICIENCY * 31.2e12 * 0.25) for pack in plan.packs]
    assert found.wall_s == pytest.approx(makespan(seconds, 8))
    assert found.gpu_s == pytest.approx(0.25 * sum(seconds))
    assert any(note.startswith("from FLOPs, not measured: A10G at an assumed 30 %") for note in found.notes)


def test_flops_tell_nothing_of_unknown_gpus_nor_of_small_networks(sweep: Sweep) -> None:
    assert estimated(sweep.paths, Machines(GPUS, here=False, gpu="NVIDIA Z9"), **LARGE) is None
    assert estimated(sweep.paths, Machines(GPUS, here=False), **LARGE) is None
    assert estimated(sweep.paths, Machines(GPUS, here=False, gpu="A10G")) is None, "seconds for what waits for the host"


def test_a_probe_that_had_a_gpu_for_itself_is_divided_among_those_that_share_it(sweep: Sweep) -> None:
    gpus = Machines(GPUS, here=True)
    pack = Pack(make_points())
    store_calibration(sweep.paths, pack, gpus, device="cuda")
    found = read_calibration(sweep.paths)
    assert found is not None
    [pace] = found.paces(0.25)
    assert pace.kind == kind_of(pack.points, GPUS)
    assert pace.s_per_flop == pytest.approx(4e-9)


def test_money_is_time_by_what_an_hour_of_all_machines_costs() -> None:
    machines = load_machines(AWS)
    assert (machines.here, machines.gpu) == (False, "L4")
    file = machines.spending
    assert file is not None
    hour = replace(_estimate(), wall_s=7200.0)
    found = money(hour, machines)
    assert found is not None
    assert found.on_demand_usd == pytest.approx(2 * file.most_per_hour)
    assert found.spot_usd == pytest.approx(2 * file.spot_per_hour)
    assert money(hour, HERE) is None


def _estimate() -> Estimate:
    return Estimate(datetime(2026, 1, 2, tzinfo=UTC), 8, 4, 2, 186.0, 350.0, 2.0, 1.0, 0.25, (), ())


def test_a_launch_stores_its_estimate_before_it_trains_and_is_scored_after(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep.launch(make_points(seeds=1))
    assert read_scores(sweep.paths) == (), "nothing was known, nothing was estimated"
    seen: list[int] = []
    train = stand_in.train_pack

    def train_and_look(*arguments: object, **named: object) -> object:
        seen.append(len(read_scores(sweep.paths)))
        return train(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(stand_in, "train_pack", train_and_look)
    end = sweep.launch(make_points(seeds=3))
    assert seen
    assert set(seen) == {1}
    score = end.status.score
    assert score == last_score(sweep.paths)
    assert score is not None
    assert score.outcome is not None
    assert (score.outcome.trained, score.outcome.planned) == (4, 4)
    assert score.error is not None


def test_a_launch_in_which_runs_fail_is_not_scored(sweep: Sweep) -> None:
    sweep.launch(make_points(seeds=1))
    points = make_points(seeds=2)
    behave(sweep.data, Behaviour(raising=(points[-1].run_id,)))
    score = sweep.launch(points).status.score
    assert score is not None
    assert score.error is None
    assert "not scored" in score.text


def test_what_a_started_pack_has_behind_it_is_not_estimated_again(sweep: Sweep) -> None:
    sweep.launch(make_points(seeds=1))
    more = make_points(seeds=2)
    whole = estimated(sweep.paths, seeds=2)
    sweep.cut(more, more[-1])
    rest = estimated(sweep.paths, seeds=2)
    assert whole is not None
    assert rest is not None
    assert rest.packs_s < 0.8 * whole.packs_s


@pytest.mark.slow
def test_a_probe_of_real_training_fits_its_minute_and_is_kept_with_the_sweep(paths: SweepPaths) -> None:
    pack = Pack(make_points())
    found = calibrate(paths, [pack], make_resources(), seconds=60.0)
    assert read_calibration(paths) == found
    assert found.seconds <= 61.0
    [pace] = found.paces(0.0)
    assert pace.kind == kind_of(pack.points, make_resources())
    assert pace.s_per_flop > 0
    assert pace.evaluation_s > 0
    assert found.start_s > 0
    assert found.host == socket.gethostname()


def test_a_gpu_that_is_not_here_cannot_be_probed(paths: SweepPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(Exception, match="a machine without one"):
        calibrate(paths, [Pack(make_points())], GPUS)
    assert not paths.root.exists()


def test_a_neighbour_of_a_task_that_only_a_plugin_knows_is_no_evidence_and_stops_nothing(tmp_path: Path) -> None:
    ours, theirs = Sweep(tmp_path / "ours"), Sweep(tmp_path / "theirs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TASKS, "_entries", dict(TASKS._entries))
        patch.setattr(registry, "_ENVIRONMENTS", dict(registry._ENVIRONMENTS))
        register_task(TaskSpec("own", 2, 3, 1, 6, 4), lambda copies: None, title="Own", version="1")  # type: ignore[arg-type,return-value]
        theirs.launch(make_points(seeds=2, task="own"))
        neighbour = ours.paths.root.parent / "neighbour"
        shutil.copytree(theirs.paths.root, neighbour)
        (neighbour / "sweep.json").write_text("{}")
        assert finished_paces(ours.paths, HERE, stand_in.NAME)
    assert finished_paces(ours.paths, HERE, stand_in.NAME) == ()
    assert estimated(ours.paths) is None


@pytest.mark.parametrize("damage", ["newer launch file", "torn launch file", "results is a file", "torn attempt"])
def test_a_neighbour_that_cannot_be_read_is_no_evidence_and_stops_nothing(tmp_path: Path, damage: str) -> None:
    ours, theirs = Sweep(tmp_path / "ours"), Sweep(tmp_path / "theirs")
    theirs.launch(make_points(seeds=2))
    neighbour = ours.paths.root.parent / "neighbour"
    shutil.copytree(theirs.paths.root, neighbour)
    (neighbour / "sweep.json").write_text("{}")
    match damage:
        case "newer launch file":
            for file in (neighbour / "launches").glob("0*.json"):
                file.write_text(json.dumps({"schema_version": 99}))
        case "torn launch file":
            for file in (neighbour / "launches").glob("0*.json"):
                file.write_text(file.read_text()[:20])
        case "results is a file":
            shutil.rmtree(neighbour / "results")
            (neighbour / "results").write_text("")
        case _:
            for file in (neighbour / "attempts").glob("*/*.json"):
                file.write_text("[")
    assert estimated(ours.paths) is None


def evaluating(share: float) -> Callable[[TrainRequest], PackOutcome]:
    """The stand-in, whose packs spend this share of their second on evaluations."""
    train = stand_in.train_pack
    return lambda request: train(request)._replace(evaluation_s=share)


@pytest.mark.parametrize(("share", "told"), [(0.3, 1), (0.08, 0)])
def test_a_plan_says_if_evaluation_takes_more_than_a_tenth(
    share: float, told: int, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "train_pack", evaluating(share))
    sweep.launch(make_points(seeds=2))
    found = estimated(sweep.paths)
    assert found is not None
    plan = make_plan(make_points(seeds=4), sweep.paths, Capacity(1, 128))
    lines = [line for line in estimate_lines(plan, found, HERE) if "evaluation" in line]
    assert lines == told * [
        "evaluation takes about 0.3 of the time of simple_spread's packs; eval_episodes or eval_every change that"
    ]


def test_packs_of_other_numerics_tell_no_time_because_other_kernels_trained_them(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep.launch(make_points(seeds=2))
    assert estimated(sweep.paths) is not None
    monkeypatch.setattr(finished_packs, "NUMERICS_VERSION", NUMERICS_VERSION + 1)
    assert estimated(sweep.paths) is None
