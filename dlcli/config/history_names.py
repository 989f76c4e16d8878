"""The names under which Keras's History will hold its values, known before Keras is imported.

With them a `monitor` that will not exist is found before training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

from dlcli.config import catalogue
from dlcli.config.component import Component
from dlcli.config.drafts import snake_case
from dlcli.config.schema import CompileConfig

__all__ = ["HistoryNames", "history_names", "metric_names"]


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryNames:
    """The keys of History.

    Args:
        names: In Keras's order.
        complete: Whether there can be no others. A metric of the user's own may choose its name.
    """

    names: tuple[str, ...]
    complete: bool


def history_names(
    config: CompileConfig,
    *,
    outputs: Sequence[str],
    validation: bool,
    callbacks: Sequence[Component] = (),
    code: Collection[str] = (),
) -> HistoryNames:
    """Predict the keys of History.

    Args:
        config: The `compile` section, loss and metrics filled in.
        outputs: The model's outputs, in order.
        validation: Whether the run has a validation split.
        callbacks: The config's callbacks; two of them add the learning rate.
        code: Names that the user's own files define.

    Example:
        >>> config = CompileConfig.model_validate({"loss": "mse", "metrics": ["accuracy", "AUC"]})
        >>> history_names(config, outputs=["dense"], validation=True).names
        ('accuracy', 'auc', 'loss', 'val_accuracy', 'val_auc', 'val_loss')
    """
    names = ["loss", *metric_names(config, outputs)]
    if len(outputs) > 1:
        names += [f"{output}_loss" for output in outputs]
    if validation:
        names += [f"val_{name}" for name in names]
    names.sort()  # as Keras does before it calls the callbacks; what they add comes after
    complete = all(
        component.name not in code and catalogue.load().get("metrics", component.name) is not None
        for metrics in (config.metrics, config.weighted_metrics)
        for component in _flat(metrics)
    )
    known = {"LearningRateScheduler", "ReduceLROnPlateau"}
    if any(callback.name in known and callback.name not in code for callback in callbacks):
        if config.optimizer.name == "MultiOptimizer":
            complete = False
        else:
            names.append("learning_rate")
    complete = complete and not any(callback.name in code for callback in callbacks)
    return HistoryNames(tuple(names), complete)


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
    names: dict[str, int] = {}
    for output, name in _by_output(config.metrics, outputs):
        full = f"{output}{name}"
        if full in names:
            numbered = f"{full}_{names[full]}"
            names[full] += 1
            names.setdefault(numbered, 1)
        else:
            names[full] = 1
    for output, name in _by_output(config.weighted_metrics, outputs):
        full = f"{output}{name}"
        if full in names:
            full = f"{output}weighted_{name}"
            if full in names:
                numbered = f"{full}_{names[full]}"
                names[full] += 1
                full = numbered
        names.setdefault(full, 1)
    return list(names)


def _by_output(
    metrics: Sequence[Component] | Mapping[str, Sequence[Component]] | None, outputs: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The prefix of the output and the metric's own name, in Keras's order."""
    for output in outputs:
        chosen = metrics.get(output, ()) if isinstance(metrics, Mapping) else metrics or ()
        for component in chosen:
            yield ("" if len(outputs) == 1 else f"{output}_"), _metric_name(component)


def _metric_name(component: Component) -> str:
    found = catalogue.load().history_name("metrics", component.name, component.arguments)
    if found is not None:
        return found
    given = component.arguments.get("name")
    return given if isinstance(given, str) else snake_case(component.name)
