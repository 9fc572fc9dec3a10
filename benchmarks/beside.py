"""What a sweep spends besides single steps: evaluations, memory that grows, packs side by side, and a profile of a step."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.case import Case, build, resident
from benchmarks.paper_words import of_paper
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.trainers.batch import agent_inputs
from recipe_sweep.trainers.evaluation import evaluate

TASKS = ("2ant", "3hopper", "6halfcheetah", "simple_spread")
EPISODES = 10
PAPER_INTERVAL = 50_000
"""Gradient steps between the paper's evaluations."""
GROWTH_STEPS = 10_000
PAIR_S = 20.0
COMPILED = frozenset({"_Evaluate", "_Prepare", "_Mix"})
PRODUCTS = frozenset({"aten::bmm", "aten::baddbmm", "aten::mm", "aten::addmm"})


class Evaluated(NamedTuple):
    """CPU-seconds at the paper's width: of one evaluation of eight runs, and of the gradient steps between two evaluations."""

    task: str
    runs: int
    evaluation_s: float
    steps_s: float


class Growth(NamedTuple):
    """Resident megabytes of a pack: after the first tenth of its steps, and after all of them."""

    steps: int
    early_mb: float
    late_mb: float


class Pair(NamedTuple):
    """Gradient steps per second of wall time: of one pack by itself, and of each of two at the same time."""

    alone: float
    both: tuple[float, ...]


class Share(NamedTuple):
    """A kind of work in a step, and the share of its CPU time."""

    name: str
    share: float


def evaluation() -> list[Evaluated]:
    """Time one evaluation and one gradient step of a family of eight, on each task."""
    found = []
    for task in TASKS:
        trainer = build(Case(task, Decomposition.MIX, ValueLearning.SARSA))
        trainer.advance()
        begun = time.process_time()
        trainer.advance()
        step_s = time.process_time() - begun
        seeds = [point.seed for point in trainer.points]
        begun = time.process_time()
        evaluate(lambda seen, learner=trainer.learner: learner.act(agent_inputs(seen)), task, seeds, 0, EPISODES)
        found.append(Evaluated(task, len(seeds), time.process_time() - begun, PAPER_INTERVAL * step_s))
    return found


def growth() -> Growth:
    """Measure a small pack's memory over many steps."""
    trainer = build(Case("simple_spread", Decomposition.MIX, ValueLearning.TD, alphas=1, hidden=(32, 32), batch=32))
    early = 0.0
    for step in range(GROWTH_STEPS):
        trainer.advance()
        if step == GROWTH_STEPS // 10:
            early = resident() / 1e6
    return Growth(GROWTH_STEPS, early, resident() / 1e6)


def pair() -> Pair:
    """Compare two packs on two processors with one pack by itself."""
    return Pair(_rates(1)[0], tuple(_rates(2)))


def _rates(processes: int) -> list[float]:
    context = multiprocessing.get_context("spawn")
    answers, together = context.SimpleQueue(), context.Barrier(processes)
    workers = [context.Process(target=_train_for_a_while, args=(together, answers)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    rates = [float(answers.get()) for _ in workers]
    for worker in workers:
        worker.join()
    return rates


def _train_for_a_while(together: Barrier, answers: multiprocessing.SimpleQueue[float]) -> None:
    torch.set_num_threads(1)
    trainer = build(Case("3hopper", Decomposition.MIX, ValueLearning.SARSA, (Extraction.BRAC,), 1))
    trainer.advance()
    together.wait()
    begun, steps = time.monotonic(), 0
    while time.monotonic() - begun < PAIR_S:
        trainer.advance()
        steps += 1
    answers.put(steps / (time.monotonic() - begun))


def profiled(hidden: tuple[int, ...], batch: int, alphas: int, seeds: int) -> list[Share]:
    """Divide the CPU time of a step: products of PyTorch, compiled functions, and other operations by PyTorch's names."""
    extractions = (Extraction.BRAC,) if alphas == 1 else of_paper(Extraction)
    trainer = build(Case("3hopper", Decomposition.MIX, ValueLearning.SARSA, extractions, alphas, seeds, hidden, batch))
    trainer.advance()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(3):
            trainer.advance()
    kinds: dict[str, float] = {}
    for event in seen.key_averages():
        kind = "matrix products" if event.key in PRODUCTS else event.key
        kind = "compiled functions and their callers" if kind.removesuffix("Backward") in COMPILED else kind
        kinds[kind] = kinds.get(kind, 0.0) + event.self_cpu_time_total
    total = sum(kinds.values())
    ranked = sorted((Share(name, spent / total) for name, spent in kinds.items()), key=lambda each: -each.share)
    return [*ranked[:8], Share(f"{len(ranked[8:])} others", sum(each.share for each in ranked[8:]))]


def profiles() -> dict[str, list[Share]]:
    """Measure where the time goes in one run at the paper's size, and in a small pack."""
    return {"paper size": profiled((512,) * 4, 608, 1, 1), "hidden 64, 32 runs": profiled((64, 64), 64, 4, 4)}


BESIDE: Mapping[str, Callable[[], object]] = {
    "evaluation": evaluation,
    "profile": profiles,
    "growth": growth,
    "pair": pair,
}


def beside(name: str) -> object:
    """Measure the entry of `BESIDE` that has this name. Call it in a process of its own."""
    torch.set_num_threads(1)
    return BESIDE[name]()
