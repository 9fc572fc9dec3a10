"""One measurement. It runs in a process of its own, so that the process's memory is that of one pack."""

from __future__ import annotations

import dataclasses
import itertools
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

import torch
from torch.utils.benchmark import Timer
from torch.utils.benchmark import timer as wall_time
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.paper_words import of_paper
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    Precision,
    Source,
    ValueLearning,
)
from recipe_sweep.trainers.cost import pack_memory, step_flops
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.networks import Mlp
from recipe_sweep.trainers.parameters import Copies
from recipe_sweep.trainers.probe import NEVER, ROWS, random_dataset
from recipe_sweep.trainers.train import PackTrainer

ALPHAS = {Extraction.BRAC: (0.03, 0.1, 0.3, 1.0), Extraction.AWR: (0.3, 1.0, 3.0, 10.0)}
LEAST_STEPS = 3
"""Steps that are timed even if they take longer than `Case.seconds`."""
OWN_PRODUCT = 32, 192, 64
"""Rows, samples and width of the product that compiled functions are measured with."""
GPU_WARM_UP = 5
"""Steps that are not timed on a GPU: those before a graph is recorded, its recording, and one replay."""


@dataclass(frozen=True)
class Case:
    """A pack: `seeds` x the extractions x `alphas` of each."""

    task: str
    decomposition: str
    value_learning: str
    extractions: tuple[str, ...] = of_paper(Extraction)
    alphas: int = 4
    seeds: int = 1
    hidden: tuple[int, ...] = (512, 512, 512, 512)
    batch: int = 608
    fused: bool = True
    """True: the kernels that the trainer chooses. False: PyTorch's kernels alone"""
    device: str = "cpu"
    precision: str = "float32"
    graph: bool = False
    """Whether a GPU replays each step as one CUDA graph"""
    seconds: float = 2.0
    """Least time of measuring"""

    @property
    def lanes(self) -> int:
        """Number of runs."""
        return self.seeds * self.alphas * len(self.extractions)

    @property
    def name(self) -> str:
        """Name of the design."""
        return "-".join((self.decomposition, self.value_learning, "+".join(self.extractions)))

    def points(self) -> list[DesignPoint]:
        """List the runs of the pack."""
        decomposition, learning = Decomposition.of(self.decomposition), ValueLearning.of(self.value_learning)
        return [
            DesignPoint(
                task=self.task, source=Source.HOMEGROWN, dataset="expert", dataset_version="1", dataset_seed=0,
                dataset_size=ROWS, decomposition=decomposition, value_learning=learning,
                tau=0.9 if learning is ValueLearning.IQL else None, extraction=Extraction.of(extraction), alpha=alpha,
                critic_norm=CriticNorm.SVN if decomposition is Decomposition.MIX else CriticNorm.NONE,
                actor_norm=ActorNorm.ABSMEAN, seed=seed, steps=NEVER, batch=self.batch, hidden=self.hidden, lr=3e-4,
                gamma=0.99, polyak=0.005, eval_every=NEVER, eval_episodes=1, diagnostics_every=NEVER,
                divergence_bound=1e8, precision=Precision(self.precision),
            )
            for seed, extraction in itertools.product(range(self.seeds), self.extractions)
            for alpha in ALPHAS[Extraction.of(extraction)][: self.alphas]
        ]  # fmt: skip


class Measured(NamedTuple):
    """Measurements of one gradient step of the whole pack."""

    case: dict[str, Any]
    lanes: int
    cpu_s: float
    """CPU-seconds (on a GPU: seconds) of the fastest step, the one that other work disturbed least; peaks are measured alike"""
    median_cpu_s: float
    steps: int
    """Number of steps that were measured"""
    flops: float
    """Counted operations of its matrix products"""
    least_flops: float
    """Least operations, computed from the shapes (recipe_sweep.trainers.cost)"""
    peak_bytes: int
    """Largest memory that building and stepping the pack added to the process"""
    model_bytes: int
    """Memory computed from the shapes, without the dataset"""


