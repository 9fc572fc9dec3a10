"""Looks whether a launch can start on the machines of a cluster file, before anything is started or paid for."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from recipe_sweep.cluster.commands import CommandFailedError, MissingToolError, find_tool, run
from recipe_sweep.cluster.machine import (
    SHARED_MEMORY,
    available_memory_bytes,
    gpu_name,
    torch_cuda,
    visible_gpus,
)
from recipe_sweep.cluster.probe import Probe
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.estimates.disk import DiskUse
from recipe_sweep.sweep.monitoring.doctor import Finding, Severity
from recipe_sweep.sweep.units import memory

LEAST_SHARED_MEMORY = 10**9
LEAST_DISK = 2 * 10**9
"""Ray's session, logs and the packages of a node take about so much, in bytes."""
ANSWER_S = 20.0
_CONNECT_S = 3.0


def check_start(cluster: Cluster) -> tuple[Finding, ...]:
    """Check what a launch needs here, and ask the other side what can be asked without starting anything."""
    backend = cluster.backend
    findings = [*_tools(cluster), *(found for probe in backend.probes() for found in _answer(probe))]
    if (loss := backend.loss()) is not None:
        findings.append(Finding(Severity.NOTE, loss))
    if backend.is_here:
        findings += [*_memory(cluster), *_torch(cluster), *_ports()]
        findings += [] if cluster.resources.inline else _shared_memory()
    elif cluster.resources.address is not None and not backend.starts_machines:
        findings += _address(cluster.resources.address)
    return tuple(findings)


def check_disk(place: Path, needed: DiskUse | None, subject: str = "the sweep") -> Finding:
    """Compare the free disk at a place with what a plan needs there. Without a plan, with what every launch needs."""
    there = next(path for path in (place.absolute(), *place.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    need = LEAST_DISK if needed is None else needed.stays + needed.checkpoints + needed.data_to_come + LEAST_DISK
    text = f"{memory(free)} of disk are free at {there}; {subject} needs about {memory(need)}"
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding(Severity.PROBLEM, f"{there} cannot be written", "choose another place with --dir, or change its rights")
    if free < need:
        return Finding(Severity.PROBLEM, text, "free some space, choose another place with --dir, or keep fewer weights")
    return Finding(Severity.OK, text)


def _tools(cluster: Cluster) -> Iterator[Finding]:
    """Look for programs, for an account, and for what builds a wheel."""
    backend = cluster.backend
    for tool in backend.tools:
        try:
            yield Finding(Severity.OK, f"the program {tool} is here: {find_tool(tool)}")
        except MissingToolError as error:
            yield Finding(Severity.PROBLEM, f"the program {tool} is missing", f"install it: {error.expected}")
    try:
        backend.check_account()
    except MissingToolError as error:
        yield Finding(Severity.PROBLEM, f"{error.tool}: nothing of that name here", error.expected)
    if backend.ships_code and importlib.util.find_spec("build") is None:
        yield Finding(Severity.PROBLEM, "the package build is missing, so no wheel can be sent", "pip install build")


def _answer(probe: Probe) -> Iterator[Finding]:
    try:
        answer = run(probe.command, timeout_s=ANSWER_S)
    except MissingToolError:
        return  # `_tools` names it, if a launch needs it.
    except CommandFailedError as error:
        said = error.output.splitlines()[-1:] or [f"exit code {error.code}"]
        yield Finding(Severity.PROBLEM, f"{probe.subject}: {said[0]}", probe.remedy)
        return
    if probe.well(answer):
        yield Finding(Severity.OK, f"{probe.subject}: {' '.join(answer.split()) or 'there'}")
    else:
        yield Finding(Severity.PROBLEM, f"{probe.subject}: {' '.join(answer.split()) or 'no answer'}", probe.remedy)


def _memory(cluster: Cluster) -> Iterator[Finding]:
    resources, free = cluster.resources, available_memory_bytes()
    if resources.bytes_per_pack is None or resources.gpu_per_pack:
        yield Finding(Severity.OK, f"{memory(free)} of memory are free")
        return
    need = resources.slots * resources.bytes_per_pack
    text = f"{memory(free)} of memory are free; {counted(resources.slots, 'pack')} at once need up to {memory(need)}"
    if free < need:
        yield Finding(Severity.PROBLEM, text, "end other programs, or set fewer cpus or a smaller gb_per_pack")
    else:
        yield Finding(Severity.OK, text)


def _shared_memory() -> list[Finding]:
    """Look at /dev/shm, where Ray keeps objects. In containers it is often 64 MB."""
    if not SHARED_MEMORY.is_dir():
        return []
    free = shutil.disk_usage(SHARED_MEMORY).free
    text = f"{memory(free)} are free in {SHARED_MEMORY}"
    if free < LEAST_SHARED_MEMORY:
        remedy = "Ray then keeps its objects on disk; in a container, for example: docker run --shm-size=2g"
        return [Finding(Severity.NOTE, text, remedy)]
    return [Finding(Severity.OK, text)]


def _torch(cluster: Cluster) -> Iterator[Finding]:
    """Compare PyTorch's build with the GPUs of this machine."""
    build, gpu = torch_cuda(), gpu_name() or (f"{visible_gpus()} GPUs" if visible_gpus() else None)
    if build is None:
        yield Finding(Severity.PROBLEM, "PyTorch is not installed here", "install this package with its dependencies")
    elif gpu and not build and cluster.resources.device != "cpu":
        text = f"this machine has a GPU ({gpu}), but PyTorch is a build for CPUs"
        yield Finding(Severity.PROBLEM, text, "install a CUDA build: https://pytorch.org, or write `device: cpu`")
    elif build and not gpu:
        yield Finding(Severity.NOTE, f"PyTorch is a build for CUDA {build}, and no GPU is seen here: packs train on CPUs")
    else:
        yield Finding(Severity.OK, f"PyTorch is a build for {f'CUDA {build}' if build else 'CPUs'}, as this machine is")


def _ports() -> Iterator[Finding]:
    try:
        with socket.socket() as here:
            here.bind(("127.0.0.1", 0))
    except OSError as error:
        yield Finding(Severity.PROBLEM, f"no port of 127.0.0.1 can be used: {error.strerror}", "Ray needs ports on loopback")


def _address(address: str) -> list[Finding]:
    """Look whether somebody listens where Ray should be. `auto` and other forms are left to Ray."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        return [Finding(Severity.NOTE, f"whether Ray runs at {address} is only known to a launch")]
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except OSError as error:
        text = f"nobody listens at {address}: {error.strerror or 'no answer'}"
        return [Finding(Severity.PROBLEM, text, "start Ray there, or correct `address` in the cluster file")]
    return [Finding(Severity.OK, f"somebody listens at {address}")]
