"""Warnings about classic mistakes: a config that would train, and learn nothing or the wrong thing.

Each rule is a small function from what is known to the problems that it sees; its name is the rule's name, and the
first line of its docstring explains it. `lint: {ignore: [rule]}` silences one. The rules work on the config alone;
those about classes say nothing until the targets are known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.facts import counts_matches, loss_facts
from dlcli.config.checks.history_names import history_names
from dlcli.config.checks.modes import modes_against
from dlcli.config.checks.pixels import moved_pixels, scaled_pixels
from dlcli.config.checks.sounds import mel_of_batch, mel_rate
from dlcli.config.checks.spread import bounded_quantiles, one_quantile
from dlcli.config.document.places import format_path
from dlcli.config.outputs.conventions import Head, default_targets, from_logits, head_place, layer_head, output_losses
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component
from dlcli.config.schema.config import LintConfig
from dlcli.config.signature import TargetSpec
from dlcli.errors import Problem, did_you_mean

__all__ = ["RULES", "lint", "unknown_rules"]


TRIAL = 2
"""Epochs of a trial, in which it does not matter that a callback has no time to act."""


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """One output of the model with all that is known of it; a rule's view.

    Args:
        name: Its layer's name; None for the only output of a model that names none.
        head: Its last layer.
        loss: Its configured loss; None when the default is taken.
        metrics: Its configured metrics.
        target: What it learns; None when that is not known yet.
        loss_path: Where the loss stands in the config.
    """

    name: str | None
    head: Head
    loss: Component | None
    metrics: tuple[Component, ...]
    target: TargetSpec | None
    loss_path: str


Rule = Callable[[Config, Output], Iterator[tuple[str, str, str]]]
"""Yields (path, message, hint)."""


def lint(config: Config, targets: Sequence[TargetSpec] | None = None) -> tuple[Problem, ...]:
    """The warnings about a valid config.

    Args:
        config: The config.
        targets: The targets, once the data has been read.
    """
    found: dict[tuple[str, str], Problem] = {}
    for output in _outputs(config, targets):
        for name, rule in RULES.items():
            if name in config.lint.ignore:
                continue
            for path, message, hint in rule(config, output):
                silence = f"to silence: lint: {{ignore: [{name}]}}"
                found[name, path] = Problem(message, path=path, hint=f"{hint}; {silence}", rule=name)
    return tuple(found.values())


def _outputs(config: Config, targets: Sequence[TargetSpec] | None) -> list[Output]:
    names: list[str | None] = [*config.model.outputs] if config.model.outputs else [None]
    keys = [name or "" for name in names]
    paired = default_targets(keys, targets) if targets else None
    losses = output_losses(config.compile, keys)
    outputs = []
    loss, metrics = config.compile.loss, config.compile.metrics
    for name, key in zip(names, keys, strict=True):
        chosen = metrics.get(_called(name, metrics), []) if isinstance(metrics, dict) else metrics or []
        single = paired[key][0] if paired and len(paired[key]) == 1 else None
        path = f"compile.loss.{_called(name, loss)}" if isinstance(loss, dict) else "compile.loss"
        outputs.append(Output(name, layer_head(config.model.layers, name), losses[key], tuple(chosen), single, path))
    return outputs


def _called(name: str | None, by_output: Mapping[str, object]) -> str:
    """The key of an output in a section; a single output that the model does not name is the only one there."""
    return name or next(iter(by_output), "")


def _head_path(config: Config, output: Output) -> str:
    place = head_place(config.model.layers, output.name) if output.name is not None else None
    return f"model.layers[{len(config.model.layers) - 1 if place is None else place}]"


def softmax_one_unit(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """A softmax over one unit is always 1, so nothing is learnt."""
    if output.head.activation == "softmax" and output.head.units == 1:
        yield (
            _head_path(config, output),
            "softmax over one unit is always 1, so the model cannot learn",
            "use sigmoid for one unit, or a unit for every class",
        )


def sigmoid_categorical_crossentropy(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """Sigmoid outputs do not sum to 1, which categorical cross-entropy takes for granted."""
    if output.head.activation == "sigmoid" and output.loss and loss_facts(output.loss).sum_to_one:
        yield (
            output.loss_path,
            f"{output.loss.name} expects outputs that sum to 1, and the last layer's activation is sigmoid",
            "use softmax, or binary_crossentropy for one sigmoid unit",
        )


def activation_before_logits(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """A loss with from_logits applies softmax or sigmoid itself; doing it twice slows or stops learning."""
    if from_logits(output.loss) and output.head.activation in ("softmax", "sigmoid"):
        yield (
            output.loss_path,
            f"from_logits is true, and the last layer already applies {output.head.activation}",
            "drop from_logits, or the activation",
        )


def logits_without_from_logits(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """A loss of probabilities takes raw scores for such; a cross-entropy can be told by from_logits."""
    if loss_facts(output.loss).probabilities and not from_logits(output.loss) and output.head.activation == "linear":
        assert output.loss is not None
        entry = catalogue.load().get("losses", output.loss.name)
        told = ", or from_logits: true" if entry is not None and "from_logits" in entry.arguments else ""
        yield (
            output.loss_path,
            f"{output.loss.name} expects probabilities, and the last layer has no activation",
            f"add activation: softmax (or sigmoid for one unit){told}",
        )


def classes_with_number_loss(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """Squared error on softmax outputs learns slowly; cross-entropy is made for classes."""
    if output.head.activation == "softmax" and loss_facts(output.loss).family == "number":
        assert output.loss is not None
        yield (
            output.loss_path,
            f"{output.loss.name} is a loss for numbers, and the last layer gives class probabilities",
            "use sparse_categorical_crossentropy",
        )


def accuracy_of_numbers(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """Accuracy counts exact matches, which numbers hardly ever are."""
    accuracies = [metric.name for metric in output.metrics if counts_matches(metric)]
    if accuracies and output.target is not None and output.target.kind == "number":
        yield (
            "compile.metrics",
            f"{accuracies[0]} counts exact matches, and the target {output.target.name!r} is a number",
            "use mae, RootMeanSquaredError or R2Score, or declare the target {type: category}",
        )


def units_not_classes(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """More output units than classes: some can never be right. A loss that spells sequences has one for no class."""
    target, units = output.target, output.head.units
    family = loss_facts(output.loss).family
    if target is None or target.kind != "category" or units is None or not target.classes or family == "embedding":
        return
    count = len(target.classes)
    wanted, none = (count + 1, ", and none") if family == "sequence" else (count, "")
    if units > wanted:
        yield (
            _head_path(config, output),
            f"{units} units for the {count} classes of {target.name!r}{none}",
            f"use units: {wanted}",
        )


def embedding_without_length(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """A loss of embeddings takes the product of two vectors for their likeness, which it is for those of length 1."""
    items = config.model.layers
    named = [item for item in items if item.name == output.name] if output.name is not None else list(items)
    last = named[-1].component if named else None
    own = last is None or catalogue.load().get("layers", last.name) is None
    if (
        loss_facts(output.loss).family == "embedding"
        and not own
        and last is not None
        and last.name != "UnitNormalization"
    ):
        assert output.loss is not None
        yield (
            _head_path(config, output),
            f"{output.loss.name} expects vectors of length 1, and {last.name} gives vectors of any length",
            "add the layer UnitNormalization",
        )


def restore_without_validation(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """restore_best_weights on a training metric keeps the weights that overfit most."""
    for index, callback in enumerate(config.callbacks):
        restores = callback.name == "EarlyStopping" and callback.arguments.get("restore_best_weights") is True
        if restores or callback.name == "KeepBest":
            monitor = callback.arguments.get("monitor", "val_loss")
            if config.data.validation is None and not str(monitor).startswith("val_"):
                yield (
                    f"callbacks[{index}].{callback.name}" + (".restore_best_weights" if restores else ""),
                    f"the best weights are chosen by {monitor!r}, a metric of the rows trained on",
                    "set data.validation and monitor a val_ metric",
                )


def nothing_to_restore(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """Every run begins in a directory of its own, where BackupAndRestore finds no backup."""
    for index, callback in enumerate(config.callbacks):
        if callback.name == "BackupAndRestore":
            yield (
                f"callbacks[{index}].BackupAndRestore",
                "every run begins in a directory of its own, so there is never a backup to restore from",
                "every run commits its epochs by itself, and `dlcli train --resume RUN` goes on from the last",
            )


def callback_cannot_act(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """A callback that waits for longer than the training lasts does nothing; a trial of two epochs is left in peace."""
    epochs = max((phase.epochs for phase in config.fit.phases or ()), default=config.fit.epochs)
    for index, callback in enumerate(config.callbacks):
        if epochs <= TRIAL or callback.name not in ("EarlyStopping", "ReduceLROnPlateau"):
            continue
        validated = str(callback.arguments.get("monitor", "val_loss")).startswith("val_")
        every = config.fit.validation_freq if validated else 1
        begins = _whole(callback, "start_from_epoch")
        seen = epochs // every - begins // every
        patience = _whole(callback, "patience", 10 if callback.name == "ReduceLROnPlateau" else 0)
        path = f"callbacks[{index}].{callback.name}"
        if seen <= 0 < begins:
            yield (
                f"{path}.start_from_epoch",
                f"it begins to look after epoch {begins}, and the training has {epochs}: it does nothing",
                f"a start_from_epoch well below {epochs}, or more epochs",
            )
            continue
        in_time = seen - (epochs % every == 0)  # what is done after the last epoch has no effect
        needed = max(patience, 1) + 1 if callback.arguments.get("baseline") is None else max(patience, 2)
        if seen > 0 and needed > in_time and callback.arguments.get("restore_best_weights") is not True:
            looks = f"{epochs} epochs" if seen == epochs else f"{seen} of {epochs} epochs that it looks at"
            yield (
                f"{path}.patience",
                f"a patience of {patience} is not over before the {looks} are: it does nothing",
                f"a patience below {in_time}, or more epochs" if in_time > 1 else "more epochs",
            )


def _whole(callback: Component, argument: str, default: int = 0) -> int:
    value = callback.arguments.get(argument, default)
    return value if isinstance(value, int) else default


def mode_against_metric(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """A callback with the wrong mode keeps the worst weights, or stops when the model gets better."""
    names = config.model.outputs or ["output"]
    history = history_names(config.compile, outputs=names, validation=config.data.validation is not None)
    if not config.code:  # where any name may be the user's own
        yield from modes_against(config.callbacks, history.directions)


def masked_average_of_nothing(config: Config, output: Output) -> Iterator[tuple[str, str, str]]:
    """The average of no words or steps is 0/0, where a mask leaves none; its row, and its batch, become NaN."""
    features = (config.data.features or {}).items()
    texts = [name for name, feature in features if feature is not None and feature.may_be_padding]
    components = [item.component for item in config.model.layers if item.component is not None]
    masks = any(one.name == "Embedding" and one.arguments.get("mask_zero") is True for one in components)
    masks = masks or any(feature is not None and feature.masks_steps for _, feature in features)
    if texts and masks and any(one.name == "GlobalAveragePooling1D" for one in components):
        yield (
            f"data.features.{texts[0]}",
            f"a row without any word or step in {texts[0]!r} has nothing to average, and gives NaN",
            "use missing: error, GlobalMaxPooling1D, or no mask (an Embedding without mask_zero, `pad: {mask: false}`)",
        )


RULES: dict[str, Rule] = {
    rule.__name__.replace("_", "-"): rule
    for rule in (
        softmax_one_unit,
        sigmoid_categorical_crossentropy,
        activation_before_logits,
        logits_without_from_logits,
        classes_with_number_loss,
        accuracy_of_numbers,
        units_not_classes,
        embedding_without_length,
        restore_without_validation,
        nothing_to_restore,
        callback_cannot_act,
        mode_against_metric,
        masked_average_of_nothing,
        scaled_pixels,
        moved_pixels,
        one_quantile,
        bounded_quantiles,
        mel_rate,
        mel_of_batch,
    )
}
"""Every rule by its name."""


def unknown_rules(config: LintConfig | None) -> list[Problem]:
    """A problem for each rule to be ignored that there is not."""
    return [
        Problem(
            f"there is no lint rule '{name}'",
            path=format_path(("lint", "ignore", index)),
            hint=did_you_mean(name, RULES) or f"the rules are {', '.join(RULES)}",
            rule="unknown-lint-rule",
        )
        for index, name in enumerate(config.ignore if config is not None else [])
        if name not in RULES
    ]