def measure(case: Case) -> Measured:
    """Build the pack on random data, take a few uncounted steps, and time the next ones one by one."""
    torch.set_num_threads(1)
    _wake_libraries(case)
    before = resident()
    trainer = build(case)
    trainer.advance()
    for _ in range(0 if case.device == "cpu" else GPU_WARM_UP - 1):
        trainer.advance()
    timer = Timer("trainer.advance()", globals={"trainer": trainer}, timer=_clock(case.device), num_threads=1)
    times = [timer.timeit(1).mean for _ in range(LEAST_STEPS)]
    while sum(times) < case.seconds:
        times.append(timer.timeit(1).mean)
    peak = _peak() - before if case.device == "cpu" else torch.cuda.max_memory_allocated()
    memory = pack_memory(trainer.points)
    return Measured(
        case=asdict(case),
        lanes=case.lanes,
        cpu_s=min(times),
        median_cpu_s=median(times),
        steps=len(times),
        flops=_operations(case),
        least_flops=step_flops(trainer.points),
        peak_bytes=peak,
        model_bytes=memory.parameters + memory.activations,
    )


def _operations(case: Case) -> float:
    """Count the operations of a step with PyTorch's kernels, because those of compiled functions cannot be counted."""
    trainer = build(dataclasses.replace(case, fused=False))
    with FlopCounterMode(display=False) as counted:
        trainer.advance()
    return float(counted.get_total_flops())


def build(case: Case) -> PackTrainer:
    """Build the pack on random data, before its first step."""
    device, precision = torch.device(case.device), Precision(case.precision)
    kernels = Kernels.choose(device, precision) if case.fused else EAGER
    kernels = dataclasses.replace(kernels, graph=case.graph)
    return PackTrainer(case.points(), random_dataset(task_spec(case.task)), device=case.device, kernels=kernels)


def _clock(device: str) -> Callable[[], float]:
    """Choose the clock: CPU-seconds of this process, or on a GPU wall time after the device has finished its work."""
    return time.process_time if device == "cpu" else wall_time


def peak_flops(device: str, seconds: float = 3.0) -> float:
    """Measure the peak: operations per second of the best float32 matrix product on one thread, or on a GPU."""
    return max(product_flops(device, seconds).values())


def product_flops(device: str, seconds: float = 3.0, size: int = 2048) -> dict[str, float]:
    """Measure the operations per second of matrix products, by who computes them. `seconds` are for all of them."""
    torch.set_num_threads(1)
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    names = {"torch": torch, "a": a, "b": b}
    ways = {"PyTorch's": ("torch.mm(a, b)", 2.0 * size**3)}
    if device == "cpu":
        if torch.backends.mkldnn.is_available():
            ways["oneDNN's"] = ("torch.ops.mkldnn._linear_pointwise(a, b, None, 'none', [], '')", 2.0 * size**3)
        rows, samples, width = OWN_PRODUCT
        network = Mlp(width, (), width, norm=False, kernels=Kernels(fused=True))
        names |= {"own": network, "x": torch.randn(rows, samples, width)}
        names |= {"copies": Copies(torch.randn(rows, network.layout.size), network.layout)}
        ways["our own"] = ("own(copies, x)", 2.0 * rows * samples * width * width)
    found = {}
    for name, (code, operations) in ways.items():
        timer = Timer(code, globals=names, timer=_clock(device), num_threads=1)
        found[name] = operations / min(timer.blocked_autorange(min_run_time=seconds / len(ways)).times)
    return found


def _wake_libraries(case: Case) -> None:
    """Take a step of the smallest pack of this kind, because the memory of libraries and compiled code is not the pack's."""
    small = dataclasses.replace(case, seeds=1, alphas=1, extractions=case.extractions[:1], hidden=(16,), batch=2)
    trainer = build(small)
    with FlopCounterMode(display=False):
        trainer.advance()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def resident() -> int:
    """Read how many bytes of main memory this process has now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
