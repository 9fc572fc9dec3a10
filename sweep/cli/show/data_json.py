"""Writes datasets as JSON, with the content of the tables in `show/data.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.trainers.data.inspection import LEVELS, Inspection
from recipe_sweep.trainers.data.inventory import Item, free_bytes, leftovers
from recipe_sweep.trainers.data.stored.card import Card
from recipe_sweep.trainers.data.verify import Verification
from recipe_sweep.trainers.environments.registry import task_spec


def inventory_json(items: Sequence[Item], root: Path) -> str:
    """Write every dataset, where it is and how large; and what killed processes left."""
    datasets = [
        {
            "source": item.source,
            "task": item.task,
            "dataset": item.dataset,
            "state": item.state,
            "directory": item.directory and str(item.directory),
            "size_bytes": item.size_bytes,
            "remark": item.remark,
        }
        | (_facts(item.card) if item.card is not None else {})
        for item in items
    ]
    left = [str(path) for path in leftovers(root)]
    return json_text({"directory": str(root), "free_bytes": free_bytes(root), "datasets": datasets, "leftovers": left})


def inspections_json(inspections: Sequence[Inspection]) -> str:
    """Write what datasets of one task hold. Quantiles of actions are by agent and component."""
    datasets = []
    for one in inspections:
        agents = task_spec(one.card.identity.task).n_agents
        components = len(one.action_quantiles) // agents
        datasets.append(
            _facts(one.card)
            | {
                "directory": str(one.directory),
                "returns": one.returns.tolist(),
                "episode_lengths": one.lengths.tolist(),
                "mean_action_size": one.action_size,
                "actions_at_a_bound": one.at_bound,
                "covered": one.covered,
                "action_quantiles": [
                    {
                        "agent": number // components,
                        "component": number % components,
                        "quantiles": dict(zip(map(str, LEVELS), quantiles.tolist(), strict=True)),
                    }
                    for number, quantiles in enumerate(one.action_quantiles)
                ],
            }
        )
    return json_text({"datasets": datasets})


def verifications_json(found: Sequence[Verification]) -> str:
    """Write what the checks of datasets found."""
    return json_text(
        {
            "datasets": [
                _facts(one.card)
                | {
                    "directory": str(one.directory),
                    "sound": one.sound,
                    "fingerprint": one.fingerprint,
                    "replay": one.replay and one.replay.model_dump(mode="json"),
                    "remade": one.remade and one.remade._asdict(),
                }
                for one in found
            ]
        }
    )


def _facts(card: Card) -> dict[str, object]:
    scale = {"score_0": card.scale.minimum, "score_1": card.scale.maximum}
    own = {"dataset_id": card.identity.dataset_id, "transitions": card.transitions, "content_hash": card.content_hash}
    return {**card.identity.model_dump(mode="json"), **own, "returns_summary": card.returns.model_dump(mode="json"), **scale}
