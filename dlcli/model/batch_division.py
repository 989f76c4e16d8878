"""Whether a model's loss and metrics depend on how rows are divided into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlcli.backend import startup
from dlcli.config.catalogue.facts import counts_rows, loss_facts
from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component
from dlcli.model.assembly import Assembly

__all__ = ["ROW_BY_ROW", "division_matters"]

ROW_BY_ROW = frozenset(
    f"{kind}{rank}D"
    for rank in (1, 2, 3)
    for kind in (
        "AdaptiveAveragePooling",
        "AdaptiveMaxPooling",
        "AveragePooling",
        "Conv",
        "ConvLSTM",
        "Cropping",
        "GlobalAveragePooling",
        "GlobalMaxPooling",
        "MaxPooling",
        "SpatialDropout",
        "UpSampling",
        "ZeroPadding",
    )
) | frozenset(
    {
        "Activation",
        "Add",
        "AdditiveAttention",
        "AlphaDropout",
        "Attention",
        "Average",
        "BatchNormalization",
        "Bidirectional",
        "Concatenate",
        "Conv1DTranspose",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "Dense",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "Discretization",
        "Dot",
        "Dropout",
        "ELU",
        "Embedding",
        "Flatten",
        "GRU",
        "GRUCell",
        "GaussianDropout",
        "GaussianNoise",
        "GroupNormalization",
        "GroupQueryAttention",
        "Hashing",
        "Identity",
        "InputLayer",
        "LSTM",
        "LSTMCell",
        "LayerNormalization",
        "LeakyReLU",
        "Masking",
        "Maximum",
        "Minimum",
        "MultiHeadAttention",
        "Multiply",
        "Normalization",
        "PReLU",
        "Permute",
        "RMSNormalization",
        "RNN",
        "ReLU",
        "RepeatVector",
        "Rescaling",
        "Reshape",
        "Resizing",
        "SeparableConv1D",
        "SeparableConv2D",
        "SimpleRNN",
        "SimpleRNNCell",
        "Softmax",
        "SpectralNormalization",
        "StackedRNNCells",
        "Subtract",
        "TimeDistributed",
        "UnitNormalization",
    }
)
"""Keras's layers that, outside of training, make each row from that row alone and draw nothing, unless an argument says
otherwise. Not here: `MelSpectrogram` looks at the loudest of a batch, and random layers of colours always draw."""

WRAPPERS = frozenset({"Bidirectional", "RNN", "SpectralNormalization", "StackedRNNCells", "TimeDistributed"})
"""Layers that apply others, of any kind; the parts of the remaining ones are Keras's own affair."""

INDEPENDENT = frozenset({"sum_over_batch_size", "mean"})
"""Reductions whose mean over batches, weighed by their rows, is that of all rows."""


def division_matters(assembly: Assembly) -> bool:
    """Whether validation over larger batches may be another than over the config's; when in doubt, it may.

    Keras averages the batches' losses by their rows. That is the average of the rows' losses if each row has one of its
    own: not for a sum, a mean over what a mask or a class to ignore leaves, a loss of a whole batch, layers that look
    along the batch, or code of the user's. The parts of the loss of several outputs it averages without weighing them.
    And a layer that draws in validation too draws once a batch, so that all later draws of training hang on it.

    Args:
        assembly: A built model, compiled or not.
    """
    model = assembly.model
    return bool(
        assembly.code
        or len(assembly.outputs) > 1
        or any(getattr(output, "_keras_mask", None) is not None for output in model.outputs)
        or not all(_row_by_row(layer) for layer in _layers(model))
        or not all(_a_value_a_row(output.loss) for output in assembly.outputs)
        or not all(_counts_rows(metric) for metric in _metrics(assembly.config.compile))
    )


def _layers(model: Any) -> Iterator[Any]:
    """The layers of a model, of the models and of the wrappers inside it."""
    keras = startup.load()
    for layer in model.layers if isinstance(model, keras.Model) else model._flatten_layers(False, recursive=False):
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer
        if type(layer).__name__ in WRAPPERS:
            yield from _layers(layer)


def _row_by_row(layer: Any) -> bool:
    return (
        (type(layer).__name__ in ROW_BY_ROW or _leaves_first(layer))
        and getattr(layer, "activity_regularizer", None) is None
        and not _is_stateful(layer)
        and not _draws_always(layer)
        and _along_no_batch(layer)
    )


def _leaves_first(layer: Any) -> bool:
    """Whether a product after Einstein sums over other axes than the batch alone, which stays in front."""
    equation = str(getattr(layer, "equation", "")).replace(" ", "")
    given, _, kernel = equation.partition("->")[0].partition(",")
    result = equation.partition("->")[2]
    return type(layer).__name__ == "EinsumDense" and result[:1] == given[:1] != "" and given[0] not in kernel


def _is_stateful(layer: Any) -> bool:
    return bool(getattr(layer, "stateful", False))


def _draws_always(layer: Any) -> bool:
    """Recurrent layers draw their dropout in validation too, and do not apply it."""
    recurrent = hasattr(layer, "recurrent_dropout")
    return recurrent and bool(layer.dropout or layer.recurrent_dropout)


def _along_no_batch(layer: Any) -> bool:
    """Whether no axis that the layer works along is the batch, in its activation neither."""
    activation = getattr(layer, "activation", None)
    if hasattr(activation, "__wrapped__") or (hasattr(activation, "axis") and not _along_no_batch(activation)):
        return False  # a function with arguments, or a layer
    axes = [axis for name in ("axis", "axes", "_attention_axes") for axis in _listed(getattr(layer, name, None))]
    if not axes or type(layer).__name__ == "Normalization":  # whose numbers are there before
        return True
    ranks = [len(tensor.shape) for node in layer._inbound_nodes for tensor in node.input_tensors]
    return bool(ranks) and all(axis % rank != 0 for axis in axes for rank in ranks)


def _listed(axes: Any) -> list[int]:
    if axes is None:
        return []
    return [one for each in axes for one in _listed(each)] if isinstance(axes, Sequence) else [int(axes)]


def _a_value_a_row(loss: Component) -> bool:
    return (
        loss_facts(loss).row_by_row
        and loss.arguments.get("reduction", "sum_over_batch_size") in INDEPENDENT
        and _is_plain(loss)
    )


def _counts_rows(metric: Component) -> bool:
    return counts_rows(metric) and _is_plain(metric)


def _is_plain(component: Component) -> bool:
    """Whether it works along no other axis than the last, and ignores no class."""
    return component.arguments.get("axis", -1) == -1 and component.arguments.get("ignore_class") is None


def _metrics(compile_: CompileConfig) -> Iterator[Component]:
    for metrics in (compile_.metrics, compile_.weighted_metrics):
        for each in metrics.values() if isinstance(metrics, Mapping) else [metrics or ()]:
            yield from each
