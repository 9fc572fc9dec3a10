"""Writes datasets as JSON, with the content of the tables in `show/data.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.trainers.data.inspection import LEVELS, ActionShares, Inspection
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
    """Write what datasets of one task hold. Quantiles of actions are by agent and component, shares by agent and action."""
    datasets = []
    for one in inspections:
        datasets.append(
            _facts(one.card)
            | {
                "directory": str(one.directory),
                "returns": one.returns.tolist(),
                "episode_lengths": one.lengths.tolist(),
                "covered": one.covered,
            }
            | _actions(one)
        )
    return json_text({"datasets": datasets})


def _actions(one: Inspection) -> dict[str, object]:
    """List the numbers of the actions."""
    if isinstance(one.actions, ActionShares):
        return {"action_shares": one.actions.taken.tolist(), "legal_actions": one.actions.legal}
    components = len(one.actions.quantiles) // task_spec(one.card.identity.task).n_agents
    return {
        "mean_action_size": one.actions.size,
        "actions_at_a_bound": one.actions.at_bound,
        "action_quantiles": [
            {
                "agent": number // components,
                "component": number % components,
                "quantiles": dict(zip(map(str, LEVELS), quantiles.tolist(), strict=True)),
            }
            for number, quantiles in enumerate(one.actions.quantiles)
        ],
    }


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
                | ({} if one.illegal is None else {"rows_with_illegal_actions": one.illegal})
                for one in found
            ]
        }
    )


def _facts(card: Card) -> dict[str, object]:
    scale = {"score_0": card.scale.minimum, "score_1": card.scale.maximum}
    own = {"dataset_id": card.identity.dataset_id, "transitions": card.transitions, "content_hash": card.content_hash}
    return {**card.identity.model_dump(mode="json"), **own, "returns_summary": card.returns.model_dump(mode="json"), **scale}
