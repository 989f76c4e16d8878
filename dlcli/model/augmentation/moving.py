"""`moved_with` of a target: what it learns of each pixel goes where the pixels of an image go, in training."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from dlcli.backend.augmentation.changing import Change
from dlcli.backend.augmentation.moving import Augmentation, Follower, mover
from dlcli.config.checks.pixels import MOVING_TOGETHER, tells_its_draws
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly
from dlcli.model.components import make

__all__ = ["movers", "moving_faults"]

_ANY = 3e38
"""As large as a number of 32 bits can be."""


def moving_faults(assembly: Assembly) -> list[Problem]:
    """Why targets of this model cannot be moved with images, where the config asks for it.

    Args:
        assembly: The compiled model.
    """
    problems: list[Problem] = []
    leaders: list[str] = []
    for output in assembly.outputs:
        for name in sorted(_leaders(assembly.config, output)):
            leaders.append(name)
            problems += _misfits(assembly, output, name)
    return [*problems, *(fault for name in dict.fromkeys(leaders) for fault in _untold(assembly, name))]


def movers(assembly: Assembly) -> list[Change]:
    """What changes images and moves targets with them, before the training step."""
    config = assembly.config
    followers: dict[str, list[Follower]] = {}
    learning = [output for output in assembly.outputs if output.form != "nothing"]
    for place, output in enumerate(learning):
        for name in _leaders(config, output):
            numbers = output.form == "number"
            followers.setdefault(name, []).append(Follower(place, numbers, output.unit if numbers else ()))
    return [
        mover(
            assembly.model,
            name,
            [_augmentation(component, name, place) for place, component in enumerate(_layers(config, name))],
            those,
            seed=zlib.crc32(f"{config.seed}/{name}/moved".encode()) >> 1,
        )
        for name, those in followers.items()
    ]


def _misfits(assembly: Assembly, output: OutputPlan, name: str) -> Iterator[Problem]:
    target = output.targets[0]
    path = f"data.target.{target.name}.moved_with"
    said = f"{target.name!r} cannot be moved with {name!r}"
    shape = next((tuple(each.shape)[1:] for each in assembly.model.inputs if each.name == name), ())
    if not hasattr((assembly.config.data.features or {}).get(name), "augment"):
        message, hint = f"{said}, which is no image that `augment` could change", "name a feature of type image"
    elif len({_leader(assembly.config, each.name) for each in output.targets}) > 1:
        message = f"{said}: {output.name!r} learns other targets beside it, which are not"
        hint = "give each the same `moved_with`"
    elif tuple(output.axes) != shape[:2] or (output.form == "number" and output.is_flat) or output.form == "sequence":
        message = f"{said}: it has a value for each of {list(output.axes)}, and the images are {list(shape)}"
        hint = "both need the same height and width: give both the same `size`"
    else:
        return
    yield Problem(message, path=path, hint=hint, rule="moved-with")


def _untold(assembly: Assembly, name: str) -> Iterator[Problem]:
    """Layers whose draws nobody but themselves can apply, and those that make another size."""
    for place, component in enumerate(_layers(assembly.config, name)):
        if component.name in assembly.code or not tells_its_draws(component.name):
            yield Problem(
                f"{component.name} does not tell what it draws, so that nothing can be moved with the images {name!r}",
                path=f"data.features.{name}.augment[{place}]",
                hint=f"leave it out; what can be: {', '.join(MOVING_TOGETHER)}, and Keras's layers that change colours",
                rule="moved-with",
            )


def _augmentation(component: Component, name: str, place: int) -> Augmentation:
    path = ("data", "features", name, "augment", place)
    arguments = {**component.arguments, "dtype": "float32"}
    layer = make("layers", Component(component.name, arguments), code={}, path=path)
    if component.name not in MOVING_TOGETHER:
        return Augmentation(layer)
    if hasattr(layer, "value_range"):  # it cuts off what no pixel can be
        arguments["value_range"] = [-_ANY, _ANY]
    numbers = make("layers", Component(component.name, arguments), code={}, path=path)
    zeros = {"fill_value": 0.0} if hasattr(layer, "fill_value") else {}
    masks = make("layers", Component(component.name, arguments | zeros), code={}, path=path)
    # RandomPerspective has no other mode.
    fills = bool(zeros) and getattr(layer, "fill_mode", "constant") == "constant"
    return Augmentation(layer, numbers, masks, fills)


def _layers(config: Config, name: str) -> Sequence[Component]:
    feature = (config.data.features or {}).get(name)
    return [Component.parse(item) for item in getattr(feature, "augment", ())]


def _leaders(config: Config, output: OutputPlan) -> set[str]:
    return {name for each in output.targets if (name := _leader(config, each.name)) is not None}


def _leader(config: Config, target: str) -> str | None:
    options = config.data.target.get(target)
    return None if options is None else options.moved_with
