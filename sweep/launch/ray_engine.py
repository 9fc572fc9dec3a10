"""The engine: a process of its own, in which Ray Tune runs one trial per pack.

A launch starts the engine with the launch's file. The launch holds the lease and watches. Tune decides when and where packs
run. What a pack is, whether it is done and what a failure means is decided elsewhere, from files. Tune's own record of an
experiment is never read again: every launch is a new experiment.

Tune gets packs from a searcher, which hands out the next one when there is room. So a failed pack can come back or be halved
while the others train. Tune restarts a worker that is killed (`max_failures=-1`). An exception in training never reaches
Tune, because the worker records it and returns.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.sweep.files.attempt_file import AttemptEnd
from recipe_sweep.sweep.files.launch_file import REAL, LaunchFile, LaunchSettings, read_launch
from recipe_sweep.sweep.files.process import ProcessIdentity, children
from recipe_sweep.sweep.files.way_file import write_way
from recipe_sweep.sweep.launch import ray_imports, ray_private, ray_worker_start, start_watch
from recipe_sweep.sweep.launch.pack_queue import PackQueue
from recipe_sweep.sweep.launch.ray_files import RayFiles, make_ray_files
from recipe_sweep.sweep.locks.lease import holds
from recipe_sweep.sweep.locks.stop import told_to_stop
from recipe_sweep.sweep.travel import ray_gate
from recipe_sweep.sweep.travel.choice import choose

HOPELESS_EXIT = 3
RAY_GONE_EXIT = 4
NO_RAY_EXIT = 5
DRAINED_EXIT = 6
TERMINATED_EXIT = 7
NO_WORKER_EXIT = 8
UNSEEN_EXIT = 9
"""A machine that joined later does not see the sweep's directory or its data. Packs must travel in another way."""
_UNSEEN = "unseen"
RAY_SERVERS = frozenset({"raylet", "gcs_server"})
RAY_DIRECTORY = "RECIPE_SWEEP_RAY_DIRECTORY"
"""Environment variable in which the launch names the directory for Ray's sockets and logs."""

CONNECT_TIMEOUT_S = 10.0

