"""A sweep's experiment in MLflow. It has the sweep's name, and opens as a table of scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

VIEW = "recipe"
_COLUMNS = (
    *("attributes.`Duration`", "metrics.`score_mean`", "metrics.`score_std`", "metrics.`return_mean`", "metrics.`runs/seeds`"),
    *("params.`task`", "params.`dataset`", "params.`design`", "params.`alpha`", "params.`tau`", "tags.`status`"),
)
_EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.experiment.primaryMetric.name": "score_mean",
    "mlflow.experiment.primaryMetric.greaterIsBetter": "True",
    # By default MLflow shows no metric and no parameter. This is MLflow's own format of a shared view.
    f"mlflow.sharedViewState.{VIEW}": json.dumps(
        {"selectedColumns": _COLUMNS, "orderByKey": "metrics.`score_mean`", "orderByAsc": False}
    ),
}


def experiment_id_of(client: MlflowClient, name: str, sweep_dir: Path) -> str:
    """Find the experiment's id. Make the experiment, or restore it from MLflow's trash, if necessary."""
    from mlflow.entities import LifecycleStage

    present = client.get_experiment_by_name(name)
    if present is None:
        note = f"Projected from {sweep_dir / 'results'}: rows are configurations, aggregated over seeds. Safe to delete."
        experiment_id: str = client.create_experiment(name, tags={"mlflow.note.content": note, **_EXPERIMENT_TAGS})
        return experiment_id
    if present.lifecycle_stage == LifecycleStage.DELETED:
        client.restore_experiment(present.experiment_id)
    return str(present.experiment_id)
