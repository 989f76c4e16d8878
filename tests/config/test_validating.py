"""Messages of the schema: every field says what it takes, in one sentence, whatever it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, get_args

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.section import Divide, Section
from dlcli.config.schema import Config, GroupSplit, LayerItem
from dlcli.config.schema.component import Component
from dlcli.config.schema.expected import describe, field_type
from dlcli.config.validation.validator import validate

JUNK: list[Any] = [
    None,
    True,
    -1,
    2**70,
    0.5,
    float("nan"),
    float("inf"),
    "",
    "many",
    [],
    [[]],
    {},
    {"": None},
    {"A": 1, "b": 2},
]


def sections(annotation: Any, seen: set[type[Section]]) -> Iterator[type[Section]]:
    """The sections in a type, and in their fields."""
    if isinstance(annotation, type) and issubclass(annotation, Section) and annotation not in seen:
        seen.add(annotation)
        yield annotation
        for field in annotation.model_fields.values():
            yield from sections(field.annotation, seen)
    for inner in get_args(annotation):
        yield from sections(inner, seen)


FIELDS = [
    pytest.param(field_type(field), id=f"{section.__name__}.{name}")
    for section in sections(Config, set())
    for name, field in section.model_fields.items()
]


@pytest.mark.parametrize("annotation", FIELDS)
def test_every_field_says_what_it_takes(annotation: Any) -> None:
    assert "a value" not in describe(annotation)


@pytest.mark.parametrize("annotation", FIELDS)
def test_every_field_takes_junk_or_says_why_not(annotation: Any) -> None:
    for value in JUNK:
        problems = validate(annotation, value, ("here",)).problems
        for problem in problems:
            assert problem.path.startswith("here")
            assert problem.message[0].islower() or problem.message[0] in "`'"
            assert not any(words in problem.message for words in ("Input", "constrained", "function-", "{{", "tag"))
        if not isinstance(value, (dict, list)):
            assert len(problems) <= 1


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "a whole number"),
        (Annotated[int, Ge(1)] | Literal["full"], "a whole number of at least 1, or `full`"),
        (Annotated[int, Field(ge=1, le=5)], "a whole number from 1 to 5"),
        (Annotated[float, Gt(0), Lt(1)], "a number between 0 and 1"),
        (Annotated[float, Gt(0)], "a number above 0"),
        (Annotated[int, Ge(0), Le(9)] | None, "a whole number from 0 to 9"),
        (Literal["a"], "`a`"),
        (Literal["a", "b", "c"], "`a`, `b` or `c`"),
        (list[int], "a list (each a whole number)"),
        (Annotated[list[str], Field(min_length=2)], "a list of at least 2 (each text)"),
        (dict[str, int], "a mapping"),
        (bool, "true or false"),
        (Component, "a name or {Name: {argument: value}}"),
        (Divide, "{divide: a number above 0}"),
        (GroupSplit, "{group: a name}"),
        (LayerItem, "a layer"),
    ],
)
def test_types_in_words(annotation: Any, words: str) -> None:
    assert describe(annotation) == words


@pytest.mark.parametrize(
    ("annotation", "value", "hint"),
    [
        (int, "5", "write it without quotes"),
        (bool, "yes", "write true"),
        (bool, "Off", "write false"),
        (Literal["random", "ordered"] | GroupSplit, "odered", "did you mean 'ordered'?"),
        (int, "many", ""),
    ],
)
def test_the_way_out(annotation: Any, value: Any, hint: str) -> None:
    (problem,) = validate(annotation, value, ("x",)).problems
    assert problem.hint == hint


class _Odd(Section):
    size: int

    @model_validator(mode="after")
    def _is_odd(self) -> Self:
        if self.size % 2 == 0:
            raise PydanticCustomError("of a kind that nobody lists", "{size} is even", {"size": self.size})
        return self


@pytest.mark.parametrize("annotation", [_Odd, _Odd | int, dict[str, _Odd] | None])
def test_what_a_section_says_itself_is_what_the_user_reads(annotation: Any) -> None:
    written = {"size": 4}
    (problem,) = validate(annotation, {"a": written} if "dict" in str(annotation) else written, ("x",)).problems
    assert problem.message == "4 is even"


def test_a_fold_beside_a_source_of_validation() -> None:
    data = {"train": "a.csv", "validation": "b.csv", "target": "y", "fold": {"number": 3, "of": 2}}
    assert "no fold 3 of 2" in str(validate(Config, {"data": data}, ()).problems)
    data["fold"] = {"number": 1, "of": 2}
    assert "leave it out" in str(validate(Config, {"data": data}, ()).problems)
