"""Two configs held against each other, path by path; lists by what is in them, so that a layer that is put in between
others changes none of those."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.document.places import ConfigPath, format_path

__all__ = ["Alignment", "Change", "align"]


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A place of a config that is another.

    Args:
        before: Its path in the one; None where it is not there.
        after: Its path in the other; None where it is not there.
        old: What the one has.
        new: What the other has.
    """

    before: ConfigPath | None
    after: ConfigPath | None
    old: Any = None
    new: Any = None

    @property
    def path(self) -> str:
        """The path for a person: both where an item of a list has another number."""
        one, other = (format_path(each) for each in (self.before or self.after or (), self.after or self.before or ()))
        return one if one == other else f"{one} → {other}"

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "path": None if self.before is None else format_path(self.before),
            "path_after": None if self.after is None else format_path(self.after),
            "before": self.old,
            "after": self.new,
        }


@dataclasses.dataclass(slots=True)
class Alignment:
    """What two configs have in common and what not.

    Args:
        changes: What differs, in the order of the one.
        counterparts: For each path of the one that the other has too, what stands there.
    """

    changes: list[Change] = dataclasses.field(default_factory=list)
    counterparts: dict[ConfigPath, Any] = dataclasses.field(default_factory=dict)


def align(one: Any, other: Any) -> Alignment:
    """Hold two values against each other.

    Example:
        >>> [change.path for change in align({"fit": {"epochs": 5}}, {"fit": {"epochs": 6}}).changes]
        ['fit.epochs']
    """
    found = Alignment()
    _align(one, other, (), (), found)
    return found


def _align(one: Any, other: Any, before: ConfigPath, after: ConfigPath, found: Alignment) -> None:
    found.counterparts[before] = other
    if isinstance(one, Mapping) and isinstance(other, Mapping) and not _is_renamed(one, other):
        _align_keys(one, other, before, after, found)
    elif isinstance(one, list) and isinstance(other, list):
        _align_items(one, other, before, after, found)
    elif not _same(one, other):
        found.changes.append(Change(before, after, one, other))


def _align_keys(
    one: Mapping[str, Any], other: Mapping[str, Any], before: ConfigPath, after: ConfigPath, found: Alignment
) -> None:
    for key in dict.fromkeys([*one, *other]):
        if key not in other:
            found.changes.append(Change((*before, key), None, old=one[key]))
        elif key not in one:
            found.changes.append(Change(None, (*after, key), new=other[key]))
        else:
            _align(one[key], other[key], (*before, key), (*after, key), found)


def _align_items(
    one: Sequence[Any], other: Sequence[Any], before: ConfigPath, after: ConfigPath, found: Alignment
) -> None:
    """First the items that are the same, in their order; between them those of one name; the rest came or went."""
    at, to = 0, 0
    for match in [*_matches(list(map(_text, one)), list(map(_text, other))), (len(one), len(other))]:
        start, begin = match
        named = _matches(list(map(_name, one[at:start])), list(map(_name, other[to:begin])))
        pairs = [(at + first, to + second) for first, second in named]
        for until, till in [*pairs, (start, begin)]:
            for index in range(at, until):
                found.changes.append(Change((*before, index), None, old=one[index]))
            for index in range(to, till):
                found.changes.append(Change(None, (*after, index), new=other[index]))
            if until < len(one) and till < len(other):
                _align(one[until], other[till], (*before, until), (*after, till), found)
            at, to = until + 1, till + 1


def _matches(one: list[str], other: list[str]) -> list[tuple[int, int]]:
    """The places of what is in both, in the order that both have."""
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(block.a + offset, block.b + offset) for block in blocks for offset in range(block.size)]


def _is_renamed(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether another component stands there: `{Adam: ...}` and `{SGD: ...}` have nothing in common."""
    names = [*one, *other]
    return len(one) == len(other) == 1 and names[0] != names[1] and all(name[:1].isupper() for name in names)


def _name(item: Any) -> str:
    """What an item is called: a component's name, whatever its arguments."""
    if isinstance(item, Mapping):
        return next((key for key in item if key[:1].isupper()), next(iter(item), ""))
    return item if isinstance(item, str) else _text(item)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or (one != one and other != other))
