"""Overrides: `--set` does what editing the file does, and says what it cannot do."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.document.document import Document
from dlcli.config.document.overrides import override
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.document.reader import compose
from dlcli.config.document.writer import dump

KEYS = st.sampled_from(["a", "b", "c.d", "0", "Dense", "a b", "", "=", "é"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=3)


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, Any], ConfigPath, Any, dict[str, Any]]:
    """A document, a path in it (or to new keys, or the end of a list), a value, and the document edited by hand."""
    value = draw(DOCUMENTS)
    edited = copy.deepcopy(value)
    new = draw(VALUES)
    path: list[str | int] = []
    container: Any = edited
    while True:
        if isinstance(container, list):
            part: str | int = draw(st.integers(0, len(container)))
            if part == len(container):
                container.append(None)
        else:
            part = draw(KEYS)
            container.setdefault(part, None)
        path.append(part)
        if draw(st.booleans()) or not isinstance(container[part], (dict, list)):
            for key in draw(st.lists(KEYS, max_size=2)) if container[part] is None else ():
                path.append(key)
                container[part] = {key: None}
                container, part = container[part], key
            container[part] = new
            return value, tuple(path), new, edited
        container = container[part]


def paths_of(value: Any, path: ConfigPath = ()) -> set[ConfigPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths_of(item, (*path, key)) for key, item in items))


@given(edits())
def test_setting_equals_editing_the_file(edit: tuple[dict[str, Any], ConfigPath, Any, dict[str, Any]]) -> None:
    value, path, new, edited = edit
    before = compose(dump(value), source="config.yaml")
    text = f"{format_path(path)}={dump(new)}"
    if path[0] == "extends":
        return
    after = override(before, [text]).require()
    assert after.value == compose(dump(edited), source=None).value
    assert list(after.value) == list(edited)
    assert override(before, {format_path(path): new}).require().value == after.value
    assert set(after.positions) == paths_of(edited)
    assert after.positions[path].file == f"--set {text}"
    assert before.value == value


@pytest.mark.parametrize(
    ("text", "set_", "expected"),
    [
        ("fit: {epochs: 1}", "fit.epochs=5", {"fit": {"epochs": 5}}),
        ("a: 1", "b.c.d=[1, 2]", {"a": 1, "b": {"c": {"d": [1, 2]}}}),
        ("a: 1", "a={Dense: {units: 3}}", {"a": {"Dense": {"units": 3}}}),
        ("a: [{b: 1}, {b: 2}]", "a.1.b=3", {"a": [{"b": 1}, {"b": 3}]}),
        ("a: [{b: 1}, {b: 2}]", "a[0].b=3", {"a": [{"b": 3}, {"b": 2}]}),
        ("a: [1]", "a[1]=2", {"a": [1, 2]}),
        ("a: [1]", "a[1].b=2", {"a": [1, {"b": 2}]}),
        ("a: []", "a[0]=2", {"a": [2]}),
        ("a: 1", "a=", {"a": None}),
        ("a: 1", "a=no", {"a": "no"}),
        ("a: 1", "a=1e-3", {"a": 0.001}),
        ("a: 1", "a='1'", {"a": "1"}),
        ("a: 1", "a=x=y", {"a": "x=y"}),
        ("a:", "a.b=1", {"a": {"b": 1}}),
        ("w: {'0': 1}", "w.0=2", {"w": {"0": 2}}),
        ("o: adam", "o.adam.beta_1=0.8", {"o": {"adam": {"beta_1": 0.8}}}),
        ("o: {adam: }", "o.adam.beta_1=0.8", {"o": {"adam": {"beta_1": 0.8}}}),
        ("l: [Dense]", "l.0.Dense.units=8", {"l": [{"Dense": {"units": 8}}]}),
        (
            "l: [{Dense: {activation: relu}}]",
            "l.0.Dense.activation.relu.max_value=6",
            {"l": [{"Dense": {"activation": {"relu": {"max_value": 6}}}}]},
        ),
    ],
)
def test_setting(text: str, set_: str, expected: Any) -> None:
    assert override(compose(text, source=None), [set_]).require().value == expected


def test_overrides_apply_in_their_order() -> None:
    document = override(Document({}), ["a.b=1", "a.c=2", "a.b=3", "d=[]", "d[0]=x", "d[1]=y"])
    assert document.value == {"a": {"b": 3, "c": 2}, "d": ["x", "y"]}


@pytest.mark.parametrize(
    ("set_", "words"),
    [
        ("fit.epochs", "there is no '='"),
        ("=5", "there is no path"),
        ("a..b=1", "a key is missing"),
        ("l[3]=1", "is a list of 2; use an index from 0 to 1, or 2 to append, not [3]"),
        ("l.x=1", "not 'x'"),
        ("e[1]=1", "is a list of 0; use an index from 0 to append"),
        ("s.x=1", "s is 'adam'"),
        ("n.x.y=1", "n is 3"),
        ("missing[0]=1", "has no list"),
        ("extends=other.yaml", "extends"),
        ("extends[0]=other.yaml", "extends"),
        ("a=[1", "is not closed"),
        ("a={b: 1, b: 2}", "written twice"),
        ("a=!!python/name:os.system x", "refused"),
        ("a=\x07", "not printable"),
        ("a=" + "[" * 100, "nested"),
        ("a" + ".a" * 100 + "=1", "64 parts"),
    ],
)
def test_what_cannot_be_set_says_so_and_changes_nothing(set_: str, words: str) -> None:
    value = {"l": [1, 2], "e": [], "s": "adam", "n": 3}
    document = override(Document(value), [set_, "ok=1"])
    (problem,) = document.problems
    assert words in problem.message
    assert str(problem).startswith(f"--set {set_}: ")
    assert document.value == {**value, "ok": 1}


def test_every_bad_override_is_reported() -> None:
    assert len(override(Document({}), ["a", "b=[", "c.d[0]=1", "e=1"]).problems) == 3


def test_values_of_python() -> None:
    document = override(Document({"a": 1}), {"a": (1, {"b": None}), "c.d": "1e-3"})
    assert document.require().value == {"a": [1, {"b": None}], "c": {"d": "1e-3"}}
    assert document.positions["a",].file == "overrides['a']"
    (problem,) = override(document, {"a": object()}).problems
    assert str(problem).startswith("overrides['a']: a config cannot hold the object")
