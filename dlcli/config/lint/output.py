"""One output of the model with all that is known of it: what a rule of the config is given, and what it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from dlcli.config.outputs.conventions import Head, default_targets, head_place, layer_head, output_losses
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec

__all__ = ["Finding", "Known", "Output", "outputs_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says.

    Args:
        path: Where in the config.
        message: What is wrong, with the value.
        hint: The way out.
    """

    path: str
    message: str
    hint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What the data has shown.

    Args:
        targets: The targets.
        ranges: Of features of numbers that are given to the model as they are: the least and the most.
    """

    targets: Sequence[TargetSpec] = ()
    ranges: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """One output of the model; a rule's view.

    Args:
        name: Its layer's name; None for the only output of a model that names none.
        head: Its last layer.
        loss: Its configured loss; None when the default is taken.
        metrics: Its configured metrics.
        target: What it learns; None when that is not known yet.
        loss_path: Where the loss stands in the config.
        known: What the data has shown.
    """

    name: str | None
    head: Head
    loss: Component | None
    metrics: tuple[Component, ...]
    target: TargetSpec | None
    loss_path: str
    known: Known = dataclasses.field(default_factory=Known)

    def head_path(self, config: Config) -> str:
        """Where its last layer stands in the config."""
        place = head_place(config.model.layers, self.name) if self.name is not None else None
        return f"model.layers[{len(config.model.layers) - 1 if place is None else place}]"


def outputs_of(config: Config, known: Known) -> list[Output]:
    """The outputs of a config's model."""
    names: list[str | None] = [*config.model.outputs] if config.model.outputs else [None]
    keys = [name or "" for name in names]
    paired = default_targets(keys, known.targets) if known.targets else None
    losses = output_losses(config.compile, keys)
    outputs = []
    loss, metrics = config.compile.loss, config.compile.metrics
    for name, key in zip(names, keys, strict=True):
        chosen = metrics.get(_called(name, metrics), []) if isinstance(metrics, dict) else metrics or []
        single = paired[key][0] if paired and len(paired[key]) == 1 else None
        path = f"compile.loss.{_called(name, loss)}" if isinstance(loss, dict) else "compile.loss"
        head = layer_head(config.model.layers, name)
        outputs.append(Output(name, head, losses[key], tuple(chosen), single, path, known))
    return outputs


def _called(name: str | None, by_output: Iterable[str]) -> str:
    """The key of an output in a section; a single output that the model does not name is the only one there."""
    return name or next(iter(by_output), "")
