"""The whole config, and its smaller sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.section import ColumnName, Name, Section, Words
from dlcli.config.schema.component import Component
from dlcli.config.schema.data import DataConfig
from dlcli.config.schema.model import ModelConfig
from dlcli.config.schema.sweep import SweepConfig
from dlcli.config.schema.tracking import TrackingConfig

__all__ = [
    "CheckpointConfig",
    "CompileConfig",
    "Config",
    "FitConfig",
    "FoldEnsemble",
    "LintConfig",
    "PhaseConfig",
    "RuntimeConfig",
]

Components = Annotated[
    list[Component],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Words("a list of names or {Name: {argument: value}}"),
]


def _by_output(value: Any) -> Any:
    """Read `{price: {MeanSquaredError: {}}}` as the loss of the output `price`, not as a component called so.

    An argument begins with a small letter and a class with a capital one, so what the only key holds tells.
    """
    if isinstance(value, dict) and len(value) == 1:
        ((output, inner),) = value.items()
        if isinstance(inner, dict) and len(inner) == 1 and next(iter(inner))[:1].isupper():
            return {output: Component.parse(inner)}
    return value


class CompileConfig(Section):
    """What is minimised, how, and what is measured; Keras's `compile`."""

    optimizer: Component = Field(default=Component("Adam"), description="A Keras optimizer.")
    loss: Annotated[Component | dict[str, Component] | None, BeforeValidator(_by_output)] = Field(
        None, description="A Keras loss, or one for each output by its name; from the target's type when omitted."
    )
    loss_weights: dict[str, float] | None = Field(None, description="The weight of each output's loss, by its name.")
    metrics: Annotated[Components | dict[str, Components] | None, BeforeValidator(_by_output)] = Field(
        None, description="Keras metrics, or lists of them for each output; from the target's type when omitted."
    )
    weighted_metrics: Annotated[Components | dict[str, Components] | None, BeforeValidator(_by_output)] = Field(
        None, description="Metrics that sample weights and class weights apply to."
    )


Globs = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    Field(min_length=1),
    Words("the name of a layer or a glob such as `network.block_1*`, or a list of them"),
]


class PhaseConfig(Section):
    """A part of the training, with an optimizer that begins anew; the callbacks begin anew as in another `fit`."""

    epochs: Annotated[int, Field(ge=1)] = Field(description="Passes over the training split, at most.")
    unfreeze: Globs | None = Field(
        None, description="Layers whose weights learn from here on, by name or glob; of a network `network.layer`."
    )
    freeze: Globs | None = Field(
        None, description="Layers whose weights stay as they are from here on; has the last word over `unfreeze`."
    )
    optimizer: Component | None = Field(None, description="A Keras optimizer; that of `compile` when omitted.")
    learning_rate: float | Component | None = Field(None, description="The optimizer's rate, or a schedule.")

    @model_validator(mode="after")
    def _one_rate(self) -> PhaseConfig:
        both = self.learning_rate is not None and self.optimizer is not None
        if both and self.optimizer is not None and "learning_rate" in self.optimizer.arguments:
            raise PydanticCustomError("phases", "the phase has two learning rates, its own and its optimizer's")
        return self

    def optimizer_after(self, compiled: Component) -> Component:
        """The optimizer of the phase.

        Args:
            compiled: That of `compile`.

        Example:
            >>> PhaseConfig(epochs=1, learning_rate=0.5).optimizer_after(Component("SGD", {"momentum": 0.9}))
            Component(name='SGD', arguments={'momentum': 0.9, 'learning_rate': 0.5})
        """
        optimizer = self.optimizer or compiled
        if self.learning_rate is None:
            return optimizer
        rate = self.learning_rate.notation() if isinstance(self.learning_rate, Component) else self.learning_rate
        return Component(optimizer.name, {**optimizer.arguments, "learning_rate": rate})