OBJECT_STORE_BYTES = 100_000_000
"""Size of Ray's shared memory. We put nothing there, and Ray's default is a third of the machine's memory."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
}


def main(launch_path: str) -> int:
    """Run the packs of a launch.

    Return 0, HOPELESS_EXIT if too much failed, or NO_RAY_EXIT if Ray cannot be reached. If Ray dies, the process ends with
    RAY_GONE_EXIT.
    """
    launch = read_launch(Path(launch_path))
    queue = PackQueue(launch)
    try:
        _run(launch, queue)
    except ConnectionError:
        traceback.print_exc()
        return NO_RAY_EXIT
    return HOPELESS_EXIT if queue.hopeless else 0


def _run(launch: LaunchFile, queue: PackQueue) -> None:
    settings, resources = launch.settings, launch.settings.resources
    # These are set before Ray is imported, because it reads most of them once. Workers and their thread pools inherit them.
    threads = {name: str(resources.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    os.environ.update(QUIET | threads | {"TUNE_MAX_PENDING_TRIALS_PG": str(resources.slots)})

    with ray_imports.without_collection():
        import ray

    connected, over = threading.Event(), threading.Event()
    threading.Thread(target=_stop_before_start, args=(settings, connected), name="stop-watch", daemon=True).start()
    files = _ray_files()
    # Ray puts the directory in which it starts on its workers' path.
    with contextlib.chdir(files.empty):
        _connect(settings, files, over, len(launch.packs))
    connected.set()
    chosen = choose(launch)
    write_way(settings.paths.way_file(settings.epoch), chosen)
    gate = ray_gate.start_gate(settings, by_store=chosen.way.by_store) if chosen.way.through_gate else None
    # Ray Tune is imported after the start of Ray, so that workers start beside.
    tune = _tune(resources)
    try:
        bundle = {"CPU": float(resources.cpus_per_pack)} | ({"GPU": resources.gpu_per_pack} if resources.gpu_per_pack else {})
        tuner = tune.Tuner(
            tune.with_resources(_trainable(settings, gate, by_store=chosen.way.by_store), tune.PlacementGroupFactory([bundle])),
            tune_config=tune.TuneConfig(
                search_alg=_searcher(queue, resources.slots if _spare_cpus(resources) else None),
                num_samples=-1,
                reuse_actors=resources.reuse_workers,
                trial_name_creator=lambda trial: str(trial.config["pack_id"]),
                trial_dirname_creator=lambda trial: str(trial.config["pack_id"]),
            ),
            run_config=tune.RunConfig(
                name=f"launch-{settings.epoch:06d}",
                storage_path=str(settings.paths.ray),
                failure_config=tune.FailureConfig(max_failures=-1),
                verbose=0,
                callbacks=[_start_watch(settings, queue, files.ray / "session_latest" / "logs")],
            ),
        )
        tuner.fit()
    finally:
        over.set()
        ray.shutdown()
        if RAY_DIRECTORY in os.environ and not holds(
            settings.paths.lease, settings.epoch
        ):  # The launch is dead and cannot remove it.
            shutil.rmtree(os.environ[RAY_DIRECTORY], ignore_errors=True)


def _tune(resources: Resources) -> Any:
    """Import Ray Tune, and stop it from passing secrets on."""
    ray_imports.import_tune()
    from ray import tune

    ray_private.keep_secrets_in_the_environment()
    if resources.address is None:
        ray_private.pass_nothing_to_workers()
    return tune


def _connect(settings: LaunchSettings, files: RayFiles, over: threading.Event, packs: int) -> None:
    """Start a Ray of our own and watch it until `over`, or join the one at the given address. Never use another."""
    import ray

    resources = settings.resources
    if resources.address is not None:
        _check_address(resources.address)
        ray.init(address=resources.address, log_to_driver=False, logging_level="warning")
        return
    ray_private.start_workers_with(ray_worker_start.__file__)
    ray_private.listen_on_loopback()
    ray_private.start_no_helpers(workers=min(resources.slots, packs))
    os.environ[ray_worker_start.PREPARE] = " ".join(_needed_by_workers(settings))
    ray.init(
        address="local",
        _node_ip_address=ray_private.LOOPBACK,
        num_cpus=resources.cpus + _spare_cpus(resources),
        num_gpus=resources.gpus,
        object_store_memory=OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="warning",
        _temp_dir=str(files.ray),
    )
    threading.Thread(target=_die_with_ray, args=(_ray_servers(), over), name="ray-watch", daemon=True).start()


def _needed_by_workers(settings: LaunchSettings) -> tuple[str, ...]:
    """Name the modules that a worker imports before it has a pack. PyTorch waits for Ray to choose a GPU, if there are any."""
    mine = ("recipe_sweep.sweep.worker.pack_worker", "recipe_sweep.sweep.results.publish")
    return mine if settings.workload != REAL or settings.resources.gpus else (*mine, "recipe_sweep.trainers.train")


def _ray_files() -> RayFiles:
    """Find the directory for Ray that the launch names and later removes, or make one."""
    named = os.environ.get(RAY_DIRECTORY)
    return RayFiles(Path(named)) if named else make_ray_files()


def _stop_before_start(settings: LaunchSettings, connected: threading.Event) -> None:
    """End this process if it is asked to stop while it still tries to reach Ray, which can take minutes."""
    while not connected.wait(0.5):
        if told_to_stop(settings):
            os._exit(0)


def _check_address(address: str) -> None:
    """Raise ConnectionError if nothing listens at host:port. Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise ConnectionError(f"nothing answers at {address} ({error})") from error


def _ray_servers() -> tuple[ProcessIdentity, ...]:
    """Find the processes that this Ray needs. They are children of this one."""
    return tuple(child for child in children() if child.name() in RAY_SERVERS)


def _die_with_ray(servers: Sequence[ProcessIdentity], over: threading.Event) -> None:
    """End this process when one of Ray's servers is gone, because Tune would wait forever. The launch starts a new engine."""
    while not over.wait(1.0):
        if not all(server.is_alive() for server in servers):
            print("Ray is gone", file=sys.stderr, flush=True)
            os._exit(RAY_GONE_EXIT)


