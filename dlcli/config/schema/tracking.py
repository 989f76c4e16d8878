"""Who is told of a training beside its run directory."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from dlcli.config.options.section import Section

__all__ = ["MlflowConfig", "TrackingConfig"]


class MlflowConfig(Section):
    """A run of MLflow's for each run: parameters, metrics by epoch, and the files of the run."""

    tracking_uri: str | None = Field(
        None,
        min_length=1,
        description="Where to: `sqlite:///FILE.db`, or the address of a server. When omitted as MLflow has it: the "
        "variable MLFLOW_TRACKING_URI, or `mlflow.db` in the working directory.",
    )
    experiment: str | None = Field(None, min_length=1, description="The experiment; the config's `name` when omitted.")
    run_name: str | None = Field(None, min_length=1, description="The run; the name of its directory when omitted.")
    tags: dict[str, str] = Field(default={}, description="Tags of the run.")
    artifacts: bool = Field(True, description="Hand over the files of the run too: the model, the config, the report.")


class TrackingConfig(Section):
    """Who is told of a training beside its run directory; none of them can end it."""

    mlflow: MlflowConfig | None = Field(None, description="MLflow; `pip install 'dlcli[mlflow]'`.")
    jsonl: str | None = Field(
        None, min_length=1, description="A file in the run that gets a line of JSON for each event: `events.jsonl`."
    )

    @model_validator(mode="before")
    @classmethod
    def _named_is_wanted(cls, value: Any) -> Any:
        """`mlflow:` with nothing behind it is MLflow by its defaults, and not none."""
        if isinstance(value, dict) and "mlflow" in value and value["mlflow"] is None:
            return {**value, "mlflow": {}}
        return value

    @model_serializer(mode="wrap")
    def _without_gaps(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value is not None}
