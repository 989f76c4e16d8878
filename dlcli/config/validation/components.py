"""Finds every component in a config as it was read, and checks each against the catalogue.

It looks at the raw values and skips what it cannot read, so that its findings stand beside those of the schema.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.document.scalars import from_fraction
from dlcli.config.graph.calls import call_faults
from dlcli.config.options.types import feature_types
from dlcli.config.schema.model import LAYER_KEYS, LAYER_KINDS, LOOP_KEYS
from dlcli.config.validation.component_check import INPUT_LAYERS, ComponentCheck, UserClass
from dlcli.errors import Problem, did_you_mean

__all__ = ["check_components"]

_MAX_VISITS = 10_000


def check_components(value: Any, code_names: Mapping[str, UserClass | None]) -> list[Problem]:
    """Problems of all components in a config.

    Args:
        value: The config as plain YAML values; whatever in it is no component or list of them is skipped.
        code_names: The user's own classes by name, with what is known of their arguments.

    Returns:
        Problems in the config's order, each once.

    Example:
        >>> [str(problem) for problem in check_components({"compile": {"optimizer": "Adm"}}, {})]
        ["compile.optimizer: unknown optimizer 'Adm' (did you mean 'Adam' or 'Nadam' or 'AdamW'?)"]
    """
    if not isinstance(value, Mapping):
        return []
    check = ComponentCheck(code_names)
    problems = [
        *_LayerWalk(check, _mapping(value.get("model"))).run(),
        *_model_class(_mapping(value.get("model")).get("class"), code_names),
        *_compile(check, _mapping(value.get("compile"))),
        *_phases(check, _mapping(value.get("fit")), _mapping(value.get("compile"))),
        *_features(check, _mapping(value.get("data"))),
        *_listed(check, "callbacks", value.get("callbacks"), ("callbacks",)),
        *_sweep(check, _mapping(value.get("sweep"))),
    ]
    return list(dict.fromkeys(problems))


def _model_class(name: Any, code_names: Mapping[str, UserClass | None]) -> Iterator[Problem]:
    if isinstance(name, str) and name not in code_names:
        hint = did_you_mean(name, code_names) or "write the class in a Python file and name the file under `code`"
        path = format_path(("model", "class"))
        yield Problem(f"no file under `code` defines {name!r}", path=path, hint=hint, rule="unknown-component")


def _features(check: ComponentCheck, data: Mapping[Any, Any]) -> Iterator[Problem]:
    """Layers among the options of features, and those that mix batches."""
    mixing = data.get("augment")
    for index, item in enumerate(mixing if isinstance(mixing, list) else []):
        yield from check.check("layers", item, ("data", "augment", index), whole=False)
    features, defaults = _mapping(data.get("features")), _mapping(data.get("defaults"))
    typed = [(("features", name), entry, _mapping(entry).get("type")) for name, entry in features.items()]
    typed += [(("defaults", name), entry, name) for name, entry in defaults.items()]
    for place, entry, kind in typed:
        section = feature_types().get(kind) if isinstance(kind, str) else None
        for key in sorted(section.layers) if section is not None else ():
            for index, item in enumerate(value if isinstance(value := _mapping(entry).get(key), list) else []):
                yield from check.check("layers", item, ("data", *place, key, index))


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(check: ComponentCheck, kind: str, value: Any, path: ConfigPath) -> Iterator[Problem]:
    for index, item in enumerate(value if isinstance(value, list) else []):
        yield from check.check(kind, item, (*path, index), whole=False)


def _compile(check: ComponentCheck, section: Mapping[Any, Any]) -> Iterator[Problem]:
    optimizer = section.get("optimizer")
    if optimizer is not None:
        yield from check.check("optimizers", optimizer, ("compile", "optimizer"), whole=False)
    for key, kind in (("loss", "losses"), ("metrics", "metrics"), ("weighted_metrics", "metrics")):
        value = section.get(key)
        if isinstance(value, Mapping) and _is_by_output(check, kind, value):
            for output, item in value.items():
                yield from _one_or_listed(check, kind, item, ("compile", key, output))
        else:
            yield from _one_or_listed(check, kind, value, ("compile", key))


def _phases(check: ComponentCheck, fit: Mapping[Any, Any], compiled: Mapping[Any, Any]) -> Iterator[Problem]:
    phases = fit.get("phases")
    for index, phase in enumerate(phases if isinstance(phases, list) else []):
        if not isinstance(phase, Mapping):
            continue
        path = ("fit", "phases", index)
        if (optimizer := phase.get("optimizer")) is not None:
            yield from check.check("optimizers", optimizer, (*path, "optimizer"), whole=False)
        yield from check.rate(optimizer or compiled.get("optimizer"), phase.get("learning_rate"), path)


def _sweep(check: ComponentCheck, section: Mapping[Any, Any]) -> Iterator[Problem]:
    for key, kind in (("sampler", "samplers"), ("pruner", "pruners")):
        if (value := section.get(key)) is not None:
            yield from check.check(kind, value, ("sweep", key), whole=False)


def _one_or_listed(check: ComponentCheck, kind: str, value: Any, path: ConfigPath) -> Iterator[Problem]:
    if isinstance(value, list):
        yield from _listed(check, kind, value, path)
    elif value is not None:
        yield from check.check(kind, value, path, whole=False)


def _is_by_output(check: ComponentCheck, kind: str, value: Mapping[Any, Any]) -> bool:
    """Whether a mapping goes from outputs to components: `{price: mse}` does, `{Huber: {delta: 2}}` does not."""
    if len(value) != 1:
        return True
    ((name, inner),) = value.items()
    if isinstance(inner, (str, list)):
        return True
    if not isinstance(name, str) or check.knows(kind, name) or not isinstance(inner, Mapping) or len(inner) != 1:
        return False
    (only,) = inner
    return isinstance(only, str) and check.knows(kind, only)


@dataclasses.dataclass(frozen=True)
class _Setting:
    """Arguments that `for` or `with` sets on layers: all values by name, and where they stand."""

    values: Mapping[str, tuple[tuple[Any, ConfigPath], ...]]


class _LayerWalk:
    """Visits the layers as they are used: a block's layers with the arguments that each use sets."""

    def __init__(self, check: ComponentCheck, model: Mapping[Any, Any]) -> None:
        self._check = check
        self._model = model
        self._blocks = _mapping(model.get("blocks"))
        self._used: set[Any] = set()
        self._visits = 0

    def run(self) -> Iterator[Problem]:
        yield from self._items(self._model.get("layers"), ("model", "layers"), (), ())
        for name, items in self._blocks.items():
            if name not in self._used:
                yield from self._items(*_block(items, name), None, (name,))

    def _items(
        self, items: Any, path: ConfigPath, settings: tuple[_Setting, ...] | None, trail: tuple[Any, ...]
    ) -> Iterator[Problem]:
        for index, item in enumerate(items if isinstance(items, list) else []):
            self._visits += 1
            if self._visits > _MAX_VISITS:
                return
            yield from self._item(item, (*path, index), settings, trail)

    def _item(
        self, item: Any, path: ConfigPath, settings: tuple[_Setting, ...] | None, trail: tuple[Any, ...]
    ) -> Iterator[Problem]:
        if isinstance(item, str):
            yield from self._layer(item, None, path, path, settings, _Setting({}))
            return
        if not isinstance(item, Mapping):
            return
        own = _Setting({**_for_values(item, path), **_with_values(item, path)})
        inner = None if settings is None else (own, *settings)
        block = item.get("block")
        if isinstance(block, str) and block in self._blocks and block not in trail:
            self._used.add(block)
            yield from self._items(*_block(self._blocks[block], block), inner, (*trail, block))
        if "layers" in item:
            yield from self._items(item["layers"], (*path, "layers"), inner, trail)
            yield from call_faults(
                None, "a nested model", inputs=None, call=item.get("call"), path=path, inputs_path=path
            )
        names = [key for key in item if key not in LAYER_KEYS]
        if len(names) == 1 and isinstance(names[0], str) and not set(LAYER_KINDS) & set(item):
            yield from self._layer(names[0], item[names[0]], path, (*path, names[0]), settings, own)
            yield from self._call(names[0], item, path)

    def _call(self, name: str, item: Mapping[Any, Any], path: ConfigPath) -> Iterator[Problem]:
        """Problems of what is given to the call of a layer of Keras's."""
        entry = self._check.entry(name)
        if entry is None:
            return
        yield from call_faults(
            entry, name, inputs=item.get("inputs"), call=item.get("call"), path=path, inputs_path=(*path, "inputs")
        )
        loop = _mapping(item.get("for")).get("inputs")
        for index, inputs in enumerate(loop if isinstance(loop, list) else [loop]):
            place: ConfigPath = (*path, "for", "inputs", *((index,) if isinstance(loop, list) else ()))
            yield from call_faults(entry, name, inputs=inputs, call=None, path=path, inputs_path=place)

    def _layer(
        self,
        name: str,
        arguments: Any,
        path: ConfigPath,
        here: ConfigPath,
        settings: tuple[_Setting, ...] | None,
        own: _Setting,
    ) -> Iterator[Problem]:
        if name in INPUT_LAYERS and not self._check.knows("layers", name):
            return  # the graph says what to do instead
        all_settings = None if settings is None else (own, *settings)
        given = None if all_settings is None else {key for setting in all_settings for key in setting.values}
        value = name if path == here else {name: arguments}
        yield from self._check.check("layers", value, path, given=given, whole=False)
        entry = self._check.entry(name)
        if entry is None:
            return
        for setting in all_settings or (own,):
            for key, values in setting.values.items():
                argument = entry.arguments.get(key)
                if argument is not None:
                    for item, place in values:
                        yield from self._check.value(entry, argument, item, place)
        for key in own.values:
            if key not in entry.arguments and not entry.extra and not entry.needs_python:
                yield Problem(
                    f"{name} takes no argument {key!r}",
                    path=format_path((*path, "for", key)),
                    hint=did_you_mean(key, [*LOOP_KEYS, *entry.arguments]),
                    rule="unknown-argument",
                )


def _block(value: Any, name: str) -> tuple[Any, ConfigPath]:
    """The layers of a block, in whichever form it is written, and where they stand."""
    if isinstance(value, Mapping):
        return value.get("layers"), ("model", "blocks", name, "layers")
    return value, ("model", "blocks", name)


def _for_values(item: Mapping[Any, Any], path: ConfigPath) -> dict[str, tuple[tuple[Any, ConfigPath], ...]]:
    return {
        name: tuple((from_fraction(value), (*path, "for", name, index)) for index, value in enumerate(values))
        for name, values in _mapping(item.get("for")).items()
        if isinstance(name, str) and isinstance(values, list) and name not in LOOP_KEYS
    }


def _with_values(item: Mapping[Any, Any], path: ConfigPath) -> dict[str, tuple[tuple[Any, ConfigPath], ...]]:
    values = {name: from_fraction(value) for name, value in _mapping(item.get("with")).items()}
    return {name: ((value, (*path, "with", name)),) for name, value in values.items() if isinstance(name, str)}
