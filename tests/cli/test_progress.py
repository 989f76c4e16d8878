"""What a person sees of a training in a terminal, whatever its width, and what stays of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console as RichConsole

from dlcli.cli.display.console import Console
from dlcli.cli.display.epochs import EpochLines, spacing
from dlcli.cli.display.progress import TrainingDisplay, model_table
from dlcli.model.summary import LayerRow, ModelSummary
from dlcli.training.events import EpochEnded, EpochStarted, Finished, Planned, StepsDone

SUMMARY = ModelSummary((LayerRow("features", "InputLayer", ((4,),), 0, ()),), 0, 0)


def planned(epochs: int, steps: int = 10) -> Planned:
    return Planned(Path("run"), SUMMARY, {"train": 320}, 32, steps, epochs, "cpu", ("y: number",))


def ended(epoch: int, **logs: float) -> EpochEnded:
    return EpochEnded(epoch, 0.5, 1000.0, logs)


def terminal(width: int) -> tuple[Console, io.StringIO]:
    """A console whose stderr is a terminal of a width, and what is written there."""
    written = io.StringIO()
    console = Console()
    console.err = RichConsole(file=written, force_terminal=True, width=width, color_system=None)
    return console, written


def kept(written: str) -> list[str]:
    """What is left of a screen when the display has wiped itself off it: without the lines that were drawn over."""
    screen: list[str] = [""]
    for text in re.split(r"(\x1b\[\d*[A-Z]|\x1b\[\?25[lh]|\r|\n)", written):
        if text == "\n":
            screen.append("")
        elif text == "\x1b[1A":
            screen.pop()
        elif text in ("\r", "\x1b[2K"):
            screen[-1] = ""
        elif not text.startswith("\x1b"):
            screen[-1] += text
    return [line.rstrip() for line in screen if line.strip()]


def shown(width: int, epochs: int) -> list[str]:
    """What stays of a training whose validation is best in epoch 7."""
    console, written = terminal(width)
    with TrainingDisplay(console) as display:
        display(planned(epochs))
        for epoch in range(1, epochs + 1):
            display(EpochStarted(epoch))
            display(StepsDone(epoch, 5, 160))
            display(ended(epoch, loss=1 / epoch, accuracy=0.5, val_loss=1.0 + abs(epoch - 7), val_accuracy=0.4))
        display(Finished(Path("run"), "completed", epochs, 1.0, {}))
    return kept(written.getvalue())


@pytest.mark.parametrize("epochs", [1, 7, 20, 25])
def test_all_epochs_of_a_short_training_stay(epochs: int) -> None:
    lines = [line for line in shown(100, epochs) if line.startswith("epoch ")]
    assert [int(line.split("/")[0].split()[-1]) for line in lines] == [
        *range(1, epochs + 1),
        *([7] if epochs > 7 else []),
    ]
    assert "loss 1.0000 (val 7.0000)  accuracy 0.5000 (val 0.4000)" in lines[0]


@pytest.mark.parametrize("epochs", [26, 100, 333])
def test_of_a_long_training_the_best_and_the_last_stay(epochs: int) -> None:
    lines = [line for line in shown(100, epochs) if line.startswith("epoch ")]
    assert len(lines) <= 30
    assert any(f"{epochs}/{epochs}" in line for line in lines[-2:])
    assert lines[-1].endswith("(best val_loss)")
    assert "7/" in lines[-1]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert all(len(line) <= width for line in shown(width, 30))


def test_the_update_moves_over_the_whole_job() -> None:
    console, written = terminal(100)
    with TrainingDisplay(console) as display:
        display(planned(epochs=3, steps=295))
        display(EpochStarted(2))
        assert display._bar is not None
        display(StepsDone(2, 256, 8000))
        display._bar._live.refresh()
    assert "update 551/885" in written.getvalue()


@given(st.integers(1, 10**7))
def test_few_epochs_stay_of_any_training(epochs: int) -> None:
    every = spacing(epochs)
    assert epochs / every <= 25
    assert re.fullmatch("[125]0*", str(every))


def test_an_epoch_that_is_not_a_number_is_not_the_best() -> None:
    lines = EpochLines(100)
    for epoch, loss in enumerate([3.0, 2.0, float("nan"), float("inf")], start=1):
        lines.add(ended(epoch, loss=loss))
    assert [line[:13] for line in lines.rest()] == ["epoch   4/100", "epoch   2/100"]


def test_without_validation_in_every_epoch_the_best_is_one_that_has_it() -> None:
    lines = EpochLines(100)
    lines.add(ended(1, loss=3.0))
    lines.add(ended(2, loss=2.0, val_loss=5.0))
    lines.add(ended(3, loss=1.0))
    assert "epoch   2/100" in lines.rest()[-1]


def test_a_layer_of_many_inputs_leaves_the_table_its_width() -> None:
    names = tuple(f"feature_{number}" for number in range(60))
    rows = [LayerRow(name, "InputLayer", ((1,),), 0, ()) for name in names]
    rows.append(LayerRow("all", "Concatenate", ((60,),), 0, names))
    console = Console()
    with console.err.capture() as captured:
        console.note(model_table(ModelSummary(tuple(rows), 0, 0), console))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 120
    assert "feature_0, feature_1, feature_2 and 57 more" in lines[-2]


def test_a_shared_layer_says_whose_weights_it_has() -> None:
    rows = (
        LayerRow("x", "InputLayer", ((3,),), 0, ()),
        LayerRow("encoder", "Model", ((2,),), 8, ("x",)),
        LayerRow("again", "Model", ((2,),), 0, ("y",), shared="encoder"),
    )
    console = Console()
    with console.err.capture() as captured:
        console.note(model_table(ModelSummary(rows, 8, 0), console))
    assert re.search(r"again +Model, shared encoder", captured.get())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_of_layers_stays_within_the_terminal(width: int) -> None:
    names = [f"a_layer_with_a_rather_long_name_{number}" for number in range(3)]
    rows = [
        LayerRow(names[0], "InputLayer", ((128, 128, 3),), 0, ()),
        LayerRow(names[1], "MultiHeadAttention", ((128, 128, 3),), 123_456_789, (names[0], names[0])),
        LayerRow(names[2], "MultiHeadAttention", ((128, 128, 3),), 0, (names[0], names[1]), 1, names[1]),
    ]
    console = RichConsole(file=io.StringIO(), width=width)
    console.print(model_table(ModelSummary(tuple(rows), 8, 0), Console()))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.rstrip().endswith("123,456,789") for line in lines)
