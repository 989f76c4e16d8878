"""The names under which Keras's History will hold its values, and which way each is better; known without Keras.

With them a `monitor` that will not exist is found before training, and the best weights are the best by the metric's
own measure, whatever it is called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.rates import RATE_SETTERS
from dlcli.config.graph.drafts import snake_case
from dlcli.config.outputs.conventions import loss_names
from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component

__all__ = ["Direction", "HistoryNames", "history_names", "metric_names"]

Direction = Literal["min", "max"]
"""Which way a value is better: less, or more."""


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryNames:
    """The keys of History.

    Args:
        names: In Keras's order.
        complete: Whether there can be no others. A metric of the user's own may choose its name.
        directions: Which way those are better of which that is known.
    """

    names: tuple[str, ...]
    complete: bool
    directions: Mapping[str, Direction] = dataclasses.field(default_factory=dict, compare=False)


def history_names(
    config: CompileConfig,
    *,
    outputs: Sequence[str],
    validation: bool,
    callbacks: Sequence[Component] = (),
    code: Collection[str] = (),
    own: Mapping[str, Direction] | None = None,
) -> HistoryNames:
    """Predict the keys of History.

    Args:
        config: The `compile` section, loss and metrics filled in.
        outputs: The model's outputs, in order.
        validation: Whether the run has a validation split.
        callbacks: The config's callbacks; two of them add the learning rate.
        code: Names that the user's own files define.
        own: Which way the user's own metrics are better, by their names in the config.

    Example:
        >>> config = CompileConfig.model_validate({"loss": "mse", "metrics": ["accuracy", "AUC"]})
        >>> history_names(config, outputs=["dense"], validation=True).names
        ('accuracy', 'auc', 'loss', 'val_accuracy', 'val_auc', 'val_loss')
    """
    metrics = _metrics(config, outputs)
    losses = loss_names(outputs)
    directions = {name: _direction(metric, code, own or {}) for name, metric in metrics.items()}
    directions |= dict.fromkeys(losses, "min")
    if validation:
        directions |= {f"val_{name}": direction for name, direction in directions.items()}
    names = [*losses, *metrics]
    names += [f"val_{name}" for name in names] if validation else []
    names.sort()  # as Keras does before it calls the callbacks; what they add comes after
    complete = all(
        component.name not in code and catalogue.load().get("metrics", component.name) is not None
        for chosen in (config.metrics, config.weighted_metrics)
        for component in _flat(chosen)
    )
    if any(callback.name in RATE_SETTERS and callback.name not in code for callback in callbacks):
        if config.optimizer.name == "MultiOptimizer":
            complete = False
        else:
            names.append("learning_rate")
    complete = complete and not any(callback.name in code for callback in callbacks)
    known_directions = {name: direction for name, direction in directions.items() if direction is not None}
    return HistoryNames(tuple(names), complete, known_directions)


def _direction(metric: Component, code: Collection[str], own: Mapping[str, Direction]) -> Direction | None:
    if metric.name in code:
        return own.get(metric.name)
    entry = catalogue.load().get("metrics", metric.name)
    return entry.direction if entry is not None else None


def _flat(metrics: Sequence[Component] | Mapping[str, Sequence[Component]] | None) -> Iterator[Component]:
    if isinstance(metrics, Mapping):
        for each in metrics.values():
            yield from each
    else:
        yield from metrics or ()


def metric_names(config: CompileConfig, outputs: Sequence[str]) -> list[str]:
    """The names of the metrics in Keras's order, without the losses.

    Names that are met again are numbered, or marked as weighted, as `CompileMetrics.result` does it in Keras.
    """
    return list(_metrics(config, outputs))


def _metrics(config: CompileConfig, outputs: Sequence[str]) -> dict[str, Component]:
    """The metrics by their names in History."""
    counts: dict[str, int] = {}
    metrics: dict[str, Component] = {}
    for output, component in _by_output(config.metrics, outputs):
        full = f"{output}{_metric_name(component)}"
        if full in counts:
            numbered = f"{full}_{counts[full]}"
            counts[full] += 1
            full = numbered
        counts.setdefault(full, 1)
        metrics[full] = component
    for output, component in _by_output(config.weighted_metrics, outputs):
        full = f"{output}{_metric_name(component)}"
        if full in counts:
            full = f"{output}weighted_{_metric_name(component)}"
            if full in counts:
                numbered = f"{full}_{counts[full]}"
                counts[full] += 1
                full = numbered
        counts.setdefault(full, 1)
        metrics[full] = component
    return metrics


def _by_output(
    metrics: Sequence[Component] | Mapping[str, Sequence[Component]] | None, outputs: Sequence[str]
) -> Iterator[tuple[str, Component]]:
    """The prefix of the output and each metric, in Keras's order."""
    for output in outputs:
        chosen = metrics.get(output, ()) if isinstance(metrics, Mapping) else metrics or ()
        for component in chosen:
            yield ("" if len(outputs) == 1 else f"{output}_"), component


def _metric_name(component: Component) -> str:
    found = catalogue.load().history_name("metrics", component.name, component.arguments)
    if found is not None:
        return found
    given = component.arguments.get("name")
    return given if isinstance(given, str) else snake_case(component.name)
