"""All uses of Ray's private modules. Each does what no public function of Ray does.

Each function says what Ray does without it. If Ray has changed so that a function would do nothing, it raises
ConnectionError. The launch then ends with that sentence, because it must not run without this protection.
"""

from __future__ import annotations

import re
import sys
from typing import Any

TRIED_WITH = "2.60.0"
LOOPBACK = "127.0.0.1"

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
