"""The `sweep` section: what is searched for, among which values, and by what measure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.section import Section, Words
from dlcli.config.schema.component import Component

__all__ = ["PLAIN", "ParameterConfig", "SweepConfig"]

PLAIN = (bool, int, float, str)
"""What a value of a list may be for the samplers to see it as it is."""

Kind = Literal["choice", "range", "log", "int", "int_log"]

_KINDS: tuple[Kind, ...] = get_args(Kind)

Bounds = Annotated[
    list[float],
    Field(min_length=2, max_length=3),
    Words("the lowest and the highest number, such as `[0, 0.5]`, and perhaps a step"),
]
Ends = Annotated[
    list[float], Field(min_length=2, max_length=2), Words("the lowest and the highest number, such as `[1e-4, 1e-1]`")
]
Whole = Annotated[
    list[int],
    Field(min_length=2, max_length=3),
    Words("the lowest and the highest whole number, such as `[16, 256]`, and perhaps a step"),
]
WholeEnds = Annotated[
    list[int],
    Field(min_length=2, max_length=2),
    Words("the lowest and the highest whole number, such as `[16, 1024]`"),
]


def _short(value: Any) -> Any:
    """A list is short for a choice of what is in it."""
    return {"choice": value} if isinstance(value, list) else value


class ParameterConfig(Section):
    """The values of one parameter; one of the first five keys. A list alone is a choice."""

    choice: Annotated[list[Any], Field(min_length=1), Words("a list of values")] | None = Field(
        None, description="One of these, whatever YAML can say; a list alone means the same."
    )
    range: Bounds | None = Field(None, description="Any number from the first to the second; a third is the step.")
    log: Ends | None = Field(
        None, description="Any number between two above 0, each power of ten as likely as another."
    )
    int: Whole | None = Field(None, description="A whole number from the first to the second; a third is the step.")
    int_log: WholeEnds | None = Field(None, description="A whole number, small ones as likely as large ones.")
    at: Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] | None = (
        Field(
            None,
            min_length=1,
            description="The places that get the value, where the key is only its name or there are several.",
        )
    )
    when: Annotated[dict[str, Any], Field(min_length=1), Words("a mapping of parameters to values")] | None = Field(
        None,
        description="Parameters above and the value (or list of values) that they must have; else this one is left out "
        "and the config has its say.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> ParameterConfig:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            message = "a parameter has one of the keys {kinds}, and this has {given}"
            said = {"kinds": ", ".join(_KINDS), "given": " and ".join(given) or "none"}
            raise PydanticCustomError("sweep", message, said)
        if self.choice is None:
            _require_ends(given[0], getattr(self, given[0]))
        return self

    @property
    def kind(self) -> Kind:
        """Which of the keys it has."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that are tried before a sweep begins: both ends, or all of a choice.

        Example:
            >>> ParameterConfig(int=[16, 250, 16]).ends
            (16, 240)
        """
        if self.choice is not None:
            return tuple(self.choice)
        low, high, *step = getattr(self, self.kind)
        if not step:
            return (low, high)
        return (low, low + int((high - low) / step[0] + 1e-9) * step[0])


def _require_ends(kind: str, bounds: list[float]) -> None:
    low, high, *step = bounds
    if low >= high:
        message = f"the first number of {kind} is to be below the second, got {low} and {high}"
    elif "log" in kind and low <= 0:
        message = f"{kind} takes numbers above 0, got {low}"
    elif step and not 0 < step[0] <= high - low:
        message = f"the step of {kind} is to be above 0 and at most {high - low}, got {step[0]}"
    else:
        return
    raise PydanticCustomError("sweep", "{message}", {"message": message})


Parameter = Annotated[ParameterConfig, BeforeValidator(_short)]


class SweepConfig(Section):
    """A search for better values: `dlcli sweep CONFIG`. `dlcli train` leaves it alone."""

    space: Annotated[dict[str, Parameter], Field(min_length=1), Words("a mapping of paths to values")] = Field(
        description="For each path, written as after `--set`, the values that are tried."
    )
    metric: Annotated[str, Field(min_length=1)] = Field(
        "val_loss", description="A value of the History, of the epoch whose weights the model has at the end."
    )
    direction: Literal["min", "max"] | None = Field(
        None, description="Which way it is better; known of Keras's metrics and losses."
    )
    trials: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Trainings in all, pruned and failed ones among them; 100 when there are no `minutes` either."
    )
    minutes: Annotated[float, Field(gt=0)] | None = Field(None, description="No trial begins after that time.")
    sampler: Component = Field(default=Component("TPESampler"), description="An Optuna sampler: chooses the values.")
    pruner: Component | None = Field(
        None, description="An Optuna pruner: ends a trial early that is behind the others; none when omitted."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        None, description="Of the sampler; that of the config when omitted. One worker alone draws the same again."
    )
    folds: Annotated[int, Field(ge=2, le=1000)] | None = Field(
        None,
        description="Each trial is a cross-validation with so many folds: the mean over them is what counts, and the "
        "pruner looks after each fold.",
    )
    keep: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        5, description="So many trials keep their models, the best; all keep their configs and histories."
    )

    @property
    def most(self) -> int | None:
        """Trials in all; None: as many as the time allows."""
        return self.trials if self.trials is not None or self.minutes is not None else 100

    def paths(self) -> Iterator[tuple[str, str]]:
        """Each parameter with each place that it is written to."""
        return itertools.chain.from_iterable(
            ((name, path) for path in parameter.at or [name]) for name, parameter in self.space.items()
        )

    def inactive(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether a parameter is left out, the values of those above being known."""
        wanted = self.space[name].when or {}
        return any(
            parent not in values or not any(same(values[parent], each) for each in _listed(allowed))
            for parent, allowed in wanted.items()
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def same(one: Any, other: Any) -> bool:
    """Whether two values of YAML are the same one; true is not 1.

    Example:
        >>> same(1, 1.0), same(1, True)
        (True, False)
    """
    return one == other and isinstance(one, bool) == isinstance(other, bool)
