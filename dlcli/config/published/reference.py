"""The reference pages, generated: every key of the config language, and every Keras component.

Run as a module it writes `docs/reference.md` and `docs/components.md`; with `--check` it writes nothing
and fails when they are not what it would write.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dlcli.config.catalogue.entries import KINDS, Argument, Entry, load, singular
from dlcli.config.options.section import Section
from dlcli.config.schema import Config, LayerItem
from dlcli.config.schema.component import Component
from dlcli.config.schema.expected import describe, field_type
from dlcli.files.replacing import write_file

__all__ = ["PAGES", "components_page", "reference_page"]

_GENERATED = "<!-- Written by `make docs` from the schema and the catalogue. Do not edit. -->\n"

_REFERENCE = """# The config language

One rule carries the whole language: **wherever Keras takes an object, write its name, or a one-key mapping from its
name to its arguments.** The names are in [components.md](components.md). Paths are relative to the file that
holds them. `extends: base.yaml` inherits from another config (or a list of them): mappings merge, lists and
values replace.
"""

_COMPONENTS = """# Keras components

What can stand in a config, from Keras {keras}. An argument without `=` is required; one that takes a component names
the kind in brackets. What only a Python function can fill, and what would run a program in a file or call an address,
is marked †: write a class of your own in a `code` file.
"""

_TITLES = {
    "layers": ("Layers", "`model.layers`, and the `layer` of wrappers."),
    "applications": ("Pretrained networks", "`model.layers`; pixels of 0 to 255 come in, unless it says otherwise."),
    "optimizers": ("Optimizers", "`compile.optimizer`. In any case: `adam`, `Adam`."),
    "losses": ("Losses", "`compile.loss`."),
    "metrics": ("Metrics", "`compile.metrics`."),
    "callbacks": ("Callbacks", "`callbacks`."),
    "initializers": ("Initializers", "Arguments such as `kernel_initializer`."),
    "regularizers": ("Regularizers", "Arguments such as `kernel_regularizer`."),
    "constraints": ("Constraints", "Arguments such as `kernel_constraint`."),
    "schedules": ("Learning-rate schedules", "`learning_rate` of optimizers, `schedule` of LearningRateScheduler."),
    "activations": ("Activations", "`activation`; activation layers such as LeakyReLU may stand there too."),
    "samplers": ("Samplers", "`sweep.sampler`. Optuna's {optuna}, not Keras's; the seed is `sweep.seed`."),
    "pruners": ("Pruners", "`sweep.pruner`. Optuna's, not Keras's."),
}


def reference_page() -> str:
    """`docs/reference.md`: a table for each section, and for each type of feature and target."""
    parts = [_GENERATED, _REFERENCE]
    for title, section in _sections(Config):
        parts += [f"## {title}\n", f"{_text(section)}\n", *_table(section)]
    return "\n".join(parts)


def components_page() -> str:
    """`docs/components.md`: every component by kind, with arguments and defaults."""
    catalogue = load()
    parts = [_GENERATED, _COMPONENTS.format(keras=catalogue.keras)]
    for kind in KINDS:
        title, places = _TITLES[kind]
        parts += [f"## {title}\n", f"{places.replace('{optuna}', catalogue.optuna)}\n", *_shared(kind)]
        common = _common(kind)
        for entry in catalogue.entries(kind):
            parts += _component(entry, common)
    return "\n".join(parts)


def _sections(top: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    """Every section once, in the order in which a reader meets them, by its path in a config.

    Sections of one key within others, such as `{divide: 255}`, are told whole by the key that takes them.
    """
    yield "The config", top
    seen: set[type[Section]] = {top}
    waiting = [(key, section) for key, field in _keys(top) for section in _sections_in(field.annotation)]
    while waiting:
        path, section = waiting.pop(0)
        if section in seen or ("." in path and len(section.model_fields) == 1):
            continue
        seen.add(section)
        kind = section.model_fields.get("type")
        yield f"`{path}`" if kind is None else f"`{path}.*` of `type: {kind.default}`", section
        waiting = [
            *((f"{path}.{key}", inner) for key, field in _keys(section) for inner in _sections_in(field.annotation)),
            *waiting,
        ]


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        yield annotation
        return
    for inner in get_args(annotation) if get_origin(annotation) is not Annotated else get_args(annotation)[:1]:
        yield from _sections_in(inner)


def _keys(section: type[Section]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        if not (section is LayerItem and name == "component"):
            yield field.alias or name, field


def _table(section: type[Section]) -> list[str]:
    rows = ["| key | takes | default | |", "|---|---|---|---|"]
    for key, field in _keys(section):
        cells = (f"`{key}`", describe(field_type(field)), _default(field), field.description or "")
        rows.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return [*rows, ""]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, Component):
        return f"`{value.name}`"
    if value is None or value is PydanticUndefined or value == []:
        return ""
    return f"`{_plain(value)}`"


def _text(section: type[Section]) -> str:
    return inspect.cleandoc(section.__doc__ or "").split("\n\n")[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(value: Any) -> str:
    """A value as YAML writes it on one line."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _common(kind: str) -> dict[str, Argument]:
    """Arguments that most components of a kind have alike; the page lists them once."""
    entries = load().entries(kind)
    told: dict[str, Counter[tuple[Any, ...]]] = {}
    samples: dict[tuple[Any, ...], Argument] = {}
    for argument in (argument for entry in entries for argument in entry.arguments.values() if not argument.deprecated):
        told.setdefault(argument.name, Counter())[_told(argument)] += 1
        samples.setdefault((argument.name, *_told(argument)), argument)
    most = {name: counter.most_common(1)[0] for name, counter in told.items()}
    return {
        name: samples[name, *telling] for name, (telling, count) in most.items() if count > max(2, len(entries) / 2)
    }


