"""What does not go together with several workers, found before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.config.schema import DataConfig, ModelConfig, RuntimeConfig
from dlcli.errors import Problem

__all__ = ["check_workers"]


def check_workers(sections: Mapping[str, Any]) -> list[Problem]:
    """The faults of a config whose `runtime.workers` are several, or that speaks of them without there being any.

    Args:
        sections: Those that have no faults of their own, by name.
    """
    runtime: RuntimeConfig | None = sections.get("runtime")
    if runtime is None:
        return []
    if runtime.workers == 1:
        return [] if not runtime.restarts else [_restarts_of_one(runtime)]
    found = [*_of_data(runtime, sections.get("data")), *_of_model(sections.get("model"))]
    if sections.get("ensemble"):
        message = "the models of an ensemble are trained one after the other by one process"
        found.append(Problem(message, path="runtime.workers", hint="workers: 1, or no ensemble", rule="workers"))
    if runtime.execution == "xla":
        message = "XLA does not let workers sum their gradients, so several train without it"
        hint = "use auto or graph; or workers: 1"
        found.append(Problem(message, path="runtime.execution", hint=hint, rule="workers"))
    return found


def _restarts_of_one(runtime: RuntimeConfig) -> Problem:
    message = f"restarts: {runtime.restarts} is for workers that are lost, and there is one process"
    hint = "--restarts 0, or workers: 2 or more; dlcli train --resume RUN goes on with a run"
    return Problem(message, path="runtime.restarts", hint=hint, rule="workers")


def _of_data(runtime: RuntimeConfig, data: DataConfig | None) -> list[Problem]:
    if data is None or not isinstance(data.batch_size, int) or data.batch_size >= runtime.workers:
        return []
    message = f"a batch of {data.batch_size} rows gives {runtime.workers} workers not one each: it is shared among them"
    hint = f"batch_size: {runtime.workers} or more, or workers: {data.batch_size}"
    return [Problem(message, path="runtime.workers", hint=hint, rule="workers")]


def _of_model(model: ModelConfig | None) -> list[Problem]:
    if model is None:
        return []
    if model.class_ is not None:
        message = "a model class of one's own may train in its own way, which cannot be shared among workers"
        return [Problem(message, path="model.class", hint="give its layers, or workers: 1", rule="workers")]
    return [
        Problem(
            f"{item.component.name} carries its state from batch to batch, row by row, and rows go to other workers",
            path=f"model.layers[{index}].{item.component.name}.stateful",
            hint="leave stateful out, or workers: 1",
            rule="workers",
        )
        for index, item in enumerate(model.layers)
        if item.component is not None and item.component.arguments.get("stateful") is True
    ]
