"""The fields of KubeRay's RayJob that we write, with their types. They were written down by hand from the API of 1.1 to 1.7.

Kubernetes may drop a field that it does not know, without an error. So every mapping here is closed, and a misspelt field is a
mistake. A field that we begin to write has to be added here, after a look at KubeRay's reference of `RayJob`.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
SWITCH: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
QUANTITIES: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "integer"], "pattern": r"^[0-9]+(\.[0-9]+)?([KMGTPE]i?|[mk])?$"},
}
EMPTY: Schema = {"type": "object", "additionalProperties": False}


def mapping(needs: str, **fields: Schema) -> Schema:
    """A closed mapping. `needs` are the fields that must be there."""
    return {"type": "object", "properties": fields, "required": needs.split(), "additionalProperties": False}


def items(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


METADATA = mapping("name", name=TEXT, namespace=TEXT, labels=TEXTS)
NAMED = mapping("name", name=TEXT)
CONTAINER = mapping(
    "name",
    name=TEXT,
    image=TEXT,
    command=items(TEXT),
    env=items(mapping("name", name=TEXT, value=TEXT)),
    envFrom=items(mapping("secretRef", secretRef=NAMED)),
    resources=mapping("", requests=QUANTITIES, limits=QUANTITIES),
    volumeMounts=items(mapping("mountPath name", mountPath=TEXT, name=TEXT)),
)
VOLUME = mapping(
    "name",
    name=TEXT,
    emptyDir=EMPTY,
    configMap=NAMED,
    projected=mapping("sources", sources=items(mapping("", configMap=NAMED))),
    persistentVolumeClaim=mapping("claimName", claimName=TEXT),
) | {"minProperties": 2, "maxProperties": 2}
TEMPLATE = mapping(
    "spec",
    metadata=mapping("", labels=TEXTS),
    spec=mapping(
        "containers",
        initContainers=items(CONTAINER),
        containers=items(CONTAINER),
        volumes=items(VOLUME),
        nodeSelector=TEXTS,
        tolerations=items(mapping("", key=TEXT, operator={"enum": ["Exists", "Equal"]})),
    ),
)
RAY_CLUSTER = mapping(
    "headGroupSpec",
    rayVersion=TEXT,
    headGroupSpec=mapping("rayStartParams template", rayStartParams=TEXTS, template=TEMPLATE),
    workerGroupSpecs=items(
        mapping(
            "groupName minReplicas maxReplicas template",
            groupName=TEXT,
            replicas=WHOLE,
            minReplicas=WHOLE,
            maxReplicas=WHOLE,
            rayStartParams=TEXTS,
            template=TEMPLATE,
        )
    ),
)
RAY_JOB = mapping(
    "apiVersion kind metadata spec",
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=METADATA,
    spec=mapping(
        "entrypoint rayClusterSpec",
        entrypoint=TEXT,
        shutdownAfterJobFinishes=SWITCH,
        ttlSecondsAfterFinished=WHOLE,
        activeDeadlineSeconds=WHOLE,
        rayClusterSpec=RAY_CLUSTER,
    ),
)
CONFIG_MAP = mapping(
    "apiVersion kind metadata",
    apiVersion={"const": "v1"},
    kind={"const": "ConfigMap"},
    metadata=METADATA,
    data=TEXTS,
    binaryData=TEXTS,
)
BY_KIND = {"RayJob": RAY_JOB, "ConfigMap": CONFIG_MAP}