def _told(argument: Argument) -> tuple[Any, ...]:
    """What the page says of an argument."""
    return _signature(argument), argument.doc


def _shared(kind: str) -> list[str]:
    common = _common(kind)
    return (
        [f"Arguments of nearly every one, unless it says otherwise:\n\n{_list(list(common.values()))}\n"]
        if common
        else []
    )


def _component(entry: Entry, common: Mapping[str, Argument]) -> list[str]:
    names = f"`{entry.name}`" + ("" if entry.usable else "†")
    also = f" Also: {', '.join(f'`{alias}`' for alias in entry.aliases)}." if entry.aliases else ""
    own = [
        argument
        for name, argument in entry.arguments.items()
        if not argument.deprecated and not (name in common and _signature(common[name]) == _signature(argument))
    ]
    lacking = [f"`{name}`" for name in common if name not in entry.arguments]
    also += " dlcli's own." if entry.own else ""
    without = [f"It has no {', '.join(lacking)}.\n"] if lacking and not entry.shorthand else []
    return [f"### {names}\n", f"{entry.doc}{also}\n", *([f"{_list(own)}\n"] if own else []), *without]


def _list(arguments: list[Argument]) -> str:
    return "\n".join(f"- {_signature(argument)}{': ' + argument.doc if argument.doc else ''}" for argument in arguments)


def _signature(argument: Argument) -> str:
    value = "" if argument.required else f"={argument.default_text or _plain(argument.default)}"
    takes = f" [{singular(argument.takes, article=False)}]" if argument.takes else ""
    return f"`{argument.name}{value}`{takes}"


PAGES = {"docs/reference.md": reference_page, "docs/components.md": components_page}
"""Where each page stands in the repository, and what writes it."""


def main(arguments: list[str]) -> str | None:
    """Write the pages, or with `--check` say which of them are stale; returns a message on failure."""
    root = Path(__file__).parents[3]
    texts = {root / name: page() for name, page in PAGES.items()}
    if "--check" in arguments:
        stale = [path.name for path, text in texts.items() if not path.is_file() or path.read_text("utf-8") != text]
        return f"not up to date: {', '.join(stale)}; run `make docs`" if stale else None
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        write_file(path, text)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
