"""`data.augment`: what mixes the samples of a batch, checked against the model, and put before its training step."""

from __future__ import annotations

from dlcli.backend.mixing import mix_batches
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly
from dlcli.model.components import make

__all__ = ["install_mixing", "mixing_faults"]


def mixing_faults(assembly: Assembly) -> list[Problem]:
    """Why batches of this model cannot be mixed, when the config asks for that.

    Args:
        assembly: The compiled model.
    """
    wanted = assembly.config.data.augment
    if not wanted:
        return []
    names = " and ".join(component.name for component in wanted)
    problems = [
        Problem(
            f"{names} mixes labels, and the loss {output.loss.name} of {output.name!r} takes class indices",
            path="data.augment",
            hint="loss: categorical_crossentropy, which takes a part of each class",
            rule="mixes-labels",
        )
        for output in assembly.outputs
        if output.form == "index"
    ]
    shapes = {tensor.name: tuple(tensor.shape) for tensor in assembly.model.inputs}
    if len(shapes) != 1 or len(next(iter(shapes.values()))) != 4:
        listed = ", ".join(f"{name} {shape[1:]}" for name, shape in shapes.items())
        problems.append(
            Problem(
                f"{names} mixes images, and the model takes {listed}",
                path="data.augment",
                hint="it needs one input, of type image",
                rule="mixes-labels",
            )
        )
    return problems


def install_mixing(assembly: Assembly) -> None:
    """Let the training step mix batches, where the config asks for it."""
    wanted = assembly.config.data.augment
    if wanted:
        paths = [("data", "augment", place) for place in range(len(wanted))]
        layers = [make("layers", one, code={}, path=path) for one, path in zip(wanted, paths, strict=True)]
        mix_batches(assembly.model, layers, seed=assembly.config.seed)