class FitConfig(Section):
    """How long to train; Keras's `fit`."""

    epochs: Annotated[int, Field(ge=1)] = Field(10, description="Passes over the training split.")
    class_weight: Literal["balanced"] | dict[ColumnName, Annotated[float, Field(ge=0)]] | None = Field(
        None, description="A weight for each class, or `balanced`: inversely proportional to its rows."
    )
    validation_freq: Annotated[int, Field(ge=1)] = Field(1, description="Validate every so many epochs.")
    phases: Annotated[list[PhaseConfig], Field(min_length=1), Words("a list of phases, one or more")] | None = Field(
        None, description="Parts one after the other, in place of `epochs`: first the head of a network, then more."
    )

    @model_validator(mode="after")
    def _epochs_of_phases(self) -> FitConfig:
        if self.phases is None:
            return self
        whole = sum(phase.epochs for phase in self.phases)
        if "epochs" in self.model_fields_set and self.epochs != whole:
            message = "the phases have {whole} epochs, and `epochs` says {epochs}: leave it out"
            raise PydanticCustomError("phases", message, {"whole": whole, "epochs": self.epochs})
        object.__setattr__(self, "epochs", whole)
        return self

    @model_serializer(mode="wrap")
    def _without_gaps(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what follows from the phases, so that each of them can be overridden."""
        left_out = {"epochs"} if self.phases is not None else {"phases"}
        return {key: value for key, value in handler(self).items() if value is not None and key not in left_out}

    def optimizers(self, compiled: Component) -> list[Component]:
        """The optimizers in their order: that of `compile`, or one for each phase."""
        return [phase.optimizer_after(compiled) for phase in self.phases] if self.phases is not None else [compiled]


class RuntimeConfig(Section):
    """Where and how the numbers are computed."""

    device: Annotated[
        str, Field(pattern=r"^(auto|cpu|gpu|gpu:\d+)$"), Words("`auto`, `cpu`, `gpu` or a numbered `gpu:1`")
    ] = Field("auto", description="`auto`, `cpu`, `gpu` or `gpu:1`; one that is absent is an error.")
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="Keras's dtype policy."
    )
    deterministic: bool = Field(
        False, description="Only deterministic operations: the same numbers on the same hardware."
    )
    threads: Annotated[int, Field(ge=1)] | None = Field(None, description="CPU threads; all when omitted.")
    execution: Literal["auto", "xla", "graph", "step"] = Field(
        "auto",
        description="`step` runs Keras's own functions batch by batch; `graph` runs its step over many batches "
        "in one TensorFlow graph; `xla` compiles that, and leaves out assertions; `auto` takes `xla` where it pays.",
    )
    workers: Annotated[int, Field(ge=1, le=1024)] = Field(
        1,
        description="So many processes train together, each on its share of every batch: on this machine, or one on "
        "each that runs the same command.",
    )
    restarts: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="How often training begins again from the last commit when a worker is lost."
    )


_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


class CheckpointConfig(Section):
    """How often the state of the training is committed, for `dlcli train --resume`."""

    every: (
        Annotated[int, Field(ge=1)]
        | Annotated[
            str,
            Field(pattern=r"^(auto|[1-9][0-9]{0,8} (epoch|second|minute|hour)s?)$"),
            Words("a time such as `10 minutes`, or `auto`"),
        ]
    ) = Field(
        "auto",
        description="So many epochs, or a time such as `10 minutes`; `auto`: every 30 seconds, or less often where "
        "writing takes long. The end of the training is committed in any case.",
    )
    keep: Annotated[int, Field(ge=1)] = Field(1, description="How many commits stay, the newest.")

    @property
    def interval(self) -> tuple[int | None, float | None]:
        """Epochs, or seconds, between two commits; neither for `auto`.

        Example:
            >>> CheckpointConfig(every="2 minutes").interval
            (None, 120.0)
        """
        if isinstance(self.every, int):
            return self.every, None
        if self.every == "auto":
            return None, None
        number, unit = self.every.split()
        unit = unit.removesuffix("s")
        return (int(number), None) if unit == "epoch" else (None, int(number) * _SECONDS[unit])


def _one_rule(value: Any) -> Any:
    """`all`, or the name of one rule, is a list of it."""
    return [value] if isinstance(value, str) else value


Rules = Annotated[list[str], BeforeValidator(_one_rule), Words("a list of rules, or `all`")]


class LintConfig(Section):
    """Warnings about classic mistakes."""

    ignore: Rules = Field(default=[], description="Names of rules that are not to warn; `all`: none is to.")
    error: Rules = Field(
        default=[],
        description="Names of rules whose findings are faults, which stop a job before it trains; `all`: all that are "
        "not ignored by name. What only a trained model shows comes too late for that: the run is kept, and the exit "
        "code is 1.",
    )

    def level(self, rule: str) -> Literal["ignore", "warn", "error"]:
        """What becomes of a finding."""
        if rule in self.ignore or ("all" in self.ignore and rule not in self.error):
            return "ignore"
        return "error" if rule in self.error or "all" in self.error else "warn"


class FoldEnsemble(Section):
    """An ensemble whose models have learnt of other rows each: of all folds but one."""

    folds: Annotated[int, Field(ge=2, le=1000)] = Field(
        description="Parts of the rows, each of which one model has not learnt from: its epoch is chosen there."
    )


class Config(Section):
    """A training job in one file."""

    name: Name = Field("run", description="Names the run directory; the config file's own name when omitted.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        0, description="Decides the splits, the weights and the order of rows."
    )
    data: DataConfig = Field(description="The rows.")
    model: ModelConfig = Field(description="The network.")
    compile: CompileConfig = Field(default_factory=CompileConfig, description="Optimizer, loss and metrics.")
    fit: FitConfig = Field(default_factory=FitConfig, description="How long to train.")
    callbacks: list[Component] = Field(default=[], description="Keras callbacks, in their order.")
    checkpoint: CheckpointConfig | Literal[False] = Field(
        default_factory=CheckpointConfig,
        description="Committed epochs, from which `dlcli train --resume RUN` goes on; `false`: none.",
    )
    sweep: SweepConfig | None = Field(None, description="What `dlcli sweep` searches for; `train` leaves it alone.")
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="Device, precision, determinism.")
    lint: LintConfig = Field(default_factory=LintConfig, description="Warnings.")
    ensemble: Annotated[int, Field(ge=2, le=1000)] | FoldEnsemble | None = Field(
        None,
        description="Train so many models, each from a seed of its own on the same rows, and predict their mean; the "
        "run is a folder with a run for each. `{folds: 5}`: one model for each fold of the rows, as `dlcli "
        "cross-validate` trains them.",
    )
    report: bool = Field(
        True, description="Write `report.html`, the model card and the plots at the end of `train` and `evaluate`."
    )
    tracking: TrackingConfig | None = Field(
        None, description="Who is told of the training beside its run directory: MLflow, or a file of events."
    )
    code: list[str] = Field(
        default=[], description="Python files with your own layers, losses, metrics and callbacks; nothing else is run."
    )

    @property
    def ensemble_folds(self) -> int | None:
        """The folds of whose rows the models of an ensemble have learnt; None of another one, and of none."""
        return self.ensemble.folds if isinstance(self.ensemble, FoldEnsemble) else None

    @property
    def data_seed(self) -> int:
        """What decides the splits."""
        return self.seed if self.data.seed is None else self.data.seed

    def notation(self) -> dict[str, Any]:
        """The config as plain values, every default filled in, ready to be written as YAML and read again."""
        notation = self.model_dump(by_alias=True, mode="python")
        return {key: value for key, value in notation.items() if key != "tracking" or value is not None}
