"""What the tests of training share: models of every kind, trained by the engine and by Keras alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Literal, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from dlcli.config.graph.expanded import expand
from dlcli.config.outputs.conventions import output_losses
from dlcli.config.schema import CompileConfig, ModelConfig, RuntimeConfig
from dlcli.config.signature import InputSpec
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.batches import Batches
from dlcli.data.samples.labels import Labels
from dlcli.data.samples.samples import Taken

Array = NDArray[Any]
Layers = Sequence[Mapping[str, Any] | str]


class OwnWeights(Labels):
    """Labels with weights for each output, which stand among the targets."""

    def arrange(self, taken: Taken) -> tuple[Any, Any]:
        labels, _ = super().arrange(taken)
        weights = [taken.targets[f"weight of {name}"] for name in self.targets if f"weight of {name}" in taken.targets]
        return labels, None if not weights else weights[0] if len(weights) == 1 else weights


@dataclasses.dataclass(frozen=True)
class Case:
    """A model, how it is compiled, and what it learns from.

    Args:
        layers: `model.layers` of the config language.
        inputs: Arrays (rows, *shape); int32 ones are indices.
        targets: What each output learns, by its name, in the model's order.
        compile: The `compile` section.
        outputs: `model.outputs`.
        one_hot: Outputs whose indices become one-hot vectors, and their number of classes.
        weights: Weights of the rows for each output.
        precision: Keras's dtype policy.
        code: The user's own objects by name.
        adapt: Changes the built model before it is compiled.
    """

    layers: Layers
    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]
    compile: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"loss": "mean_squared_error"})
    outputs: Sequence[str] | None = None
    one_hot: Mapping[str, int] = dataclasses.field(default_factory=dict)
    weights: Mapping[str, Array] | None = None
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    code: Mapping[str, object] = dataclasses.field(default_factory=dict)
    adapt: Callable[[Any], Any] | None = None

    def model(self) -> Any:
        """The compiled model; its first weights are the same each time."""
        from dlcli.backend.runtime import configure
        from dlcli.model.compilation import compile_model
        from dlcli.model.functional import build

        configure(RuntimeConfig(precision=self.precision), seed=3)
        config = ModelConfig.model_validate({"layers": self.layers, "outputs": self.outputs})
        graph = expand(config, features=set(self.inputs)).require()
        specs = [
            InputSpec(name, array.shape[1:], "int32" if array.dtype == np.int32 else "float32")
            for name, array in self.inputs.items()
        ]
        model = build(graph, specs, code=self.code, name="model")
        model = self.adapt(model) if self.adapt else model
        compile_model(model, CompileConfig.model_validate(self.compile), code=self.code)
        return model

    def batches(self, batch_size: int = 8, seed: int = 5, *, shuffle: bool = True) -> Batches:
        """The rows in batches."""
        weights = {f"weight of {name}": array for name, array in (self.weights or {}).items()}
        taken = Taken(dict(self.inputs), {**self.targets, **weights})
        labels = OwnWeights({name: (name,) for name in self.targets}, dict(self.one_hot))
        samples = ArraySamples(taken, np.arange(len(next(iter(self.targets.values())))))
        return Batches(samples, labels, batch_size=batch_size, shuffle=shuffle, seed=seed)

    def assembly(self, model: Any) -> Any:
        """What of an assembly says whether batches can be told."""
        compile_ = CompileConfig.model_validate(self.compile)
        losses = output_losses(compile_, model.output_names)
        outputs = [SimpleNamespace(loss=losses[name]) for name in model.output_names]
        config = SimpleNamespace(compile=compile_)
        return SimpleNamespace(model=model, config=config, outputs=outputs, code=self.code)


@dataclasses.dataclass(frozen=True)
class Trained:
    """What came of it: History, the model's weights, and the optimizer's variables."""

    history: dict[str, list[float]]
    weights: list[Array]
    optimizer: list[Array]
    model: Any


class Train(Protocol):
    """Trains a case, given as the arguments of `Case`, from the same weights on the same batches."""

    def __call__(
        self,
        spec: Mapping[str, Any],
        execution: Literal["step", "graph", "xla"],
        *,
        epochs: int = 2,
        batch_size: int = 8,
        stack: int = 3,
        callbacks: Sequence[Any] = (),
        validation: Mapping[str, Any] | None = None,
        validation_freq: int = 1,
        fall_back: Callable[[str], None] | None = None,
    ) -> Trained: ...


@pytest.fixture(scope="session")
def train() -> Train:
    """Train a case with Keras alone (`step`) or with the engine."""
    from dlcli.backend import engine
    from dlcli.backend.datasets import dataset, stacked_dataset
    from dlcli.model.state import create_state
    from dlcli.training.epoch_order import EpochOrder
    from dlcli.training.guards.interruption import Interruption
    from dlcli.training.validation import validation_dataset, validation_rows

    def validated(model: Any, case: Case, execution: str, batch_size: int) -> Any:
        """Keras alone goes by the batches of training, the engine as a job does."""
        seen = execution == "step"
        rows = validation_rows(case.assembly(model), batch_size, seen=seen)
        return validation_dataset(model, case.batches(rows, shuffle=False), seen=seen)

    def run(
        spec: Mapping[str, Any],
        execution: Literal["step", "graph", "xla"],
        *,
        epochs: int = 2,
        batch_size: int = 8,
        stack: int = 3,
        callbacks: Sequence[Any] = (),
        validation: Mapping[str, Any] | None = None,
        validation_freq: int = 1,
        fall_back: Callable[[str], None] | None = None,
    ) -> Trained:
        case = Case(**spec)
        model, batches = case.model(), case.batches(batch_size)
        create_state(model, next(batches.slices()))
        with Interruption() as interruption:
            if execution != "step":
                engine.install(
                    model, xla=execution == "xla", between=interruption.stop_if_requested, fall_back=fall_back
                )
            model.fit(
                dataset(batches) if execution == "step" else stacked_dataset(batches, stack),
                steps_per_epoch=None if execution == "step" else batches.num_stacks(stack),
                validation_data=validated(model, Case(**validation), execution, batch_size) if validation else None,
                validation_freq=validation_freq,
                epochs=epochs,
                callbacks=[EpochOrder(batches), *callbacks],
                shuffle=False,
                verbose=0,
            )
        optimizer = [] if model.optimizer is None else [np.asarray(each) for each in model.optimizer.variables]
        history = {name: [float(value) for value in values] for name, values in model.history.history.items()}
        return Trained(history, [np.asarray(each) for each in model.get_weights()], optimizer, model)

    return run


@pytest.fixture(scope="session")
def model_of() -> Callable[[Mapping[str, Any]], Any]:
    """The compiled model of a case, given as the arguments of `Case`."""
    return lambda spec: Case(**spec).model()
