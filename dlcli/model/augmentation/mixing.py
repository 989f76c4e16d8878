"""`data.augment`: what mixes the samples of a batch, checked against the model."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.backend.augmentation.changing import Change
from dlcli.backend.augmentation.mixing import mixer
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly
from dlcli.model.components import make

__all__ = ["mixers", "mixing_faults"]


def mixing_faults(assembly: Assembly) -> list[Problem]:
    """Why batches of this model cannot be mixed, when the config asks for that.

    Args:
        assembly: The compiled model.
    """
    if not assembly.config.data.augment:
        return []
    return [*_labels(assembly), *_inputs(assembly)]


def mixers(assembly: Assembly) -> list[Change]:
    """What mixes batches, before the training step."""
    config = assembly.config
    layers = [
        make("layers", component, code={}, path=("data", "augment", place))
        for place, component in enumerate(config.data.augment)
    ]
    return [mixer(assembly.model, layers, seed=config.seed)] if layers else []


def _labels(assembly: Assembly) -> Iterator[Problem]:
    """Indices of classes have no mean; those of pixels are cut with them."""
    names = [component.name for component in assembly.config.data.augment]
    size = _size(assembly)
    for output in assembly.outputs:
        if "CutMix" in names and len(output.axes) > 1 and output.axes != size:
            message = f"CutMix cuts images of {list(size)}, and {output.name!r} learns values for {list(output.axes)}"
            hint = "give both the same height and width, or mix by MixUp"
            yield Problem(message, path="data.augment", hint=hint, rule="mixes-labels")
        cut = set(names) == {"CutMix"} and output.axes == size
        if output.form in ("index", "sequence") and not cut:
            message = f"{' and '.join(names)} mixes labels, and the loss {output.loss.name} of {output.name!r} takes "
            yield Problem(
                f"{message}class indices", path="data.augment", hint=_way_out(output, size), rule="mixes-labels"
            )


def _way_out(output: OutputPlan, size: tuple[int, ...]) -> str:
    if output.form == "sequence":
        return "leave it out: what is spelt has no mean"
    cut = "CutMix alone, which cuts masks as it cuts images; or " if output.axes == size else ""
    return f"{cut}loss: categorical_crossentropy, which takes a part of each class"


def _size(assembly: Assembly) -> tuple[int, ...]:
    return tuple(assembly.model.inputs[0].shape[1:3]) if assembly.model.inputs else ()


def _inputs(assembly: Assembly) -> Iterator[Problem]:
    """All inputs are images, and of one shape: by the same share or cut they are mixed."""
    shapes = {tensor.name: tuple(tensor.shape)[1:] for tensor in assembly.model.inputs}
    others = {name: shape for name, shape in shapes.items() if len(shape) != 3}
    names = " and ".join(component.name for component in assembly.config.data.augment)
    if others:
        listed = ", ".join(f"{name} {list(shape)}" for name, shape in others.items())
        message = f"{names} mixes images, and the model takes {listed}, which would stay with the label of one sample"
        hint = "leave it out: all inputs must be images, of type image and of one shape"
        yield Problem(message, path="data.augment", hint=hint, rule="mixes-labels")
    elif len(set(shapes.values())) != 1:
        listed = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        message = f"{names} mixes images of one shape, and the model takes {listed}"
        hint = "give all the same `size` and `channels`"
        yield Problem(message, path="data.augment", hint=hint, rule="mixes-labels")
