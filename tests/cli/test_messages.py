"""Warnings of Keras and of other libraries become notices: each once, without lines of Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from dlcli.training.events import Event, Notice
from dlcli.training.messages import forward_warnings, with_warnings_forwarded


def warn(text: str, *, module: str = "keras.src.losses", category: type[Warning] = SyntaxWarning) -> None:
    warnings.warn_explicit(text, category, f"{module}.py", 1, module=module)


def texts(events: list[Event]) -> list[str]:
    return [event.problem.message for event in events if isinstance(event, Notice) and event.warning]


def test_what_differs_in_numbers_alone_is_told_once() -> None:
    told: list[Event] = []
    with forward_warnings(told.append):
        for rows in ("32", "None", "7"):
            warn(f"expected\n   num_classes > 1, got ({rows}, 1)")
        with forward_warnings(told.append):
            warn("expected num_classes > 1, got (5, 1)")
            warn("something else")
    assert texts(told) == ["expected num_classes > 1, got (32, 1)", "something else"]


def test_deprecations_are_not_for_users() -> None:
    told: list[Event] = []
    with forward_warnings(told.append):
        warn("soon gone", category=DeprecationWarning)
        warn("soon gone", category=FutureWarning)
    assert told == []


def test_the_warnings_of_others_stay_errors_where_they_are_errors() -> None:
    with forward_warnings(lambda event: None), pytest.raises(SyntaxWarning):
        warn("of our own", module="dlcli.something")


def test_without_a_listener_they_are_python_s() -> None:
    @with_warnings_forwarded
    def work(*, listener: Callable[[Event], None] | None = None) -> int:
        warn("of Keras", module="elsewhere")
        return 3

    with pytest.warns(SyntaxWarning, match="of Keras"):
        assert work() == 3


CONFIG = """\
data: {train: t.csv, target: y, batch_size: 4}
model: {layers: [{Dense: {units: 1, activation: softmax}}]}
compile: {loss: categorical_crossentropy}
fit: {epochs: 1}
lint: {ignore: [softmax-one-unit]}
"""


def test_no_command_shows_a_line_of_python(dlcli: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{row},{'no' if row % 2 else 'yes'}\n" for row in range(8)))
    (tmp_path / "c.yaml").write_text(CONFIG)
    for command in (
        ["check", "c.yaml"],
        ["train", "c.yaml", "--run-dir", "run"],
        ["evaluate", "run", "t.csv", "--runtime", "keras"],
        ["predict", "run", "t.csv", "-o", "out.csv", "--runtime", "keras"],
    ):
        done = dlcli(*command)
        assert done.returncode == 0, done.stderr
        assert "Warning:" not in done.stderr, done.stderr
        said = [line for line in done.stderr.splitlines() if line.startswith("! ") and "softmax" in line]
        assert len(said) == 1, done.stderr
