"""The output conventions: which activation, loss, metrics and target encoding belong together.

| target | outputs | activation | loss | metrics |
|---|---|---|---|---|
| number | one for each number | linear | mean_squared_error | mae |
| quantiles | so many for each number | linear | pinball | mae |
| two classes | 1 | sigmoid | binary_crossentropy | accuracy |
| classes | one for each class | softmax | sparse_/categorical_crossentropy | accuracy |
| sets of classes | one for each class | sigmoid | binary_crossentropy | binary_accuracy |

Everything here works on names and numbers alone, so that `check` can use it without Keras.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.schema import LOOP_KEYS, CompileConfig, LayerItem, ModelConfig
from dlcli.config.schema.component import Component, normal_name
from dlcli.config.signature import TargetSpec

__all__ = [
    "Head",
    "TargetForm",
    "default_loss",
    "default_metrics",
    "default_targets",
    "from_logits",
    "head_place",
    "layer_head",
    "loss_names",
    "model_head",
    "output_losses",
    "pair_targets",
    "says_classification",
    "target_form",
]

DENSE = ("Dense", "EnsembleDense", "TangentDense")
"""The layers whose `activation` is what an output gives."""

TargetForm = Literal["index", "one_hot", "column", "number", "multi_hot", "sequence", "zeros", "nothing"]
"""How a target reaches the loss: indices (batch, *axes), one-hot (batch, *axes, classes), 0/1 (batch, *axes, 1),
numbers (batch, *axes, width), 0/1 for each class of a set (batch, classes); indices from 1 on that end in zeros, of a
sequence whose steps are not those of the output; zeros, for an output that learns nothing; or not at all, to a model of
the user's own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The last layer of an output, as far as the config tells.

    Args:
        units: How many numbers it gives for a sample; None when the config does not say.
        activation: Its activation, `linear` when there is none; None when the config does not say.
    """

    units: int | None = None
    activation: str | None = None


def from_logits(loss: Component | None) -> bool:
    """Whether the loss takes raw scores, so that predictions need a softmax or a sigmoid still."""
    return loss is not None and loss.arguments.get("from_logits") is True


def _activation_name(value: Any) -> str | None:
    if value is None:
        return "linear"
    try:
        return Component.parse(value).name.lower()
    except ValueError:
        return None


def head_place(layers: Sequence[LayerItem], name: str) -> int | None:
    """Which item of a list of layers has a name; the last of them. None when none has."""
    places = (index for index, item in enumerate(layers) if item.name == name or name in _names_of_copies(item))
    return max(places, default=None)


def _names_of_copies(item: LayerItem) -> list[str]:
    loop = item.for_ or {}
    copies = max(map(len, loop.values()), default=1) * item.repeat
    return [*loop.get("name", ()), *(f"{item.name}_{number + 1}" for number in range(copies) if item.name is not None)]


def _of_copy(item: LayerItem, name: str | None) -> dict[str, Any]:
    """The arguments that `for` sets on the copy of a name; on the last when none has it."""
    names = (item.for_ or {}).get("name", ())
    number = names.index(name) if name in names else -1
    return {key: values[number] for key, values in (item.for_ or {}).items() if key not in LOOP_KEYS}


def layer_head(layers: Sequence[LayerItem], name: str | None = None) -> Head:
    """The head of the layer called `name`, or of the last one, read backwards through activation layers."""
    items = list(layers)
    if name is not None:
        place = head_place(items, name)
        if place is None:
            return Head()
        items = items[: place + 1]
    activation: str | None = None
    for item in reversed(items):
        if item.layers is not None:
            inner = layer_head(item.layers)
            return Head(inner.units, activation or inner.activation)
        if item.component is None:
            return Head(None, activation)
        kind, arguments = item.component.name, dict(item.component.arguments)
        arguments |= _of_copy(item, name)
        if kind in ("Softmax", "Activation", "ReLU"):
            found = kind.lower() if kind != "Activation" else _activation_name(arguments.get("activation"))
            activation = activation or found
            continue
        if kind in ("Dropout", "Identity", "RangeClip"):
            continue
        units = arguments.get("units")
        open_ = units == "auto" and arguments.get("activation") is None  # then the target decides on both
        said = _activation_name(arguments.get("activation")) if kind in DENSE and not open_ else None
        return Head(units if isinstance(units, int) else None, activation or said)
    return Head(None, activation)


def model_head(model: ModelConfig) -> Head:
    """The head of the model's only output; an empty one when it has several."""
    if model.outputs is not None and len(model.outputs) > 1:
        return Head()
    return layer_head(model.layers, model.outputs[0] if model.outputs else None)


def says_classification(loss: Component | None, head: Head) -> bool | None:
    """What the loss and the last layer say of the target: classes, numbers, or nothing.

    A sigmoid or a softmax speaks of classes even under mean_squared_error, as the perceptron's tutorials do.
    """
    facts = loss_facts(loss)
    if facts.of_classes or head.activation in ("softmax", "sigmoid"):
        return True
    return False if facts.family == "number" else None


