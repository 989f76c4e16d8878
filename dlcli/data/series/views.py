"""What the inputs and targets of windows are made of, from the features and targets of a step."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.config.document.places import format_path
from dlcli.config.schema.windows import FUTURE, STATIC, Windows, future_of, matching
from dlcli.config.signature import DEFAULT_INPUT, InputSpec
from dlcli.data.columns.codec import Codec, ScalesNumbers
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.series.form import Pace, Part, View, WindowForm
from dlcli.data.series.levels import SeenTarget
from dlcli.data.series.target import TargetOfSteps
from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["WindowInput", "input_views", "names_of_steps", "seen_as", "seen_targets", "target_views", "window_form"]


@dataclasses.dataclass(frozen=True)
class WindowInput:
    """An input of a model of windows.

    Args:
        spec: What the model must know of it.
        view: What it is made of.
        numbers: The names of its numbers where it joins features; none else.
    """

    spec: InputSpec
    view: View
    numbers: tuple[str, ...] = ()


def window_form(windows: Windows, features: Iterable[str], pace: Pace) -> WindowForm:
    """The form of the windows that a config asks for.

    Args:
        windows: The section.
        features: The names of the features, which its globs are for.
        pace: What the times show.

    Raises:
        ConfigError: It names features that are not there.
    """
    names = list(features)
    problems = []
    for key in ("known", "static"):
        for word in getattr(windows, key) or ():
            if not matching(names, [word]):
                hint = did_you_mean(word, names) or f"the features are {', '.join(names)}"
                path = f"data.windows.{key}"
                problems.append(Problem(f"no feature is called {word!r}", path=path, hint=hint, rule="unknown-name"))
    known, static = matching(names, windows.known), matching(names, windows.static)
    problems += [
        Problem(
            f"the feature {name!r} is known ahead and of the whole series at once",
            path="data.windows.static",
            hint="what a series has once needs no future",
            rule="conflicting-options",
        )
        for name in static
        if name in known
    ]
    if problems:
        raise ConfigError(problems)
    scale = None if windows.scale == "none" else windows.scale
    return WindowForm(
        windows.length, windows.horizon, windows.delay, windows.sampling_rate, known, static, pace=pace, scale=scale
    )


def names_of_steps(named: Collection[str], form: WindowForm) -> tuple[str, ...]:
    """The features among the inputs that layers take by name: those with an input of their own."""
    ahead = {future_of(name): name for name in form.known}
    return tuple(dict.fromkeys(ahead.get(name, name) for name in named if name not in (FUTURE, STATIC)))


def input_views(
    steps: Sequence[InputSpec], form: WindowForm, joined: Mapping[str, Codec], named: Collection[str]
) -> tuple[WindowInput, ...]:
    """The inputs of a model of windows.

    Args:
        steps: The inputs of a step.
        form: Which steps a window has.
        joined: The features that the vector of a step joins.
        named: What layers take by name.
    """
    found: list[WindowInput] = []
    for spec in steps:
        if spec.name == DEFAULT_INPUT and joined:
            found += _joined(spec, form, joined)
            continue
        part: Part = "last" if spec.name in form.static else "past"
        found.append(_own(spec, spec.name, part, form, named))
        if spec.name in form.known:
            found.append(_own(spec, future_of(spec.name), "ahead", form, named))
    return tuple(found)


def _own(spec: InputSpec, name: str, part: Part, form: WindowForm, named: Collection[str]) -> WindowInput:
    shape = form.shape(part, spec.shape)
    made = dataclasses.replace(spec, name=name, shape=shape, named=name in named, steps=len(shape) > len(spec.shape))
    return WindowInput(made, View(spec.name, part))


def _joined(spec: InputSpec, form: WindowForm, joined: Mapping[str, Codec]) -> list[WindowInput]:
    """The vector of a step: what is seen of it in the past, what is known ahead, and what a series has once."""
    parts: list[tuple[str, Part, list[str]]] = [
        (DEFAULT_INPUT, "past", [name for name in joined if name not in form.static]),
        (FUTURE, "ahead", [name for name in joined if name in form.known]),
        (STATIC, "last", [name for name in joined if name in form.static]),
    ]
    found = []
    for name, part, features in parts:
        if not features:
            continue
        columns = _columns(joined, features)
        shape = form.shape(part, (len(columns),))
        whole = len(columns) == spec.shape[0]
        made = dataclasses.replace(spec, name=name, shape=shape, named=name != DEFAULT_INPUT)
        numbers = tuple(number for feature in features for number in joined[feature].names())
        found.append(WindowInput(made, View(spec.name, part, None if whole else columns), numbers))
    return found


def _columns(joined: Mapping[str, Codec], features: Collection[str]) -> NDArray[np.int64]:
    """The places of some features in the vector of a step."""
    ends = np.cumsum([codec.shape[0] for codec in joined.values()])
    places = [
        np.arange(end - codec.shape[0], end)
        for (name, codec), end in zip(joined.items(), ends.tolist(), strict=True)
        if name in features
    ]
    return np.concatenate(places)


def target_views(targets: Mapping[str, TargetCodec], form: WindowForm) -> dict[str, View]:
    """What each target of a window is made of."""
    part: Part = "ahead" if form.horizon else "last"
    return {
        name: View(name, part, flat=isinstance(codec, TargetOfSteps) and codec.is_vector)
        for name, codec in targets.items()
    }


def seen_targets(
    targets: Mapping[str, TargetCodec],
    features: Mapping[str, Codec],
    joined: Mapping[str, Codec],
    form: WindowForm,
) -> dict[str, SeenTarget]:
    """The targets of numbers whose past is a feature, where they are to be measured by it.

    Args:
        targets: The codecs of the targets of a step.
        features: Those of all features.
        joined: The features that the vector of a step joins.
        form: Which steps a window has.
    """
    found: dict[str, SeenTarget] = {}
    for name, target in targets.items() if form.scale is not None else ():
        seen = seen_as(target, features, form)
        if seen is None or not isinstance(target, ScalesNumbers):
            continue
        codec = features[seen]
        assert isinstance(codec, ScalesNumbers)
        if not codec.linear:
            raise _bent(name, seen)
        columns = _columns(joined, [seen]) if seen in joined else np.arange(codec.shape[-1])
        numbers = len(target.scale)  # what else the feature has are marks
        columns = columns[:numbers]
        factor = codec.scale[:numbers] / target.scale
        shift = (codec.offset[:numbers] - target.offset) / target.scale
        flat = form.horizon > 1 and len(columns) == 1
        found[name] = SeenTarget(DEFAULT_INPUT if seen in joined else seen, columns, factor, shift, flat)
    return found


def _bent(target: str, feature: str) -> ConfigError:
    """A level that cannot be read off the past."""
    message = f"windows measure the target {target!r} by its past, which the feature {feature!r} bends"
    hint = "scale: standard for this feature, or scale: none of the windows"
    path = format_path(("data", "features", feature, "scale"))
    return ConfigError(Problem(message, path=path, hint=hint, rule="conflicting-options"))


def seen_as(target: TargetCodec, features: Mapping[str, Codec], form: WindowForm) -> str | None:
    """The feature that is the past of a target of numbers; None where there is none."""
    return next(
        (
            name
            for name, codec in features.items()
            if codec.columns == target.columns and codec.type == target.type == "number" and name not in form.static
        ),
        None,
    )
