"""Tells Ray's launcher that the first host runs: `python -m recipe_sweep.cluster.backends.ray_local_head CONFIG`.

Ray's second autoscaler leaves this out for given machines. Then it takes the first host for lost, and starts only one other.
It has to be told before Ray starts, in the notes that the autoscaler reads.
"""

from __future__ import annotations

import sys
from pathlib import Path

from recipe_sweep.cluster.yaml_text import read_plain


def note_head(config: Path) -> None:
    """Note that the head of the cluster that this file describes is up to date."""
    from ray.autoscaler import tags
    from ray.autoscaler._private.local.node_provider import LocalNodeProvider

    content = read_plain(config.expanduser().read_text(encoding="utf-8"))
    provider = LocalNodeProvider(content["provider"], content["cluster_name"])
    head = {
        tags.TAG_RAY_NODE_KIND: tags.NODE_KIND_HEAD,
        tags.TAG_RAY_USER_NODE_TYPE: content["head_node_type"],
        tags.TAG_RAY_NODE_NAME: f"ray-{content['cluster_name']}-head",
        tags.TAG_RAY_NODE_STATUS: tags.STATUS_UP_TO_DATE,
    }
    provider.create_node({}, head, 1)


if __name__ == "__main__":
    note_head(Path(sys.argv[1]))
