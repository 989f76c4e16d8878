"""Components written as Python or other tools write them, rewritten in the notation of the config.

`Dense(64, activation="relu")`, `Dense: 64`, `{type: Dense, units: 64}` and `keras.layers.Dense` are all
`{Dense: {units: 64, ...}}`; whoever wrote one of them is told so, in the words to paste.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.catalogue.entries import load
from dlcli.config.catalogue.values import is_plain_fit
from dlcli.config.document.writer import flow
from dlcli.config.habits.words import find_habit
from dlcli.config.schema import LAYER_KEYS
from dlcli.errors import same_word

__all__ = ["rewrite"]

_NAME_KEYS = ("type", "name", "class_name", "class", "class_path", "_target_", "module", "function")
_ARGUMENT_KEYS = ("config", "params", "args", "kwargs", "arguments", "init_args", "options")
_LONGEST = 1000


def rewrite(value: Any) -> str:
    """A component in the notation of the config, ready to paste; empty when it cannot be told what was meant.

    Args:
        value: What stands where a component is expected.

    Example:
        >>> rewrite('keras.layers.Dense(64, activation="relu")')
        '{Dense: {units: 64, activation: relu}}'
        >>> rewrite({"Dense": 64}), rewrite({"type": "Adam", "lr": 0.1}), rewrite("Dense")
        ('{Dense: {units: 64}}', '{Adam: {learning_rate: 0.1}}', '')
    """
    if isinstance(value, str):
        notation = _from_text(value)
    elif isinstance(value, Mapping):
        notation = _from_mapping(value)
    else:
        notation = None
    return flow(notation) if notation not in (None, value) else ""


def _from_text(text: str) -> Any:
    if len(text) > _LONGEST or not {"(", "."} & set(text):
        return None
    try:
        node = ast.parse(text.strip(), mode="eval").body
        return _from_node(node) if isinstance(node, (ast.Call, ast.Attribute)) else None
    except (SyntaxError, ValueError):
        return None


def _from_node(node: ast.expr) -> Any:
    """A call or a dotted name as a component, anything else as a plain value.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(node, ast.Call):
        positional = [_from_node(argument) for argument in node.args]
        named = {keyword.arg or "": _from_node(keyword.value) for keyword in node.keywords}
        if "" in named:
            raise ValueError("**arguments")
        return _component(_last_name(node.func), positional, named)
    if isinstance(node, ast.Attribute):
        return _known(_last_name(node))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_from_node(item) for item in node.elts]
    return ast.literal_eval(node)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError("no name")


def _from_mapping(value: Mapping[Any, Any]) -> Any:
    for key in _NAME_KEYS:
        name = value.get(key)
        if isinstance(name, str) and (meant := _meant(name.rpartition(".")[2])):
            arguments = {inner: item for inner, item in value.items() if inner != key}
            for wrapper in _ARGUMENT_KEYS:
                if isinstance(inner := arguments.get(wrapper), Mapping):
                    arguments = {**{k: v for k, v in arguments.items() if k != wrapper}, **inner}
            return _component(meant, [], arguments)
    kinds = [key for key in value if key not in LAYER_KEYS]
    if len(kinds) == 1 and isinstance(kinds[0], str) and not isinstance(value[kinds[0]], Mapping):
        return _of_its_arguments(_meant(kinds[0]), value[kinds[0]])
    return None


def _of_its_arguments(name: str, value: Any) -> Any:
    """`Dense: 64`, `Dense: [64, relu]`: what a component cannot be made without, without its name."""
    entry = load().get(_kind(name) or "layers", name)
    if entry is None or not entry.required or next(iter(entry.arguments)) not in entry.required:
        return None
    is_one = is_plain_fit(next(iter(entry.arguments.values())), value)
    return _component(name, value if isinstance(value, list) and not is_one else [value], {})


def _component(name: str, positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The notation, or None where positional arguments have no names, or are none that Keras takes there."""
    kind = _kind(name)
    entry = load().get(kind, name) if kind else None
    names = list(entry.arguments) if entry is not None else []
    if len(positional) > len(names):
        return None
    if entry is not None and not all(map(is_plain_fit, entry.arguments.values(), positional)):
        return None
    arguments = {**dict(zip(names, positional, strict=False)), **{_argument(key, names): named[key] for key in named}}
    return {name: arguments} if arguments else name


def _argument(word: str, names: Sequence[str]) -> str:
    """An argument by Keras's name, where it was written by another (`lr`)."""
    if word in names:
        return word
    return next((meant for meant in find_habit(word).means if meant in names), word)


def _meant(word: str) -> str:
    """The component that a word means, in any spelling or by another tool's name; empty for none."""
    if _kind(word):
        return word
    catalogue = load()
    alike = (name for kind in catalogue.kinds for name in same_word(word, catalogue.identifiers(kind)))
    return next(alike, "") or next((each for each in find_habit(word).means if _kind(each)), "")


def _known(name: str) -> str:
    if not _kind(name):
        raise ValueError("no component")
    return name


def _kind(name: str) -> str | None:
    return load().elsewhere("", name)
