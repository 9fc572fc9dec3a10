"""What each kind of cluster file is turned into, kept as text: `python -m tests.cluster.golden_files` writes it anew.

Read the difference before you commit it: these files start machines that cost money.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from recipe_sweep import cluster
from recipe_sweep.cluster.backends.base import Backend
from recipe_sweep.cluster.shipment import Cargo, TextFile, Wheel
from recipe_sweep.sweep.clusters.machines import load_cluster

SCRIPT = Path(cluster.__file__).parent / "backends" / "node.sh"
"""What all scripts of given hosts end with. It is kept there, and not once more for every case."""
FOLDER = Path(__file__).parent / "golden"
REFRESH = "python -m tests.cluster.golden_files"
SAMPLES = Path(cluster.__file__).parent
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHEEL_BYTES = b"not really a wheel " * 40_000
GRID = "schema_version: 1\nname: little\n"

FILES = {
    "aws": (SAMPLES / "aws.yaml").read_text(encoding="utf-8"),
    "aws-on-demand": """
backend: aws
name: cpus
region: eu-west-1
image: ami-0a1b2c3d4e5f60718
file_system: fs-0a1b2c3d4e5f60718
worker_instances: [c6i.4xlarge]
workers: 2
spot: false
budget_usd: 5
subnets: [subnet-0a1b2c3d4e5f60718]
security_groups: [sg-0a1b2c3d4e5f60718]
head_profile: recipe-sweep-head
cpus_per_pack: 2
""",
    "aws-store": """
backend: aws
name: stored
region: eu-west-1
image: ami-0a1b2c3d4e5f60718
store: s3://results/ann
worker_instances: [g5.2xlarge]
workers: 2
budget_usd: 20
head_profile: recipe-sweep-head
worker_profile: recipe-sweep-worker
notify: env:TELL
""",
    "ssh": (SAMPLES / "ssh.yaml")
    .read_text(encoding="utf-8")
    .replace("key: null", "key: ~/.ssh/recipe-sweep")
    .replace("  # - {host", "  - {host"),
    "ssh-one-host": """
backend: ssh
name: one
user: ann
hosts: [{host: gpu.example.org, cpus: 16, gpus: 4, memory_gb: 240}]
directory: /scratch/ann
hours: 0.5
python: /opt/python3.12/bin/python3
packages: given
port: 7001
store: s3://results/ann
gb_per_pack: 8
""",
    "slurm": (SAMPLES / "slurm.yaml").read_text(encoding="utf-8"),
    "slurm-gpu": """
backend: slurm
name: gpus
directory: /scratch/me/gpus
nodes: 2
cpus_per_node: 16
gpus_per_node: 4
memory_gb_per_node: 240
hours: 1.5
partition: a100
account: lab-7
setup: [module purge, module load python/3.12]
gb_per_pack: 8
""",
    "slurm-array": """
backend: slurm
name: shared
mode: array
directory: /scratch/me/shared
nodes: 2
cpus_per_node: 16
gpus_per_node: 4
memory_gb_per_node: 240
hours: 1.5
requeues: 5
python: python3.12
packages: given
cpus_per_pack: 4
gb_per_pack: 8
""",
    "kubernetes": (SAMPLES / "kubernetes.yaml").read_text(encoding="utf-8"),
    "kubernetes-spot": """
backend: kubernetes
name: spot
namespace: lab
image: registry.example/base:2
claim: shared
workers: 3
cpus_per_worker: 16
memory_gb_per_worker: 64
hours: 2
node_selector: {karpenter.sh/capacity-type: spot}
tolerations: [spot]
""",
    "kubernetes-store": """
backend: kubernetes
name: stored
image: registry.lab.org/base:2
head_claim: sweeps
store: s3://results/ann
secret: bucket-keys
workers: 2
cpus_per_worker: 4
memory_gb_per_worker: 16
hours: 1
""",
}


class Golden(NamedTuple):
    """One generated file and its recorded text."""

    case: str
    name: str
    text: str

    @property
    def path(self) -> Path:
        return FOLDER / self.case / self.name


def filled_in(text: str) -> str:
    """A sample without its placeholders, so that a cluster of it can start. A file system replaces a bucket, which is asked."""
    text = text.replace("-0123456789abcdef0", "-0a1b2c3d4e5f60718").replace("registry.example/", "registry.lab.org/")
    return text.replace("store: s3://my-bucket/sweeps\n", "").replace("file_system: null", "file_system: fs-0a1b2c3d4e5f60718")


def backend(case: str) -> Backend[Any]:
    """The machines of a case, their file read as a user's would be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.yaml"
        path.write_text(FILES[case], encoding="utf-8")
        return load_cluster(path).backend


def cargo(case: str) -> Cargo:
    directory = Path(f"/home/me/{case}.generated")
    wheel = Wheel(directory / "recipe_sweep-0.1.0-py3-none-any.whl", hashlib.sha256(WHEEL_BYTES).hexdigest())
    store = backend(case).store_of("little")
    return Cargo(directory, wheel, GRID, WHEEL_BYTES, () if store is None else ("--store", store))


def generated(case: str) -> tuple[TextFile, ...]:
    """Everything that `up` would write for a case, the wheel aside."""
    return backend(case).up(cargo(case), NOW).files


def goldens() -> Iterator[Golden]:
    for case in FILES:
        for file in generated(case):
            if not file.bulky and file.name != "grid.yaml":
                yield Golden(case, file.name, file.text.removesuffix(SCRIPT.read_text(encoding="utf-8")))


if __name__ == "__main__":
    for golden in goldens():
        golden.path.parent.mkdir(parents=True, exist_ok=True)
        golden.path.write_text(golden.text, encoding="utf-8")
        print(f"wrote {golden.path}")
