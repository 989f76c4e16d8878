"""YAML text into values with positions, within limits.

The values are composed from PyYAML's parse events and never constructed by PyYAML: no tag can make a Python
object, every value keeps its line, and the limits hold while the text is read. An alias counts as much as what it
stands for, so that a few lines of aliases of aliases cannot become a billion values.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dlcli.config.document.document import Document, Position
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.document.scalars import resolve
from dlcli.config.document.syntax import explain_syntax_error, find_control_character
from dlcli.errors import ConfigError, Problem

__all__ = ["MAX_DEPTH", "MAX_NODES", "compose"]

MAX_DEPTH = 64
"""Levels of nesting in a config."""

MAX_NODES = 100_000
"""Keys and values in a config, aliases expanded."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


@dataclasses.dataclass(slots=True)
class _Node:
    """A value before aliases are expanded. Aliases share the node that they stand for."""

    position: Position
    content: Any = None  # a scalar, or a list of nodes, or a _Mapping
    text: str | None = None  # of a scalar, as it was written
    size: int = 1  # nodes in it, aliases expanded
    height: int = 0  # levels below it

    def grow(self, child: _Node) -> None:
        """Count a child."""
        self.size += child.size
        self.height = max(self.height, child.height + 1)


@dataclasses.dataclass(slots=True)
class _Mapping:
    entries: dict[str, tuple[Position, _Node]] = dataclasses.field(default_factory=dict)
    merged: list[_Mapping] = dataclasses.field(default_factory=list)  # of `<<`; the earlier wins

    def flat(self) -> dict[str, tuple[Position, _Node]]:
        """The entries with those of merged mappings; explicit keys win."""
        entries: dict[str, tuple[Position, _Node]] = {}
        for mapping in reversed(self.merged):
            entries.update(mapping.flat())
        return entries | self.entries


def compose(text: str, *, source: Path | str | None) -> Document:
    """Read one YAML document, whatever its top level is.

    Args:
        text: The YAML.
        source: The file or label that positions and problems name.

    Returns:
        The document; `value` is None when the text holds nothing. Duplicate keys, refused tags, unknown aliases and
        the like are its `problems`.

    Raises:
        ConfigError: The text is not YAML, is nested too deeply, or is too large.

    Example:
        >>> compose("a: [1, 1e-3]", source=None).value
        {'a': [1, 0.001]}
    """
    if problem := find_control_character(text, source):
        raise ConfigError(problem)
    composer = _Composer(text, source)
    try:
        root = composer.compose_document()
    except yaml.YAMLError as error:
        _hold_to_the_limits(error, text, source)
        raise ConfigError([*composer.problems, explain_syntax_error(error, text, source)]) from error
    if root is None:
        return Document(None, {}, tuple(composer.problems))
    positions: dict[ConfigPath, Position] = {}
    value = _expand(root, root.position, (), positions)
    return Document(value, positions, tuple(composer.problems))


