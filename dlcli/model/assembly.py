"""Config, inputs and targets become a model; the same way for training, checking and prediction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.backend.runtime import Runtime, configure
from dlcli.config.graph.graph import Graph
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.outputs.outputs import plan_outputs
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.signature import InputSpec, TargetSpec
from dlcli.model.adjustable import hold_adjustable
from dlcli.model.code import load_code
from dlcli.model.compilation import compile_model
from dlcli.model.functional import build
from dlcli.model.metrics.own_unit import measure_in_own_units
from dlcli.model.pretrained.beginning import Beginning

__all__ = ["Assembly", "assemble", "planned_outputs"]


@dataclasses.dataclass(frozen=True)
class Assembly:
    """A built model and what it was made from. `compile` it to train or evaluate; predicting needs no more.

    Args:
        model: The `keras.Model`; its inputs are a dict by the `InputSpec` names.
        config: The config with loss and metrics filled in.
        graph: The expanded layers.
        outputs: What each output learns, in the model's order.
        runtime: Where it runs.
        code: The user's own objects by name.
        begun: Where weights were read that are not drawn.
        again: The model has trained before, and is as it was before that: all state that training creates is there.
    """

    model: Any
    config: Config
    graph: Graph
    outputs: tuple[OutputPlan, ...]
    runtime: Runtime
    code: Mapping[str, object]
    begun: tuple[Beginning, ...] = ()
    again: bool = False

    def compile(self) -> Assembly:
        """Compile the model, in place.

        Raises:
            ModelError: Keras refuses the optimizer, a loss or a metric.
        """
        compile_model(self.model, self.config.compile, code=self.code, plans=self.outputs)
        measure_in_own_units(self.model, self.outputs)
        hold_adjustable(self.model, self.config, self.graph, self.outputs)
        return self


def assemble(
    config: Config,
    graph: Graph,
    *,
    inputs: Sequence[InputSpec],
    targets: Sequence[TargetSpec],
) -> Assembly:
    """Build the model that the config describes.

    Args:
        config: The config, its feature and target types known.
        graph: Its layers, written out.
        inputs: The model's inputs.
        targets: The targets, in the config's order.

    Raises:
        ConfigError: The config speaks of outputs that the model does not have.
        ModelError: A layer cannot be built, the outputs do not fit the targets, or the device is absent.
    """
    runtime = configure(config.runtime, config.seed)
    code = load_code(config.code)
    begun: list[Beginning] = []
    model = build(
        graph, _led(inputs, config), code=code, name=config.name, model_class=config.model.class_, begun=begun
    )
    plans, compile_ = planned_outputs(model, config, graph, targets)
    config = config.model_copy(update={"compile": compile_})
    return Assembly(model, config, graph, plans, runtime, code, tuple(begun))


def planned_outputs(
    model: Any, config: Config, graph: Graph, targets: Sequence[TargetSpec]
) -> tuple[tuple[OutputPlan, ...], CompileConfig]:
    """What each output of a model learns, and `compile` with what that leaves to be filled in.

    Args:
        model: Built of the graph.
        config: See `assemble`.
        graph: See `assemble`.
        targets: See `assemble`.

    Raises:
        ConfigError: See `assemble`.
        ModelError: The outputs do not fit the targets.
    """
    shapes = {
        name: tuple(output.shape[1:]) if len(output.shape) > 1 else None
        for name, output in zip(graph.outputs, model.outputs, strict=True)
    }
    return plan_outputs(config, outputs=shapes, targets=targets)


def _led(inputs: Sequence[InputSpec], config: Config) -> list[InputSpec]:
    """The inputs; what changes images that targets are moved with stands before the training step, not in the model."""
    leaders = {options.moved_with for options in config.data.target.values() if options is not None}
    return [
        dataclasses.replace(spec, entrance=tuple(layer for layer in spec.entrance if not layer.place))
        if spec.name in leaders
        else spec
        for spec in inputs
    ]
