"""The `compile` section becomes Keras's `compile`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.graph.drafts import snake_case
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component
from dlcli.errors import ModelError, Problem
from dlcli.model.components import make
from dlcli.model.faults import model_faults, reason
from dlcli.model.metrics.viewed import viewed

__all__ = ["compile_model"]

Path = tuple[str | int, ...]


def compile_model(
    model: Any,
    config: CompileConfig,
    *,
    code: Mapping[str, object],
    plans: Sequence[OutputPlan] = (),
    jit: bool | str = "auto",
    steps: int = 1,
) -> None:
    """Compile a built model in place.

    A loss or a list of metrics without output names counts for every output, with objects of its own for each. Metrics
    have the same names in every model of a process: `AUC` is `auc`, never `auc_1`. Under `mixed_float16` Keras
    scales the loss.

    Args:
        model: A functional `keras.Model`; its `output_names` are the outputs.
        config: The `compile` section, loss and metrics filled in.
        code: The user's own classes and functions by name.
        plans: What each output learns; Keras's metrics then see what they are made for.
        jit: Keras's `jit_compile`.
        steps: Keras's `steps_per_execution`.

    Raises:
        ModelError: Objects that cannot be made; all of them.
    """
    compiler = _Compiler(model.output_names, code, plans)
    optimizer = compiler.make("optimizers", config.optimizer, ("compile", "optimizer"))
    loss = compiler.losses(config.loss)
    loss_weights = compiler.weights(config.loss_weights, config.loss)
    metrics = compiler.metrics(config.metrics, "metrics")
    weighted_metrics = compiler.metrics(config.weighted_metrics, "weighted_metrics")
    if compiler.problems:
        raise ModelError(compiler.problems)
    try:
        model.compile(
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            jit_compile=jit,
            steps_per_execution=steps,
        )
    except model_faults() as error:
        raise ModelError(
            Problem(f"Keras refuses to compile: {reason(error)}", path="compile", rule="refused")
        ) from error


class _Compiler:
    """Makes losses and metrics for the outputs; collects the problems."""

    def __init__(self, outputs: Sequence[str], code: Mapping[str, object], plans: Sequence[OutputPlan]) -> None:
        self.problems: list[Problem] = []
        self._outputs = list(outputs)
        self._plans = dict(zip(outputs, plans, strict=False))
        self._code = code

    def make(self, kind: str, component: Component, path: Path) -> Any:
        """The object, or None after noting the problems."""
        try:
            return make(kind, component, code=self._code, path=path)
        except ModelError as error:
            self.problems += error.problems
            return None

    def losses(self, loss: Component | Mapping[str, Component] | None) -> Any:
        """One loss for one output, else a dict by output."""
        if loss is None:
            return None
        path: Path = ("compile", "loss")
        if isinstance(loss, Component):
            made = {name: self.make("losses", loss, path) for name in self._outputs}
        else:
            made = {
                name: None if name not in loss else self.make("losses", loss[name], (*path, name))
                for name in self._outputs
            }
        return made.get(self._outputs[0]) if len(self._outputs) == 1 else made

    def weights(self, weights: Mapping[str, float] | None, loss: Any) -> Any:
        """A weight for every output's loss; 1 where none is given."""
        if weights is None or loss is None:
            return None
        filled = {name: float(weights.get(name, 1.0)) for name in self._outputs}
        return [filled[self._outputs[0]]] if len(self._outputs) == 1 else filled

    def metrics(self, metrics: Sequence[Component] | Mapping[str, Sequence[Component]] | None, key: str) -> Any:
        """A list for one output, else a dict of lists by output."""
        if metrics is None:
            return None
        path: Path = ("compile", key)
        if isinstance(metrics, Mapping):
            made = {name: self._metrics(each, (*path, name), name) for name, each in metrics.items()}
        else:
            made = {name: self._metrics(metrics, path, name) for name in self._outputs}
        return made.get(self._outputs[0]) if len(self._outputs) == 1 else made

    def _metrics(self, metrics: Sequence[Component], path: Path, output: str) -> list[Any]:
        made = [self._metric(each, (*path, index)) for index, each in enumerate(metrics)]
        plan = self._plans.get(output)
        if plan is None:
            return made
        return [
            one if one is None or each.name in self._code else viewed(one, each, plan)
            for one, each in zip(made, metrics, strict=True)
        ]

    def _metric(self, component: Component, path: Path) -> Any:
        """A metric whose name does not count the models that were compiled before."""
        made = self.make("metrics", component, path)
        if made is None or isinstance(made, str) or inspect.isroutine(made) or "name" in component.arguments:
            return made
        entry = None if component.name in self._code else catalogue.load().get("metrics", component.name)
        if entry is not None:
            made.name = entry.default_name or snake_case(entry.name)
        elif not isinstance(_default_name(type(made)), str):
            made.name = snake_case(component.name)
        return made


def _default_name(metric: type) -> object:
    """The default of the argument `name` of the user's own metric."""
    parameter = inspect.signature(metric).parameters.get("name")
    return parameter.default if parameter is not None else None
