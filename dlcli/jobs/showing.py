"""What the first batch of a training looks like, as the model is given it: a picture to look at before training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.types import part
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.data.prepare import Prepared
from dlcli.errors import ConfigError, Problem
from dlcli.files.replacing import replacing

if TYPE_CHECKING:
    from dlcli.training.plan import Plan

__all__ = ["show_batch"]

MOST = 36
"""Samples in a picture."""

Sheet = Callable[[NDArray[np.uint8], Sequence[str]], bytes]
"""Draws samples with a text for each: what a type of features may have in its `picture.py`, as `PICTURE`."""


def show_batch(plan: Plan, prepared: Prepared, file: Path) -> Path:
    """Write the picture.

    Args:
        plan: The planned job.
        prepared: Its data.
        file: A `.png` file, replaced when it is there.

    Raises:
        ConfigError: There is nothing to show, or the file cannot be written.
    """
    from dlcli.model.augmentation.changes import first_batch

    name, sheet = _shown(prepared)
    specs = {spec.name: spec for spec in prepared.preprocessing.inputs(plan.assembly.graph.features)}
    inputs, labels, _ = plan.train.batch(0, 0)
    images, labels = first_batch(plan.assembly, specs[name], inputs, labels)
    outputs = [output for output in plan.assembly.outputs if output.targets]
    each = labels if isinstance(labels, (list, tuple)) else [labels]
    beside = [
        shown
        for output, own in zip(outputs, each, strict=False)
        if (shown := _beside(output, np.asarray(own), images)) is not None
    ]
    texts = _texts(outputs, each, len(images))
    content = sheet(np.concatenate([images, *beside], axis=2)[:MOST], texts[:MOST])
    try:
        with replacing(file) as draft:
            draft.write_bytes(content)
    except OSError as error:
        message = f"cannot write {file}: {error.strerror or error}"
        raise ConfigError(
            Problem(message, hint="--show names a file that can be written", rule="not-writable")
        ) from None
    return file


def _shown(prepared: Prepared) -> tuple[str, Sheet]:
    """The first feature that can be shown, and how."""
    for name, codec in prepared.preprocessing.features.items():
        module = part(codec.type, "picture")
        if module is not None:
            return name, cast(Sheet, module.PICTURE)
    listed = ", ".join(f"{name} ({codec.type})" for name, codec in prepared.preprocessing.features.items())
    raise ConfigError(
        Problem(
            f"there is nothing to show: the features are {listed}",
            path="data.features",
            hint="--show draws features of type image or video; leave it out",
            rule="nothing-to-show",
        )
    )


def _beside(output: OutputPlan, labels: NDArray[Any], images: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """What an output learns of each pixel, as images beside the images; None where it does not."""
    if not output.axes or output.axes != images.shape[1:3]:
        return None
    if output.form == "number":
        offsets, scales = np.array(output.unit or ((0.0, 1.0),) * labels.shape[-1]).T
        values = (labels * scales + offsets).mean(axis=-1)
    else:
        places = labels if output.form == "index" else labels[..., 0] if labels.shape[-1] == 1 else labels.argmax(-1)
        values = np.maximum(places, 0) * (255 / max(1, len(output.classes) - 1))
    gray = np.clip(np.round(values), 0, 255).astype(np.uint8)[..., np.newaxis]
    shown = np.broadcast_to(gray, images.shape).copy()
    shown[..., 3:] = 255
    return shown


def _texts(outputs: Sequence[OutputPlan], labels: Sequence[Any], count: int) -> list[str]:
    """What each sample is: `cat`; of a mixed one `cat 70 %, dog 30 %`; of several outputs one after the other.

    What has a value for each step or pixel is called by its name.
    """
    columns = [
        [target.name for target in output.targets[:1]] * count if output.axes else _of_output(output, np.asarray(own))
        for output, own in zip(outputs, labels, strict=False)
    ]
    return [", ".join(column[place] for column in columns if column) for place in range(count)]


def _of_output(output: OutputPlan, labels: NDArray[Any]) -> list[str]:
    if output.form == "number":
        unit = output.unit or ((0.0, 1.0),) * labels.shape[1]
        offsets, scales = np.array(unit).T
        return [" ".join(f"{number:.4g}" for number in row) for row in labels * scales + offsets]
    if output.form == "index":
        return [output.classes[index] for index in labels.reshape(-1).tolist()]
    shares = np.concatenate([1 - labels, labels], axis=1) if output.form == "column" else labels
    return [_mixture(output.classes, row) for row in shares]


def _mixture(classes: Sequence[str], shares: NDArray[np.floating]) -> str:
    there = [place for place in np.argsort(-shares, kind="stable").tolist() if shares[place] > 0.005]
    if len(there) == 1:
        return str(classes[there[0]])
    return ", ".join(f"{classes[place]} {shares[place]:.0%}" for place in there)
