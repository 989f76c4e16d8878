"""Which runs are meant: `test.accuracy>=0.9`, `status=failed`, `name=iris*`, `fit.epochs!=10`."""

from __future__ import annotations

import dataclasses
import fnmatch
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.runs.survey.entries import RunEntry
from dlcli.runs.survey.values import Quantity, Value, find_quantity

__all__ = ["Condition", "fulfilling", "parse_condition"]

_FORM = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a run.

    Args:
        name: What of the run; see `values.find_quantity`.
        operator: `=`, `!=`, `<`, `<=`, `>` or `>=`.
        value: What it is held against; a text of `=` and `!=` may have `*` and `?` for any letters.
    """

    name: str
    operator: str
    value: Value

    def holds(self, found: Value) -> bool:
        """Whether a value fulfils it; one that is not there never does."""
        if found is None:
            return False
        if self.operator in _ORDERS:
            return _alike(found, self.value) and _ORDERS[self.operator](found, self.value)
        return self._is(found) == (self.operator == "=")

    def _is(self, found: Value) -> bool:
        if isinstance(found, str):
            return fnmatch.fnmatchcase(found, str(self.value)) or found == str(self.value)
        return found == self.value and isinstance(found, bool) == isinstance(self.value, bool)


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        RunError: It is none.

    Example:
        >>> parse_condition("test.accuracy>=0.9")
        Condition(name='test.accuracy', operator='>=', value=0.9)
    """
    form = _FORM.fullmatch(text)
    if form is None:
        hint = "a name, one of = != < <= > >=, and a value, in quotes for the shell: --where 'test.accuracy>0.9'"
        raise RunError(Problem(f"{text!r} is no condition", hint=hint, rule="run-value"))
    name, sign, value = form.groups()
    return Condition(name, "=" if sign == "==" else sign, _value(value))


def _value(text: str) -> Value:
    from dlcli.config.document.scalars import resolve

    if text[:1] == text[-1:] and text[:1] in ("'", '"') and len(text) > 1:
        return text[1:-1]
    try:
        value = resolve(text)
    except ValueError:
        return text
    return value if isinstance(value, (int, float, bool)) else text


def fulfilling(entries: Sequence[RunEntry], where: Sequence[str]) -> list[RunEntry]:
    """The runs that fulfil all conditions, in their order.

    Raises:
        RunError: A condition is none, or no run has what it asks for; all of those.
    """
    problems: list[Problem] = []
    asked: list[tuple[Condition, Quantity]] = []
    for text in where:
        try:
            condition = parse_condition(text)
            if entries:
                asked.append((condition, find_quantity(condition.name, entries)))
        except RunError as error:
            problems += error.problems
    if problems:
        raise RunError(problems)
    return [entry for entry in entries if all(_holds(condition, quantity, entry) for condition, quantity in asked)]


def _holds(condition: Condition, quantity: Quantity, entry: RunEntry) -> bool:
    found = {quantity.read(entry)}
    if condition.name == "status":  # what was killed has failed too
        found.add(entry.status)
    hold = all if condition.operator == "!=" else any
    return hold(map(condition.holds, found))


def _alike(one: Value, other: Value) -> bool:
    """Whether two values have an order: two numbers, or two texts, such as times."""
    return isinstance(one, str) == isinstance(other, str)
