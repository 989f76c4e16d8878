"""`callback-cannot-act` warns where Keras's callback does nothing whatever it sees, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.lint.linting import lint
from dlcli.config.schema import Config

pytestmark = pytest.mark.tensorflow


def acts(callback: Any, *, epochs: int, every: int) -> bool:
    """Whether it does anything before the last epoch, of a value that never becomes better than at first."""
    optimizer = SimpleNamespace(learning_rate=1.0)
    model = SimpleNamespace(stop_training=False, optimizer=optimizer)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(epochs):
        if model.stop_training or optimizer.learning_rate != 1.0:
            return True
        if (epoch + 1) % every == 0:
            callback.on_epoch_end(epoch, {"val_loss": float(epoch)})
    return False


def warned(name: str, arguments: dict[str, Any], *, epochs: int, every: int) -> bool:
    settings = {
        "data": {"train": "x.csv", "target": "y", "validation": 0.2},
        "model": {"layers": [{"Dense": {"units": 1}}]},
        "fit": {"epochs": epochs, "validation_freq": every},
        "callbacks": [{name: arguments}],
    }
    return any(problem.rule == "callback-cannot-act" for problem in lint(Config.model_validate(settings)).warnings)


@given(
    name=st.sampled_from(["EarlyStopping", "ReduceLROnPlateau"]),
    epochs=st.integers(3, 14),
    patience=st.integers(0, 16),
    start=st.integers(0, 16),
    every=st.integers(1, 3),
    baseline=st.sampled_from([None, -1]),
)
def test_a_warning_is_of_a_callback_that_does_nothing(
    name: str, epochs: int, patience: int, start: int, every: int, baseline: int | None
) -> None:
    own = {"start_from_epoch": start, "baseline": baseline} if name == "EarlyStopping" else {}
    arguments = {"patience": patience, **own}
    callback = getattr(keras.callbacks, name)(**arguments, mode="min")
    idle = not acts(callback, epochs=epochs, every=every)
    assert warned(name, arguments, epochs=epochs, every=every) == idle


@pytest.mark.parametrize(("start", "expected"), [(0, False), (9, False), (10, True), (30, True)])
def test_what_is_restored_at_the_end_needs_no_patience(start: int, expected: bool) -> None:
    arguments = {"patience": 50, "start_from_epoch": start, "restore_best_weights": True}
    assert warned("EarlyStopping", arguments, epochs=10, every=1) == expected


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_trial_is_left_in_peace(epochs: int) -> None:
    assert not warned("EarlyStopping", {"patience": 5, "start_from_epoch": 5}, epochs=epochs, every=1)