def _trainable(settings: LaunchSettings, gate: Any, *, by_store: bool) -> Any:
    """Make the function that Tune runs for a pack. `gate` is the handle of the gate; None if all machines see the directory."""

    def train(config: dict[str, Any]) -> dict[str, str]:
        from recipe_sweep.sweep.travel.choice import sees_all
        from recipe_sweep.sweep.travel.mirror import Mirror
        from recipe_sweep.sweep.travel.ray_gate import RayConnection
        from recipe_sweep.sweep.travel.shared_folder import SharedFolder
        from recipe_sweep.sweep.worker.pack_worker import work

        pack_id, shared = str(config["pack_id"]), SharedFolder(settings)
        if gate is None and not sees_all(settings, pack_id):
            return {"end": _UNSEEN}
        travel = shared if gate is None else Mirror(settings, RayConnection(gate, settings.launch_id), by_store)
        end = work(travel, pack_id)
        if end is AttemptEnd.DRAINED:
            _leave_this_machine()
        if end is AttemptEnd.TERMINATED:
            os._exit(TERMINATED_EXIT)  # Tune restarts its pack, as after any death of a process.
        return {"end": end.value}

    return train


def _leave_this_machine() -> None:
    """End this worker, and let Ray start nothing more on its machine. Tune restarts its pack on another node."""
    ray_private.drain_this_node()
    os._exit(DRAINED_EXIT)


def _spare_cpus(resources: Resources) -> int:
    """Compute extra CPUs to declare to Ray. They do not exist; they let the next pack start without Ray's one-second delay.

    The searcher limits the running packs to the number of slots. With GPUs there are none, because a process keeps GPU memory
    until it has ended.
    """
    fresh_here = resources.address is None and not resources.reuse_workers and not resources.gpus
    return resources.cpus_per_pack if fresh_here else 0


def _searcher(queue: PackQueue, at_once: int | None) -> Any:
    from ray.tune.search import Searcher

    class PackSearcher(Searcher):  # type: ignore[misc]  # Ray is untyped here
        """Hands the queue's packs to Tune, at most `at_once` side by side, and notes how they ended."""

        def __init__(self) -> None:
            super().__init__(metric="end", mode="max")
            self._packs: dict[str, str] = {}

        def suggest(self, trial_id: str) -> Any:
            if queue.finished:
                return Searcher.FINISHED
            if len(self._packs) == at_once:
                return None
            pack_id = queue.next()
            if pack_id is None:
                return None
            self._packs[trial_id] = pack_id
            return {"pack_id": pack_id}

        def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
            if result and result["end"] == _UNSEEN:
                os._exit(UNSEEN_EXIT)
            end = AttemptEnd.FAILED if error or not result else AttemptEnd(result["end"])
            queue.ended(self._packs.pop(trial_id), end)

        def save(self, checkpoint_path: str) -> None:
            """Save nothing, because a launch is never restored from Tune's state."""

        def restore(self, checkpoint_path: str) -> None:
            """Restore nothing, because nothing was saved."""

    return PackSearcher()


def _start_watch(settings: LaunchSettings, queue: PackQueue, logs: Path) -> Any:
    from ray.tune import Callback

    watch = start_watch.StartWatch(settings, logs)

    class StartCallback(Callback):  # type: ignore[misc]  # Ray is untyped here
        """Ends this process if many workers die before an attempt begins. Tune would start new ones forever."""

        def __init__(self) -> None:
            self._looked_at = 0.0

        def on_step_begin(self, iteration: int, trials: list[Any], **_: Any) -> None:
            if time.monotonic() - self._looked_at < start_watch.LOOK_EVERY_S:
                return
            self._looked_at = time.monotonic()
            packs = watch.stillborn(trials, queue.working)
            if packs:
                text = start_watch.printed(logs)
                start_watch.record_stillborn(settings, packs, text)
                print(f"{text}\n{start_watch.reason(text)}", file=sys.stderr, flush=True)
                os._exit(NO_WORKER_EXIT)

    return StartCallback()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
