"""Batched environments to evaluate policies in."""

from recipe_sweep.trainers.environments.registry import UnknownTaskError, available_tasks, make_environment, task_spec

__all__ = ["UnknownTaskError", "available_tasks", "make_environment", "task_spec"]
