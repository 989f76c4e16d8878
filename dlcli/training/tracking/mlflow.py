"""MLflow as a tracker, by its client: nothing of the process is changed, and no run is active in it.

Without an address everything stays here: MLflow's own default is a file `mlflow.db` in the working directory, and its
reports about its use are switched off.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dlcli.training.tracking.tracker import Scalar, TrackedEnd, TrackedEpoch, TrackedJob

__all__ = ["MlflowTracker"]

STATUSES = {"completed": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of seven, each after a longer pause
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""What MLflow reads of the environment, where the user says nothing else."""

PARENT = "mlflow.parentRunId"
"""The tag by which MLflow shows a run under another."""

MOST_AT_ONCE = 100
"""Parameters, or metrics, that a server takes at once."""

MOST_PARAMETERS = 2000

LONGEST = 5000
"""Letters of a parameter."""

_REFUSED = re.compile(r"[^\w\-. :/]")


class MlflowTracker:
    """A run of MLflow's for each run directory; one that goes on is the same.

    Args:
        tracking_uri: Where to; MLflow's own default when None: `MLFLOW_TRACKING_URI`, or `sqlite:///mlflow.db`.
        experiment: Its name there; the config's when None.
        run_name: The run's; that of its directory when None.
        tags: More of them.
        artifacts: Whether the files of the run are handed over too.
    """

    def __init__(
        self,
        *,
        tracking_uri: str | None,
        experiment: str | None,
        run_name: str | None,
        tags: Mapping[str, str],
        artifacts: bool,
    ) -> None:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):  # which tell of tables that they make
            logging.getLogger(name).setLevel(logging.WARNING)

        self._client: Any = MlflowClient(tracking_uri=tracking_uri)
        self._experiment, self._run_name = experiment, run_name
        self._tags, self._artifacts = tags, artifacts
        self._run = ""
        self._told = 0

    def begin(self, job: TrackedJob) -> Mapping[str, Any]:
        """Make a run, or go on with the one that was made."""
        if not self._goes_on(job):
            experiment = self._experiment_of(self._experiment or job.title)
            whole = job.folder().get("run_id")
            tags = {
                "dlcli.run_directory": str(job.directory.absolute()),
                **({PARENT: whole} if isinstance(whole, str) and whole else {}),
                **_texts(job.facts, "dlcli."),
                **self._tags,
            }
            run = self._client.create_run(experiment, run_name=self._run_name or job.name, tags=tags)
            self._run = run.info.run_id
            self._log_parameters(job.parameters)
        return {"run_id": self._run}

    def epoch(self, epoch: TrackedEpoch) -> None:
        """Log the metrics of an epoch; those that a run told before it was ended are not told again."""
        if epoch.epoch > self._told:
            self._log_metrics(epoch.metrics, epoch.at, epoch.epoch)

    def end(self, end: TrackedEnd) -> None:
        """Log what it ended with, hand over its files, and close the run."""
        self._log_metrics(end.metrics, end.at, 0)
        for file in end.files if self._artifacts else ():
            if file.is_dir() and any(file.iterdir()):
                self._client.log_artifacts(self._run, str(file), artifact_path=file.name)
            elif file.is_file():
                self._client.log_artifact(self._run, str(file))
        self._client.set_terminated(self._run, status=STATUSES[end.status], end_time=int(end.at * 1000))

    def _goes_on(self, job: TrackedJob) -> bool:
        """Open the run that was made when the training began; False where it is not there any more."""
        from mlflow.exceptions import MlflowException

        known = job.known.get("run_id")
        if not isinstance(known, str) or not known:
            return False
        try:
            self._client.set_terminated(known, status="RUNNING")
            told = self._client.get_metric_history(known, "seconds")
        except MlflowException:
            return False
        self._run, self._told = known, max((each.step for each in told), default=0)
        return True

    def _experiment_of(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        for _ in range(2):  # two runs that begin together both want to make it
            found = self._client.get_experiment_by_name(name)
            if found is not None:
                return str(found.experiment_id)
            try:
                return str(self._client.create_experiment(name))
            except MlflowException:
                continue
        return str(self._client.create_experiment(name))

    def _log_parameters(self, parameters: Mapping[str, Scalar]) -> None:
        from mlflow.entities import Param

        texts = list(_texts(parameters).items())[:MOST_PARAMETERS]
        for part in _parts(texts):
            self._client.log_batch(self._run, params=[Param(name, value) for name, value in part])

    def _log_metrics(self, metrics: Mapping[str, float], at: float, step: int) -> None:
        from mlflow.entities import Metric

        values = [(_name(name), float(value)) for name, value in metrics.items()]
        for part in _parts(values):
            logged = [Metric(name, value, int(at * 1000), step) for name, value in part]
            self._client.log_batch(self._run, metrics=logged)


def _texts(values: Mapping[str, Scalar], prefix: str = "") -> dict[str, str]:
    """Values as MLflow takes them; `model.layers[0]` is `model.layers.0`, as `--set` takes it too."""
    return {_name(prefix + name): str(value)[:LONGEST] for name, value in values.items() if value is not None}


def _name(name: str) -> str:
    return _REFUSED.sub("_", re.sub(r"\[([0-9]+)\]", r".\1", name))[:250]


def _parts(items: Sequence[Any]) -> Iterator[Iterable[Any]]:
    for start in range(0, len(items), MOST_AT_ONCE):
        yield items[start : start + MOST_AT_ONCE]