def default_loss(target: TargetSpec, head: Head) -> Component:
    """The loss of the table above; for a head without activation, the one that takes raw scores."""
    if target.kind == "number":
        return Component("pinball" if target.quantiles else "mean_squared_error")
    logits = head.activation == "linear"
    if head.units == 1 or target.kind == "categories":
        return Component("BinaryCrossentropy", {"from_logits": True}) if logits else Component("binary_crossentropy")
    if target.encode == "one_hot":
        return (
            Component("CategoricalCrossentropy", {"from_logits": True})
            if logits
            else Component("categorical_crossentropy")
        )
    if logits:
        return Component("SparseCategoricalCrossentropy", {"from_logits": True})
    return Component("sparse_categorical_crossentropy")


def default_metrics(target: TargetSpec, loss: Component) -> list[Component]:
    """The metrics of the table above, or another where the loss is that; none for embeddings."""
    if loss_facts(loss).family in ("embedding", "sequence"):
        return []
    if target.kind == "categories":
        return [Component("binary_accuracy")]
    if target.kind != "number":
        return [Component("accuracy")]
    return [Component("RootMeanSquaredError" if normal_name(loss) == "meanabsoluteerror" else "mae")]


def default_targets(outputs: Sequence[str], targets: Sequence[TargetSpec]) -> dict[str, tuple[TargetSpec, ...]] | None:
    """Which targets each output learns: by name where the names agree, the others in order.

    One output learns several number targets side by side. None when they cannot be paired.

    Example:
        >>> price, size = TargetSpec("price", "number"), TargetSpec("size", "number")
        >>> list(default_targets(["out"], [price, size])["out"]) == [price, size]
        True
    """
    if len(outputs) == 1 and (len(targets) == 1 or all(target.kind == "number" for target in targets)):
        return {outputs[0]: tuple(targets)}
    if len(outputs) != len(targets):
        return None
    by_name = {target.name: target for target in targets}
    rest = iter(target for target in targets if target.name not in outputs)
    return {output: (by_name[output] if output in by_name else next(rest),) for output in outputs}


def pair_targets(
    outputs: Sequence[str],
    targets: Sequence[TargetSpec],
    loss: Component | Mapping[str, Component] | None,
    *,
    own_model: bool = False,
) -> dict[str, tuple[TargetSpec, ...]] | None:
    """Which targets each output learns, none included: as `default_targets`, and where there are fewer of them those
    outputs learn that have a loss. One target may be learnt by several. None when they cannot be paired.

    Args:
        outputs: The outputs.
        targets: The targets.
        loss: The config's.
        own_model: A class of the user's own says itself what outputs are for: those that are left learn nothing.

    Example:
        >>> price = TargetSpec("price", "number")
        >>> pair_targets(["out", "code"], [price], {"out": Component("mse")})["code"]
        ()
    """
    if not targets:
        return dict.fromkeys(outputs, ())
    found = default_targets(outputs, targets)
    if found is not None or len(outputs) <= len(targets):
        return found
    learners = [name for name in outputs if not isinstance(loss, Mapping) or name in loss]
    if len(targets) == 1 and loss is not None and not own_model:
        return {name: tuple(targets) if name in learners else () for name in outputs}
    if own_model and len(learners) > len(targets):
        names = {target.name for target in targets}
        learners = [*[name for name in learners if name in names], *[name for name in learners if name not in names]]
        learners = [name for name in outputs if name in learners[: len(targets)]]
    found = default_targets(learners, targets)
    return None if found is None else {name: found.get(name, ()) for name in outputs}


def target_form(target: TargetSpec, loss: Component, units: int | None) -> TargetForm:
    """How the target reaches the loss; follows the loss unless the config says otherwise.

    Args:
        target: The target of one output.
        loss: The loss of that output.
        units: The size of the output's last dimension; None when it is not known.
    """
    if target.kind == "number":
        return "number"
    if target.kind == "categories":
        return "multi_hot"
    if loss_facts(loss).family == "sequence":
        return "sequence"
    if target.encode != "auto":
        return target.encode
    if loss_facts(loss).family in ("sparse", "embedding"):
        return "index"
    if units == 1:
        return "column"
    return "index" if loss_facts(loss).family == "other" and units is None else "one_hot"


def output_losses(compile_: CompileConfig, outputs: Sequence[str]) -> dict[str, Component | None]:
    """The configured loss of every output; of a single one whatever it is called, for it may have no name yet."""
    if isinstance(compile_.loss, dict) and (len(outputs) > 1 or len(compile_.loss) > 1):
        return {output: compile_.loss.get(output) for output in outputs}
    loss = next(iter(compile_.loss.values()), None) if isinstance(compile_.loss, dict) else compile_.loss
    return dict.fromkeys(outputs, loss)


def loss_names(outputs: Sequence[str]) -> list[str]:
    """What Keras calls the losses of a model in its History, without `val_`."""
    return ["loss", *(f"{output}_loss" for output in outputs if len(outputs) > 1)]
