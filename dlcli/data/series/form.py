"""The form of windows: which steps a sample has, and what its inputs and targets are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.data.series.levels import LevelOf, SeenTarget

__all__ = ["Pace", "Part", "View", "Views", "WindowForm"]

Part = Literal["past", "ahead", "last", "once"]
"""Which steps of a window: those that it shows, those that are predicted, the last that it shows, or any one step of
what a series has once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """What the times of the training rows show, and new rows keep to.

    Args:
        frequency: From one step to the next, as a config says it; None where it is not known.
        season: Steps after which things come again; None where it is not known.
        format: Of `strptime`, in which times are written; None where they need none.
        errors: Of each target of numbers, how far the steps of the training rows are on average from those a season
            before, in its own unit: what the errors of forecasts are measured by.
    """

    frequency: str | None = None
    season: int | None = None
    format: str | None = None
    errors: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class WindowForm:
    """Which steps a window has, counted from its first.

    Args:
        length: Steps that it shows.
        horizon: Steps that are predicted; 0 for none, when the last step that is shown has the target.
        delay: Steps between them.
        sampling_rate: Every how many steps one is shown.
        known: Features that are known for the steps that are predicted.
        static: Features that a series has once.
        pace: What the times of the training rows show.
        scale: What targets are measured by, of which a window shows the past; None for nothing.
    """

    length: int
    horizon: int = 1
    delay: int = 0
    sampling_rate: int = 1
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    pace: Pace = dataclasses.field(default_factory=Pace)
    scale: LevelOf | None = None

    @property
    def past(self) -> int:
        """Steps from the first that is shown to the last, both included."""
        return (self.length - 1) * self.sampling_rate + 1

    @property
    def ahead(self) -> int:
        """The first step that is predicted."""
        return self.past + self.delay

    @property
    def span(self) -> int:
        """Steps from the first to the last of all."""
        return self.ahead + self.horizon if self.horizon else self.past

    def steps(self, part: Part) -> tuple[int, int, int] | None:
        """First, number and distance of the steps of a part; None where it is one step, without an axis."""
        if part == "past":
            return 0, self.length, self.sampling_rate
        return (self.ahead, self.horizon, 1) if part == "ahead" and self.horizon > 1 else None

    def only(self, part: Part) -> int:
        """The step of a part that has one."""
        return self.ahead if part == "ahead" else self.past - 1

    def shape(self, part: Part, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a part, from that of a step."""
        steps = self.steps(part)
        return shape if steps is None else (steps[1], *shape)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {**dataclasses.asdict(self), "known": list(self.known), "static": list(self.static)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> WindowForm:
        """The form whose `state` this is."""
        lists = {name: tuple(map(str, state[name])) for name in ("known", "static")}
        form = cls(**{**state, **lists, "pace": Pace(**state["pace"])})
        numbers = (form.length, form.horizon, form.delay, form.sampling_rate)
        if (
            not all(isinstance(number, int) for number in numbers)
            or min(numbers) < 0
            or not form.length
            or form.scale not in (None, "window", "series")
        ):
            raise ValueError("the form of the windows is none")
        return form


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class View:
    """What an input or target of a window is made of.

    Args:
        name: Of the encoded array of steps.
        part: Which of its steps.
        columns: Which of its numbers; all when None.
        flat: One number at each of several steps is a vector of them, without an axis of one.
    """

    name: str
    part: Part
    columns: NDArray[np.int64] | None = None
    flat: bool = False


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What windows are made of.

    Args:
        form: Which steps a window has.
        inputs: What each input is made of.
        targets: What each target is made of.
        seen: The targets that are measured by what is seen of them.
    """

    form: WindowForm
    inputs: Mapping[str, View]
    targets: Mapping[str, View]
    seen: Mapping[str, SeenTarget] = dataclasses.field(default_factory=dict)
