"""The keys of a cluster file for hosts that are reached with ssh, and where files are on them."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from recipe_sweep.cluster.resources import Way
from recipe_sweep.cluster.schema import (
    STAGE_DATA,
    AbsolutePath,
    AutoGigabytes,
    BucketFolder,
    ClusterFile,
    Cpus,
    Gigabytes,
    Gpus,
    Hours,
    Name,
    PathOrNever,
    Word,
    matching,
    not_empty,
    refused,
    whole,
)


class Host(BaseModel):
    """One host, and what its packs may use of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, matching(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", "a host's name or its address in IPv4")]
    cpus: Cpus
    gpus: Gpus = 0
    memory_gb: Gigabytes
    gpu_memory_gb: AutoGigabytes = None


def _distinct(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    names = [host.host for host in hosts]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise refused("each host once", "remove one of them", f"{twice} twice")
    return hosts


class SshFile(ClusterFile):
    """Hosts that are reached with ssh. `ssh.yaml` explains each key."""

    backend: Literal["ssh"]
    name: Name = "recipe-sweep"
    hosts: Annotated[tuple[Host, ...], not_empty("at least one host"), AfterValidator(_distinct)]
    user: Annotated[str, matching(r"[A-Za-z_][\w.-]{0,31}", "a user's name, without spaces or quotes")]
    key: Annotated[str, matching(r"~?(/[\w.@+-]+)+", "an absolute path, or one below ~, without spaces or quotes")] | None = (
        None
    )
    directory: AbsolutePath
    hours: Hours
    python: Word = "python3"
    packages: Literal["install", "given"] = "install"
    port: Annotated[int, whole(1024, 65535)] = 6379
    store: BucketFolder | None = None
    stage_data: PathOrNever = STAGE_DATA

    @property
    def head(self) -> Host:
        """The first host. Ray's head and the launch run there, and it trains as well."""
        return self.hosts[0]

    @property
    def here(self) -> str:
        """The directory on every host where this cluster's own files are."""
        return f"{self.directory}/clusters/{self.name}"

    @property
    def scratch(self) -> str:
        """The directory on every host for Ray's files. It is short, because paths of sockets are limited."""
        return f"/tmp/rs-{hashlib.sha256(f'{self.user} {self.here}'.encode()).hexdigest()[:10]}"  # noqa: S108 (made with mode 700)

    @property
    def way(self) -> Way | None:
        """How files of packs travel. Hosts are taken to share nothing, unless the file says that they do."""
        if self.travel != "auto":
            return Way(self.travel)
        if len(self.hosts) == 1:
            return None
        return Way.RAY if self.store is None else Way.STORE
