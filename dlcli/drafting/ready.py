"""A preset as a recipe: named, with what it does beside it, or written out with a reason beside each component."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.document.document import Document
from dlcli.config.document.writer import dump
from dlcli.config.presets.expansion import expand_preset
from dlcli.config.presets.presets import load
from dlcli.drafting.page import Line, entry, heading, item, remark

__all__ = ["named", "written_out"]

_LONGEST = 100
"""Characters of a line; what is longer is written as a block."""


def named(
    preset: str, given: Mapping[str, Any], own: Mapping[str, tuple[Any, str]], kept: tuple[Any, str] | None = None
) -> tuple[tuple[Line, ...], ...]:
    """The sections `model`, `fit` and `callbacks` where a preset is named.

    Args:
        preset: Its name.
        given: Its arguments.
        own: What stands in `fit` beside it: the values, and why.
        kept: The callback in the place of its own, and why.
    """
    where = "`dlcli check --show-expanded` shows its layers and training, `dlcli init --expand` writes them here"
    about = remark(0, f"{load(preset).about} {where}; what stands beside it wins.")
    model = (about, entry(0, "model", {"preset": _said(preset, given)}))
    fit = (_fit(own),) if own else ()
    return (model, *fit, *([(heading(0, "callbacks"), item(1, *kept))] if kept else []))


def written_out(
    preset: str,
    given: Mapping[str, Any],
    target: str,
    data: Mapping[str, tuple[Any, str]],
    own: Mapping[str, tuple[Any, str]],
    kept: tuple[Any, str] | None = None,
) -> tuple[tuple[Line, ...], tuple[tuple[Line, ...], ...]]:
    """What a preset has for `data`, and its other sections.

    Args:
        preset: Its name.
        given: Its arguments.
        target: The type of the target.
        data: What stands in `data` beside it: the values, and why.
        own: What stands in `fit` beside it: the values, and why.
        kept: The callback in the place of its own, and why.
    """
    said = {"target": {"y": target}} | {key: value for key, (value, _) in data.items()}
    value = expand_preset(Document({"data": said, "model": {"preset": _said(preset, given)}})).value
    of_data = {key: each for key, each in value["data"].items() if key in data or key not in ("target", "validation")}
    lines = [entry(1, key, each, data[key][1] if key in data else "") for key, each in of_data.items()]
    fit = {key: (each, "") for key, each in value["fit"].items()}
    told: set[str] = set()
    sections = (
        (remark(0, f"The preset {preset}, written out: {load(preset).about}"), *_model(value["model"], told)),
        (heading(0, "compile"), *_entries(value["compile"])),
        _fit(fit | dict(own)),
        (heading(0, "callbacks"), *([item(1, *kept)] if kept else _items(1, value["callbacks"], "callbacks", told))),
    )
    return tuple(lines), sections


def _said(preset: str, given: Mapping[str, Any]) -> Any:
    """As a config says it."""
    return {preset: dict(given)} if given else preset


def _fit(values: Mapping[str, tuple[Any, str]]) -> tuple[Line, ...]:
    return (heading(0, "fit"), *(entry(1, key, value, why) for key, (value, why) in values.items()))


def _model(model: Mapping[str, Any], told: set[str]) -> Iterator[Line]:
    yield heading(0, "model")
    if blocks := model.get("blocks"):
        yield heading(1, "blocks")
        for name, layers in blocks.items():
            yield heading(2, name)
            yield from _items(3, layers, "layers", told)
    yield heading(1, "layers")
    yield from _items(2, model["layers"], "layers", told)


def _items(depth: int, values: Iterable[Any], kind: str, told: set[str]) -> Iterator[Line]:
    """Components, each with what it is where it stands for the first time."""
    for value in values:
        name = next(iter(value)) if isinstance(value, Mapping) else value
        yield item(depth, value, "" if name in told else _about(kind, name))
        told.add(name)


def _entries(values: Mapping[str, Any]) -> Iterator[Line]:
    for key, value in values.items():
        why = _about("optimizers", next(iter(value))) if key == "optimizer" and isinstance(value, Mapping) else ""
        whole = entry(1, key, value, why)
        if len(whole.text) <= _LONGEST:
            yield whole
            continue
        yield heading(1, key, why)
        yield from (Line(2, line) for line in dump(value).splitlines())


def _about(kind: str, name: str) -> str:
    """What a component is, in a line; empty of what is none."""
    found = catalogue.load().get(kind, name)
    return "" if found is None else found.doc.partition(". ")[0].rstrip(".")
