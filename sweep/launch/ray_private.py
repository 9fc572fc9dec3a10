"""Ray's private parts that a launch depends on: what Ray has no public way for, in one file.

Each function says what Ray does without it. Where Ray has changed so that one of them would do nothing, it raises
ConnectionError, and the launch ends with that sentence: a launch that only seems to be private is worse than none.
"""

from __future__ import annotations

import re
import sys
from typing import Any

TRIED_WITH = "2.60.0"
LOOPBACK = "127.0.0.1"

_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|^AWS_")


def keep_secrets_in_the_environment() -> None:
    """Stop Ray Tune from passing AWS keys on to its workers as part of their description.

    Ray writes that description into its logs and on command lines. Workers on this machine inherit the environment anyway.
    """
    from ray.tune.execution import class_cache

    names = _there(class_cache, "ENV_VARS_TO_PROPAGATE")
    class_cache.ENV_VARS_TO_PROPAGATE = {name for name in names if not _SECRET.search(name)}


def listen_on_loopback() -> None:
    """Let Ray keep the address 127.0.0.1. It replaces it by the machine's own, and then its ports are open to everybody."""
    from ray._private import services

    rewrite = _there(services, "resolve_ip_for_localhost")

    def keep(host: str) -> str:
        return host

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "ray" and getattr(module, "resolve_ip_for_localhost", None) is rewrite:
            module.resolve_ip_for_localhost = keep  # type: ignore[attr-defined]


def start_workers_with(script: str) -> None:
    """Let Ray start its workers with this script; its own imports all of Ray before it replaces itself by the worker.

    The name is relative to Ray's own scripts, so an absolute path stands for itself. This saves time and guards nothing.
    """
    from ray._private import ray_constants

    ray_constants.SETUP_WORKER_FILENAME = script


def drain_this_node() -> None:
    """Have Ray start nothing more on this node: what Ray's own autoscaler calls.

    Where that is refused, packs come back until the machine is gone.
    """
    import ray
    from ray.core.generated import autoscaler_pb2

    here = ray.get_runtime_context()
    ray._raylet.GcsClient(address=here.gcs_address).drain_node(
        here.get_node_id(), autoscaler_pb2.DRAIN_NODE_REASON_PREEMPTION, "notice of the machine's end", 0
    )


def _there(module: Any, name: str) -> Any:
    """What a module of Ray has under a name. Raises ConnectionError where it has nothing."""
    import ray

    if not hasattr(module, name):
        raise ConnectionError(
            f"Ray {ray.__version__} has no {module.__name__}.{name}, so it cannot be kept private; install ray=={TRIED_WITH}"
        )
    return getattr(module, name)
