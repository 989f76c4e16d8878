"""What a `windows` section may not say: told at its place, before any data is read."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.schema import DataConfig
from dlcli.config.validation.crosschecks import cross_check
from dlcli.config.validation.validator import validate

FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "the time is no name of a series": ({"time": "t", "series": ["s", "t"]}, "data.windows", "'t' cannot tell"),
    "series are named one by one": ({"series": "s*"}, "data.windows", "'s*' is a glob"),
    "a form of what is not there": ({"time_format": "%Y"}, "data.windows", "no column is `time`"),
    "nothing lies ahead that is delayed": ({"horizon": 0, "delay": 1}, "data.windows", "`delay` means nothing"),
    "nothing lies ahead that is known": ({"horizon": 0, "known": "a"}, "data.windows", "that could be `known`"),
    "no steps": ({"length": 0}, "data.windows.length", "at least 1"),
    "an unknown gap": ({"gaps": "skip"}, "data.windows.gaps", "expected"),
    "an unknown filling": ({"gaps": {"fill": "mean"}}, "data.windows.gaps.fill", "expected"),
}


def problems(windows: dict[str, Any], **keys: Any) -> list[tuple[str, str, str]]:
    data = {"train": "x.csv", "target": "y", "windows": {"length": 3, **windows}, **keys}
    found = [*validate(DataConfig, data, ("data",)).problems, *cross_check({"data": data})]
    return [(problem.path, problem.message, problem.hint) for problem in found]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_at_its_place(fault: str) -> None:
    windows, path, message = FAULTS[fault]
    ((where, what, _),) = problems(windows)
    assert where == path
    assert message in what


@pytest.mark.parametrize("said", ["day", "15 min", 1, 0.5, "auto", "month_end"])
def test_steps_as_people_say_them(said: Any) -> None:
    assert problems({"time": "t", "frequency": said}) == []


def test_a_step_that_is_none_has_a_near_miss() -> None:
    ((where, what, hint),) = problems({"time": "t", "frequency": "quater"})
    assert (where, what) == ("data.windows.frequency", "'quater' is no frequency")
    assert "'quarter'" in hint


def test_windows_have_an_order_of_their_own() -> None:
    assert problems({"time": "t"}, split="ordered") == []
    ((_, message, _),) = problems({"time": "t"}, split="random")
    assert "leave no steps in a row" in message
    ((_, message, _),) = problems({"time": "t"}, split={"ordered": "other"})
    assert "in the order of their own time" in message


def test_what_is_predicted_is_not_known_ahead() -> None:
    features = {"y": "number", "past": {"type": "number", "columns": ["y", "z"]}, "holiday": "boolean"}
    assert problems({"known": ["holiday"]}, features=features) == []
    for known in ("y", "past", "*"):
        found = problems({"known": [known]}, features=features)
        assert {(where, what[:18]) for where, what, _ in found} == {("data.windows.known", "'y' is the target,")}
        assert len(found) == 1 + (known == "*")