def _hold_to_the_limits(error: yaml.YAMLError, text: str, source: Path | str | None) -> None:
    """Say that a limit is exceeded where the parser, which reads ahead, gave up before its events told so.

    libyaml 0.2.6 and later refuse a nesting of more than 1,000 levels themselves.

    Raises:
        ConfigError: What stands before the place that the parser names is more than a config may hold.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        with contextlib.suppress(yaml.YAMLError):
            _Composer(text[: mark.index], source).compose_document()


def _expand(node: _Node, position: Position, path: ConfigPath, positions: dict[ConfigPath, Position]) -> Any:
    positions[path] = position
    if isinstance(node.content, _Mapping):
        return {
            key: _expand(child, place, (*path, key), positions) for key, (place, child) in node.content.flat().items()
        }
    if isinstance(node.content, list):
        return [_expand(child, child.position, (*path, i), positions) for i, child in enumerate(node.content)]
    return node.content


class _Composer:
    """Turns events into nodes, collecting problems."""

    def __init__(self, text: str, source: Path | str | None) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._anchors: dict[str, _Node | None] = {}  # None while the anchored value is still being read
        self._size = 0

    def compose_document(self) -> _Node | None:
        """The first document, or None when there is none; a second is a problem."""
        next(self._events)  # StreamStart
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        root = self._compose(next(self._events), (), 1)
        next(self._events)  # DocumentEnd
        following = next(self._events)
        if isinstance(following, yaml.DocumentStartEvent):
            self._report(following, "a second document begins here", (), "several-documents", "keep one config a file")
        return root

    def _compose(self, event: Any, path: ConfigPath, depth: int) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path, depth)
        self._count(event, 1)
        if depth > MAX_DEPTH and not isinstance(event, yaml.ScalarEvent):
            self._stop(event, f"the YAML is nested more than {MAX_DEPTH} levels deep")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, path, depth)
        else:
            node = self._mapping(event, path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, path: ConfigPath, depth: int) -> _Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            if event.anchor in self._anchors:
                message, hint = f"the alias '*{event.anchor}' stands inside the value that it names", ""
            else:
                message = f"the alias '*{event.anchor}' has no anchor '&{event.anchor}' before it"
                hint = "put text that begins with '*' in quotes"
            self._report(event, message, path, "yaml-alias", hint)
            return _Node(self._position(event))
        self._count(event, node.size)
        if depth + node.height > MAX_DEPTH:
            self._stop(event, f"with its aliases the YAML is nested more than {MAX_DEPTH} levels deep")
        return node

    def _scalar(self, event: Any, path: ConfigPath) -> _Node:
        node = _Node(self._position(event), event.value, event.value)
        kind = self._tag(event, path)
        if (kind is None and not (event.implicit[0] and event.tag is None)) or kind == "str":
            return node
        try:
            node.content = resolve(event.value)
        except ValueError as error:
            self._report(event, str(error), path, "wrong-value")
            return node
        if kind is None:
            return node
        fits = isinstance(node.content, _SCALAR_TAGS.get(kind, ()))
        if not fits or (isinstance(node.content, bool) and kind != "bool"):
            self._report(event, f"'!!{kind}' does not fit {event.value!r}", path, "yaml-tag", "leave the tag out")
        elif kind == "float":
            node.content = float(event.value)
        return node

    def _sequence(self, event: Any, path: ConfigPath, depth: int) -> _Node:
        self._collection_tag(event, path, "seq")
        items: list[_Node] = []
        node = _Node(self._position(event), items)
        while not isinstance(following := next(self._events), yaml.SequenceEndEvent):
            item = self._compose(following, (*path, len(items)), depth + 1)
            items.append(item)
            node.grow(item)
        return node

    def _mapping(self, event: Any, path: ConfigPath, depth: int) -> _Node:
        self._collection_tag(event, path, "map")
        mapping = _Mapping()
        node = _Node(self._position(event), mapping)
        seen: dict[str, Position] = {}
        while not isinstance(following := next(self._events), yaml.MappingEndEvent):
            key_node = self._compose(following, path, depth + 1)
            key = self._key(following, key_node, path, seen)
            value = self._compose(next(self._events), path if key is None else (*path, key), depth + 1)
            node.grow(key_node)
            node.grow(value)
            if key == "<<" and getattr(following, "implicit", (False,))[0]:
                self._merge(mapping, value, path)
            elif key is not None:
                mapping.entries.setdefault(key, (seen[key], value))
        return node

    def _key(self, event: Any, node: _Node, path: ConfigPath, seen: dict[str, Position]) -> str | None:
        """The key as it was written, or None when it cannot be one. All keys are text: `{0: 1}` has the key `0`."""
        key, place = node.text, self._position(event)
        if key is None:
            hint = "put text with braces or brackets in quotes"
            self._report(event, "a key is a name, not a list or a mapping", path, "yaml-key", hint)
        elif key == "" and node.content is None:
            self._report(event, "a key is missing before ':'", path, "yaml-key")
            return None
        elif key in seen:
            self._report(
                event,
                f"the key '{key}' is written twice; the first is on line {seen[key].line}",
                (*path, key),
                "duplicate-key",
                "keep one of them",
            )
        else:
            seen[key] = place
        return key

    def _merge(self, mapping: _Mapping, value: _Node, path: ConfigPath) -> None:
        sources = value.content if isinstance(value.content, list) else [value]
        for source in sources:
            if isinstance(source.content, _Mapping):
                mapping.merged.append(source.content)
            else:
                hint = "give it an alias of a mapping, such as `<<: *defaults`"
                message = "'<<' merges a mapping, or a list of them, into this one"
                self._problem(value.position, message, path, "yaml-key", hint)

    def _tag(self, event: Any, path: ConfigPath) -> str | None:
        """The explicit tag of a scalar, such as `int`; None when there is none or it is refused."""
        if event.tag in (None, "!"):
            return None
        kind = event.tag.removeprefix(_TAG_PREFIX)
        if event.tag.startswith(_TAG_PREFIX) and kind in _SCALAR_TAGS:
            return str(kind)
        self._refuse_tag(event, path)
        return None

    def _collection_tag(self, event: Any, path: ConfigPath, expected: str) -> None:
        if event.tag not in (None, "!", _TAG_PREFIX + expected):
            self._refuse_tag(event, path)

    def _refuse_tag(self, event: Any, path: ConfigPath) -> None:
        tag = event.tag
        if tag.startswith(_TAG_PREFIX):
            tag = "!!" + tag.removeprefix(_TAG_PREFIX)
        hint = "a config holds plain values only; your own Python goes into a file listed under `code`"
        if "python" not in tag:
            hint = "leave the tag out; text that begins with '!' goes in quotes"
        self._report(event, f"the tag '{tag}' is refused", path, "yaml-tag", hint)

    def _count(self, event: Any, nodes: int) -> None:
        self._size += nodes
        if self._size > MAX_NODES:
            what = "with its aliases expanded, " if isinstance(event, yaml.AliasEvent) else ""
            self._stop(event, f"{what}the YAML holds more than {MAX_NODES:,} values")

    def _stop(self, event: Any, message: str) -> None:
        self._report(event, message, (), "config-limit", "a config describes a training job; data belongs into files")
        raise ConfigError(self.problems)

    def _report(self, event: Any, message: str, path: ConfigPath, rule: str, hint: str = "") -> None:
        self._problem(self._position(event), message, path, rule, hint)

    def _problem(self, place: Position, message: str, path: ConfigPath, rule: str, hint: str) -> None:
        problem = Problem(message, path=format_path(path), hint=hint, rule=rule)
        self.problems.append(problem.at(place.file, place.line, place.column))

    def _position(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self.source, mark.line + 1, mark.column + 1)
