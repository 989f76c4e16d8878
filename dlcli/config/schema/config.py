"""The whole config, and its smaller sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dlcli.config.options.section import ColumnName, Name, Section, Words
from dlcli.config.schema.component import Component
from dlcli.config.schema.data import DataConfig
from dlcli.config.schema.model import ModelConfig

__all__ = ["CheckpointConfig", "CompileConfig", "Config", "FitConfig", "LintConfig", "RuntimeConfig"]

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


class FitConfig(Section):
    """How long to train; Keras's `fit`."""

    epochs: Annotated[int, Field(ge=1)] = Field(10, description="Passes over the training split.")
    class_weight: Literal["balanced"] | dict[ColumnName, Annotated[float, Field(ge=0)]] | None = Field(
        None, description="A weight for each class, or `balanced`: inversely proportional to its rows."
    )
    validation_freq: Annotated[int, Field(ge=1)] = Field(1, description="Validate every so many epochs.")


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


class LintConfig(Section):
    """Warnings about classic mistakes."""

    ignore: list[str] = Field(default=[], description="Names of rules that are not to warn.")


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
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="Device, precision, determinism.")
    lint: LintConfig = Field(default_factory=LintConfig, description="Warnings.")
    code: list[str] = Field(
        default=[], description="Python files with your own layers, losses, metrics and callbacks; nothing else is run."
    )

    def notation(self) -> dict[str, Any]:
        """The config as plain values, every default filled in, ready to be written as YAML and read again."""
        return self.model_dump(by_alias=True, mode="python")
