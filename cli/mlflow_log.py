"""Events of a run for MLflow: a point of each metric for each iteration.

MLFLOW_TRACKING_URI is the address of the server or the store, MLFLOW_EXPERIMENT_NAME the
experiment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from .events import Measured, identity

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

    from .events import Event

TAG = "openpoet.run"


class Mlflow:
    """The listener. A resumed run continues its MLflow run, which is found by a tag."""

    def __init__(self, run: Run) -> None:
        self.client, name = MlflowClient(), os.environ.get("MLFLOW_EXPERIMENT_NAME", "openpoet")
        known = self.client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else self.client.create_experiment(name)
        own = identity(run)
        found = self.client.search_runs([experiment], f"tags.`{TAG}` = '{own}'")
        if found:
            self.id = found[0].info.run_id
            self.client.update_run(self.id, status="RUNNING")
            return
        self.id = self.client.create_run(
            experiment, tags={TAG: own}, run_name=run.path.name
        ).info.run_id
        for part, table in run.settings().items():
            params = [Param(f"{part}.{key}", str(value)) for key, value in table.items()]
            self.client.log_batch(self.id, params=params)

    def write(self, events: Sequence[Event]) -> None:
        now = int(1000 * time.time())  # [ms]
        for event in events:
            if isinstance(event, Measured):
                points = event.curves().items()
                metrics = [Metric(name, value, now, event.iteration) for name, value in points]
                self.client.log_batch(self.id, metrics=metrics)

    def close(self) -> None:
        self.client.set_terminated(self.id)
