"""The names of History, predicted; `tests/model/test_compilation.py` holds them against real training."""

from __future__ import annotations

from typing import Any

from dlcli.config.checks.history_names import HistoryNames, history_names
from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component


def names(*, outputs: tuple[str, ...] = ("out",), validation: bool = False, **keys: Any) -> HistoryNames:
    options = {key: keys.pop(key) for key in ("callbacks", "code") if key in keys}
    return history_names(CompileConfig.model_validate(keys), outputs=outputs, validation=validation, **options)


def test_one_output() -> None:
    assert names(loss="mse").names == ("loss",)
    assert names(loss="mse", metrics=["accuracy", "AUC"], validation=True).names == (
        "accuracy",
        "auc",
        "loss",
        "val_accuracy",
        "val_auc",
        "val_loss",
    )


def test_several_outputs_have_losses_of_their_own() -> None:
    found = names(loss="mse", metrics={"b": ["mae"]}, outputs=("b", "a"))
    assert found.names == ("a_loss", "b_loss", "b_mae", "loss")


def test_the_learning_rate_comes_last() -> None:
    callbacks = [Component("ReduceLROnPlateau"), Component("LearningRateScheduler", {"schedule": "decay"})]
    assert names(loss="mse", validation=True, callbacks=callbacks).names == ("loss", "val_loss", "learning_rate")


def test_the_users_own_metrics_and_callbacks_leave_it_open() -> None:
    assert names(metrics=["Mine"], code=["Mine"]) == HistoryNames(("loss", "mine"), False)
    assert names(metrics=[{"Mine": {"name": "x"}}]).names == ("loss", "x")
    assert names(callbacks=[Component("Own")], code=["Own"]).complete is False
    assert names(metrics=["mse"], callbacks=[Component("EarlyStopping")], code=["Own"]).complete is True
