"""All uses of Ray's private modules. Each does what no public function of Ray does.

Each function says what Ray does without it. If Ray has changed so that a function would do nothing, it raises
ConnectionError. The launch then ends with that sentence, because it must not run without this protection.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Any

TRIED_WITH = "2.60.0"
LOOPBACK = "127.0.0.1"

NOBODYS_PORT = 1
"""Only the system's administrator may listen on it."""

_SETTINGS = {
    "RAY_enable_pipe_based_agent_to_parent_health_check": "1",
    # A worker that was started in advance waits so long for a pack. Ray would end it after a second.
    "RAY_idle_worker_killing_time_threshold_ms": "600000",
}
_LEFT_OUT = ("start_api_server", "start_monitor", "start_log_monitor")
_PORTS = (
    "METRICS_AGENT_PORT_NAME",
    "METRICS_EXPORT_PORT_NAME",
    "DASHBOARD_AGENT_LISTEN_PORT_NAME",
    "RUNTIME_ENV_AGENT_PORT_NAME",
)
_AGENT = re.compile(r"^(--(?:dashboard|runtime_env)_agent_command=).*", re.DOTALL)
_IN_ADVANCE = re.compile(r"^(--num_prestart_python_workers=).*")
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|^AWS_")


def keep_secrets_in_the_environment() -> None:
    """Stop Ray Tune from passing AWS keys to its workers in their description.

    Ray writes that description into logs and on command lines. Workers on this machine inherit the environment anyway.
    """
    from ray.tune.execution import class_cache

    names = _there(class_cache, "ENV_VARS_TO_PROPAGATE")
    class_cache.ENV_VARS_TO_PROPAGATE = {name for name in names if not _SECRET.search(name)}


def listen_on_loopback() -> None:
    """Let Ray keep the address 127.0.0.1. Else Ray uses the machine's own address, and its ports are open to everybody."""
    from ray._private import services

    rewrite = _there(services, "resolve_ip_for_localhost")

    def keep(host: str) -> str:
        return host

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "ray" and getattr(module, "resolve_ip_for_localhost", None) is rewrite:
            module.resolve_ip_for_localhost = keep  # type: ignore[attr-defined]


def start_workers_with(script: str) -> None:
    """Let Ray start its workers with this script. Ray's own script imports all of Ray before it becomes the worker.

    Ray joins the name to the folder of its scripts, so an absolute path remains as it is. This only saves time.
    """
    from ray._private import ray_constants

    ray_constants.SETUP_WORKER_FILENAME = script


def start_no_helpers(workers: int) -> None:
    """Start Ray without its dashboard, monitors and agents, and let Tune give its workers no environment of their own.

    These five processes take 3 CPU-seconds at the start, and nothing here asks them anything. Ray insists on two agents, so
    `cat` stands for each: it ends with the raylet, because the raylet holds its input. Ports are written that nobody can
    listen on. One agent makes the environments of workers, so workers must need none: see `pass_nothing_to_workers`.

    Only `workers` processes are started in advance. Ray's own number is that of all CPUs.

    This only saves time, so another Ray that lacks a name starts as it does.
    """
    from ray import _raylet
    from ray._private import ray_constants, services
    from ray._private.node import Node

    ports = [getattr(_raylet, name, None) for name in _PORTS]
    persist = getattr(_raylet, "persist_port", None)
    if persist is None or not all(ports) or not all(hasattr(Node, name) for name in _LEFT_OUT):
        return
    start = services.start_ray_process

    def without_agents(command: list[str], process_type: str, *arguments: Any, **options: Any) -> Any:
        if process_type == ray_constants.PROCESS_TYPE_RAYLET:
            said = dict(word[2:].split("=", 1) for word in command if word.startswith("--") and "=" in word)
            for port in ports:
                persist(said["session_dir"], said["node_id"], port, NOBODYS_PORT)
            command = [_IN_ADVANCE.sub(rf"\g<1>{workers}", _AGENT.sub(r"\1cat", word)) for word in command]
        return start(command, process_type, *arguments, **options)

    services.start_ray_process = without_agents
    for name in _LEFT_OUT:
        setattr(Node, name, _nothing)
    os.environ.update(_SETTINGS)
    os.environ.pop("RAY_RUNTIME_ENV_HOOK", None)


def pass_nothing_to_workers() -> None:
    """Stop Ray Tune from naming environment variables for its workers, and from keeping datasets that do not exist.

    On this machine workers inherit the environment. Ray can then use a worker that it has started in advance, and needs no
    agent. Before Tune saves its state, it imports Ray Data in order to save datasets of it.
    """
    from ray.tune.execution import class_cache, experiment_state

    _there(class_cache, "ENV_VARS_TO_PROPAGATE")
    class_cache.ENV_VARS_TO_PROPAGATE = set()
    class_cache.DEFAULT_ENV_VARS = {}
    experiment_state.out_of_band_serialize_dataset = contextlib.nullcontext


def drain_this_node() -> None:
    """Tell Ray to start nothing more on this node, by the call of Ray's own autoscaler.

    If Ray refuses, packs come back here until the machine is gone.
    """
    import ray
    from ray.core.generated import autoscaler_pb2

    here = ray.get_runtime_context()
    ray._raylet.GcsClient(address=here.gcs_address).drain_node(
        here.get_node_id(), autoscaler_pb2.DRAIN_NODE_REASON_PREEMPTION, "notice of the machine's end", 0
    )


def _there(module: Any, name: str) -> Any:
    """Get a name from a module of Ray. Raises ConnectionError if the module does not have it."""
    import ray

    if not hasattr(module, name):
        raise ConnectionError(
            f"Ray {ray.__version__} has no {module.__name__}.{name}, so it cannot be kept private; install ray=={TRIED_WITH}"
        )
    return getattr(module, name)


def _nothing(*_: Any, **__: Any) -> None:
    """Stand for a method of Ray that starts a process."""
