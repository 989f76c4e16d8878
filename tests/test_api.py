"""The Python API: a job from a file or a mapping, what it tells, and that its numbers are those of plain Keras."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import dlcli
from dlcli.config.document.reader import read
from dlcli.training.events import EpochEnded, EpochStarted, Event, Finished, Notice, Planned, Stage

pytestmark = pytest.mark.tensorflow

Train = Callable[..., dlcli.Run]
Array = NDArray[Any]

ROWS = 90
DRAW = np.random.default_rng(5)
TABLE = pd.DataFrame(
    {
        "a": DRAW.normal(size=ROWS).round(3),
        "b": DRAW.normal(size=ROWS).round(3),
        "weight": DRAW.integers(1, 5, size=ROWS),
    }
)
TABLE["total"] = (2 * TABLE["a"] - TABLE["b"]).round(3)
TABLE["kind"] = np.where(TABLE["total"] > 1, "high", np.where(TABLE["total"] < -1, "low", "middle"))
TABLE["sign"] = np.where(TABLE["total"] > 0.5, "plus", "minus")

NUMBERS = {name: {"type": "number", "scale": "none"} for name in ("a", "b")}
ZEROS = {"kernel_initializer": "zeros"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `table.csv`."""
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path


def job(**changes: Any) -> dict[str, Any]:
    """A config that tells `sign` from `a` and `b`; `data__test=0.3` changes a key of a section."""
    config: dict[str, Any] = {
        "seed": 3,
        "data": {"train": "table.csv", "target": "sign", "features": copy.deepcopy(NUMBERS), "batch_size": 16},
        "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid", **ZEROS}}]},
        "compile": {"optimizer": {"SGD": {"learning_rate": 0.1}}},
        "fit": {"epochs": 2},
        "report": False,
    }
    for path, value in changes.items():
        section, _, key = path.partition("__")
        if key:
            config.setdefault(section, {})[key] = value
        else:
            config[section] = value
    return config


DECAY = {"initial_learning_rate": 0.01, "decay_steps": 5, "decay_rate": 1e3}
"""A rate that grows a thousandfold an epoch."""


def weights(run: dlcli.Run) -> list[Array]:
    """The trained weights, as plain Keras reads them."""
    import keras

    model = keras.models.load_model(run.path / "model.keras", compile=False)
    return [np.asarray(each) for each in model.get_weights()]


def plain_keras(
    inputs: Array,
    targets: Array,
    *,
    sample_weight: Array | None = None,
    class_weight: Mapping[int, float] | None = None,
) -> tuple[list[float], list[Array]]:
    """The losses and the weights of the model of `job`, trained by a script without dlcli."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid", **ZEROS)])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    history = model.fit(
        inputs.astype("float32"),
        targets.astype("float32").reshape(-1, 1),
        sample_weight=None if sample_weight is None else sample_weight.astype("float32"),
        class_weight=class_weight,
        batch_size=16,
        epochs=2,
        shuffle=False,
        verbose=0,
    )
    return history.history["loss"], model.get_weights()


# The verbs.


def test_a_file_and_a_mapping_are_the_same_job(here: Path) -> None:
    (here / "config.yaml").write_text(json.dumps(job(data__test=0.2)))
    one, other = dlcli.train("config.yaml", run_dir="one"), dlcli.train(job(data__test=0.2), run_dir="other")
    assert one.history == other.history
    assert one.metrics() == other.metrics()
    assert (one.status, one.epochs, other.epochs) == ("completed", 2, 2)


def test_runs_are_numbered_by_name(here: Path) -> None:
    assert [dlcli.train(job(name="n")).path.as_posix() for _ in range(2)] == ["runs/n-001", "runs/n-002"]


def test_overrides_are_a_list_or_a_mapping(here: Path) -> None:
    listed = dlcli.train(job(), overrides=["fit.epochs=3", "model.layers.0.Dense.use_bias=false"], run_dir="one")
    mapped = dlcli.train(job(), overrides={"fit.epochs": 3, "model.layers.0.Dense.use_bias": False}, run_dir="other")
    assert listed.epochs == 3
    assert listed.history == mapped.history
    assert [each.shape for each in weights(listed)] == [(2, 1)]


def test_events_come_in_their_order(here: Path) -> None:
    events: list[Event] = []
    run = dlcli.train(job(data__validation=0.2, data__test=0.2, report=True), run_dir="run", listener=events.append)
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert stages == [
        "reading data",
        "loading TensorFlow",
        "building the model",
        "evaluating the validation split",
        "evaluating the test split",
        "proving the portable model",
        "writing the report",
    ]
    order = [type(event) for event in events if isinstance(event, (Planned, EpochStarted, EpochEnded, Finished))]
    assert order == [Planned, EpochStarted, EpochEnded, EpochStarted, EpochEnded, Finished]
    (planned,) = [event for event in events if isinstance(event, Planned)]
    assert (planned.directory, planned.rows) == (Path("run"), {"train": 54, "validation": 18, "test": 18})
    assert (planned.batch_size, planned.steps, planned.updates) == (16, 4, 8)
    ended = [event for event in events if isinstance(event, EpochEnded)]
    assert {name: [event.logs[name] for event in ended] for name in ended[0].logs} == run.history
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert (finished.status, finished.epochs, finished.metrics) == ("completed", 2, run.final_metrics())


def test_the_end_shows_training_beside_validation(here: Path) -> None:
    run = dlcli.train(job(data__validation=0.2, data__test=0.2), run_dir="run")
    metrics = run.final_metrics()
    assert list(metrics) == ["train", "validation", "test"]
    assert metrics["train"] == {name: run.history[name][-1] for name in ("loss", "accuracy")}
    assert run.model_epoch == run.epochs == 2


def test_training_s_numbers_are_those_of_the_epoch_that_the_model_is_of(here: Path) -> None:
    # As the rate grows, the loss does from the second epoch on, and the weights go back to the first or second.
    early = {"EarlyStopping": {"monitor": "val_loss", "patience": 2, "restore_best_weights": True}}
    optimizer = {"SGD": {"learning_rate": {"ExponentialDecay": DECAY}}}
    run = dlcli.train(
        job(data__validation=0.2, callbacks=[early], compile__optimizer=optimizer, fit__epochs=9), run_dir="run"
    )
    best = run.history["val_loss"].index(min(run.history["val_loss"]))
    assert (run.model_epoch, run.epochs) == (best + 1, best + 3)
    assert run.final_metrics()["train"]["loss"] == run.history["loss"][best]
    assert run.final_metrics()["validation"]["loss"] == pytest.approx(run.history["val_loss"][best], rel=1e-5)


def test_check_is_train_without_training(here: Path) -> None:
    report = dlcli.check(job(data__test=0.2))
    assert report.warnings == ()
    assert report.planned is not None
    assert (report.planned.rows, report.planned.summary.parameters) == ({"train": 72, "test": 18}, 3)
    assert dlcli.check(job(), fast=True).planned is None
    assert [path.name for path in here.iterdir()] == ["table.csv"]


def test_evaluate_takes_splits_files_and_frames(here: Path) -> None:
    run = dlcli.train(job(data__test=0.2, data__split="ordered"), run_dir="run")
    held_out = TABLE.iloc[72:]
    held_out.to_csv("new.csv", index=False)
    split, file, frame = dlcli.evaluate(run), dlcli.evaluate("run", "new.csv"), dlcli.evaluate(run, held_out)
    assert split.metrics == run.metrics("test")
    assert (split.name, file.name, frame.name, split.rows) == ("test", "new", "frame", 18)
    assert split.metrics == file.metrics == frame.metrics
    assert split.reports == file.reports == frame.reports
    guessed = dlcli.predict(run, held_out)["prediction"].to_numpy()
    counted = pd.crosstab(held_out["sign"], guessed).reindex(columns=["minus", "plus"], fill_value=0)
    assert split.reports["sign"]["confusion_matrix"] == counted.to_numpy().tolist()
    assert dlcli.evaluate(run, split="train").rows == 72


def test_predict_keeps_the_index(here: Path) -> None:
    run = dlcli.train(job(), run_dir="run")
    frame = TABLE.loc[[5, 3, 80], ["b", "a"]].set_axis(["x", "x", "z"])
    predictions = dlcli.predict(run, frame)
    assert list(predictions.index) == ["x", "x", "z"]
    assert list(predictions) == ["prediction", "probability_minus", "probability_plus"]
    np.testing.assert_allclose(predictions[["probability_minus", "probability_plus"]].sum(axis=1), 1, rtol=1e-6)
    kernel, bias = weights(run)
    scores = frame[["a", "b"]].to_numpy("float32") @ kernel + bias
    np.testing.assert_allclose(predictions["probability_plus"], 1 / (1 + np.exp(-scores[:, 0])), rtol=1e-5)


# The numbers.


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_same_seed_gives_the_same_numbers(deterministic: bool, here: Path) -> None:
    layers = [{"Dense": {"units": 8, "activation": "relu"}}, {"Dropout": {"rate": 0.3}}, {"Dense": {"units": 3}}]
    config = job(
        data__target="kind",
        data__validation=0.2,
        model__layers=[*layers, "Softmax"],
        runtime__deterministic=deterministic,
    )
    one, other = dlcli.train(config, run_dir="one"), dlcli.train(config, run_dir="other")
    assert one.history == other.history
    if not deterministic:
        assert dlcli.train(config, overrides=["seed=4"], run_dir="another").history != one.history
    assert all(np.array_equal(*pair) for pair in zip(weights(one), weights(other), strict=True))


def test_the_numbers_are_those_of_plain_keras(here: Path) -> None:
    run = dlcli.train(job(data__shuffle=False), run_dir="run")
    losses, trained = plain_keras(TABLE[["a", "b"]].to_numpy(), (TABLE["sign"] == "plus").to_numpy())
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-5)
    for mine, its in zip(weights(run), trained, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("setting", [{"plus": 5, "minus": 0.5}, "balanced"])
def test_class_weights_have_their_effect(setting: Any, here: Path) -> None:
    run = dlcli.train(job(data__shuffle=False, fit__class_weight=setting), run_dir="run")
    plus = (TABLE["sign"] == "plus").to_numpy()
    counts = {0: ROWS / (2 * (~plus).sum()), 1: ROWS / (2 * plus.sum())}
    losses, trained = plain_keras(
        TABLE[["a", "b"]].to_numpy(), plus, class_weight=counts if setting == "balanced" else {0: 0.5, 1: 5.0}
    )
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(weights(run)[0], trained[0], rtol=1e-4, atol=1e-6)
    _, alike = plain_keras(TABLE[["a", "b"]].to_numpy(), plus)
    assert not np.allclose(alike[0], trained[0], rtol=1e-2)


def test_sample_weights_have_their_effect(here: Path) -> None:
    run = dlcli.train(job(data__shuffle=False, data__sample_weight="weight"), run_dir="run")
    plus = (TABLE["sign"] == "plus").to_numpy()
    losses, trained = plain_keras(TABLE[["a", "b"]].to_numpy(), plus, sample_weight=TABLE["weight"].to_numpy())
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(weights(run)[0], trained[0], rtol=1e-4, atol=1e-6)


# Targets.


def test_given_classes_are_the_order_of_the_outputs(here: Path) -> None:
    target = {"kind": {"type": "category", "classes": ["low", "middle", "high"]}}
    config = job(data__target=target, model__layers=[{"Dense": {"units": 3, "activation": "softmax"}}])
    predictions = dlcli.predict(dlcli.train(config, run_dir="run"), TABLE)
    names = ["probability_low", "probability_middle", "probability_high"]
    assert list(predictions) == ["prediction", *names]
    best = np.array(["low", "middle", "high"])[predictions[names].to_numpy().argmax(axis=1)]
    assert (predictions["prediction"] == best).all()


def test_a_graph_of_several_inputs_and_outputs(here: Path) -> None:
    layers = [
        {"Dense": {"units": 4, "activation": "relu"}, "name": "left", "inputs": "a"},
        {"Dense": {"units": 4, "activation": "relu"}, "name": "right", "inputs": "b"},
        {"Concatenate": {}, "name": "both", "inputs": ["left", "right"]},
        {"Dense": {"units": 1}, "name": "total", "inputs": "both"},
        {"Dense": {"units": 3, "activation": "softmax"}, "name": "kind", "inputs": "both"},
    ]
    config = job(
        data__target={"total": "number", "kind": "category"},
        data__test=0.2,
        data__batch_size=24,  # of 72 rows: Keras weighs batches of unequal size differently in the two
        model={"layers": layers, "outputs": ["total", "kind"]},
        compile={"loss_weights": {"total": 0.25}},
    )
    run = dlcli.train(config, run_dir="run")
    assert set(run.history) == {"loss", "total_loss", "kind_loss", "total_mae", "kind_accuracy"}
    np.testing.assert_allclose(
        run.history["loss"],
        0.25 * np.array(run.history["total_loss"]) + np.array(run.history["kind_loss"]),
        rtol=1e-4,
    )
    evaluation = dlcli.evaluate(run)
    assert evaluation.reports["total"].keys() >= {"mae", "rmse", "r2"}
    assert list(evaluation.reports["kind"]["classes"]) == ["high", "low", "middle"]
    predictions = dlcli.predict(run, TABLE)
    assert list(predictions) == ["total_prediction", "kind_prediction"] + [
        f"kind_probability_{name}" for name in ("high", "low", "middle")
    ]
    truth, guess = TABLE["total"], predictions["total_prediction"]
    whole = dlcli.evaluate(run, TABLE).reports["total"]
    assert whole["mae"] == pytest.approx((truth - guess).abs().mean(), rel=1e-5)
    assert whole["rmse"] == pytest.approx(((truth - guess) ** 2).mean() ** 0.5, rel=1e-5)


def test_scaled_targets_are_told_in_their_own_unit(here: Path) -> None:
    table = TABLE.assign(total=1000 + 50 * TABLE["total"])
    table.to_csv("table.csv", index=False)
    config = job(
        data__target={"total": {"type": "number", "scale": "standard"}},
        model__layers=[{"Dense": {"units": 1}}],
        compile__optimizer={"Adam": {"learning_rate": 0.1}},
        fit__epochs=40,
    )
    run = dlcli.train(config, run_dir="run")
    assert (dlcli.predict(run, table)["prediction"] - table["total"]).abs().max() < 10
    assert run.history["loss"][-1] < 0.05  # of the scaled target


# Features and sources.


def test_features_of_every_type(here: Path) -> None:
    table = TABLE.assign(
        day=pd.date_range("2024-01-01", periods=ROWS, freq="D").strftime("%Y-%m-%d"),
        member=np.where(TABLE["a"] > 0, "yes", "no"),
        town=np.array(["Rome", "Oslo", "Lima"])[np.arange(ROWS) % 3],
        note=[f"word{i % 5} common" for i in range(ROWS)],
    )
    table.to_csv("table.csv", index=False)
    features = {
        "a": "number",
        "day": {"type": "datetime", "parts": ["year", "month"]},
        "member": "boolean",
        "town": {"type": "category", "encode": {"embedding": 2}},
        "note": {"type": "text", "encode": "multi_hot"},
    }
    config = job(data__features=features, model__layers=[{"Dense": {"units": 1, "activation": "sigmoid"}}])
    events: list[Event] = []
    run = dlcli.train(config, run_dir="run", listener=events.append)
    (planned,) = [event for event in events if isinstance(event, Planned)]
    rows = {row.name: row for row in planned.summary.rows}
    (embedding,) = [row for row in rows.values() if row.type == "Embedding"]
    assert embedding.parameters == (3 + 1) * 2  # three towns and the bucket of the unknown
    changed = table.assign(town="Paris", note="never seen", day="2031-12-24")
    with pytest.warns(UserWarning, match="none of the 3 categories|words in column 'note' are unknown"):
        assert len(dlcli.predict(run, changed)) == ROWS
    moved = dlcli.predict(run, table.assign(town=table["town"].to_numpy()[::-1]))
    assert not np.allclose(moved["probability_plus"], dlcli.predict(run, table)["probability_plus"])


def test_what_is_inferred_is_told_and_written(here: Path) -> None:
    config = job(data__target="sign")
    del config["data"]["features"]
    config["data"]["exclude"] = ["total", "weight"]
    events: list[Event] = []
    run = dlcli.train(config, run_dir="run", listener=events.append)
    said = [event.problem.message for event in events if isinstance(event, Notice)]
    assert any("sign" in line and "2 classes" in line for line in said)
    resolved = read(run.path / "config.yaml").value["data"]
    assert {name: feature["type"] for name, feature in resolved["features"].items()} == {
        "a": "number",
        "b": "number",
        "kind": "category",
    }
    assert resolved["target"]["sign"]["type"] == "category"


def test_arrays(here: Path) -> None:
    x = DRAW.normal(size=(40, 4, 3)).astype("float32")
    y = (x.sum(axis=(1, 2)) > 0).astype("int64")
    np.savez("arrays.npz", x=x, y=y)
    layers = ["Flatten", {"Dense": {"units": 2, "activation": "softmax"}}]
    config = job(data={"train": "arrays.npz", "target": "y", "test": 0.25}, model__layers=layers)
    run = dlcli.train(config, run_dir="run")
    assert run.record["rows"] == {"train": 30, "test": 10}
    assert [each.shape for each in weights(run)] == [(12, 2), (2,)]
    assert dlcli.predict_file(run, "arrays.npz", output="out.csv") == 40
    assert set(pd.read_csv("out.csv")["prediction"]) <= {0, 1}


# Models and callbacks.

CODE = """
import keras


class Double(keras.layers.Layer):
    def __init__(self, factor=2.0, **arguments):
        super().__init__(**arguments)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


def constant_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1) * 0 + 7


class Rows(keras.metrics.Metric):
    def __init__(self, name="rows_seen", **arguments):
        super().__init__(name=name, **arguments)
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.cast(keras.ops.shape(y_true)[0], "float32"))

    def result(self):
        return self.total


class Diary(keras.callbacks.Callback):
    def __init__(self, file):
        super().__init__()
        self.file = file

    def on_epoch_end(self, epoch, logs=None):
        with open(self.file, "a") as file:
            file.write(f"{epoch}\\n")
"""


def test_layers_losses_metrics_and_callbacks_of_ones_own(here: Path) -> None:
    (here / "mine.py").write_text(CODE)
    config = job(
        code=["mine.py"],
        data__target={"total": "number"},
        model__layers=[{"Double": {"factor": 3.0}}, {"Dense": {"units": 1, "kernel_initializer": "ones"}}],
        compile={"loss": "constant_loss", "metrics": ["Rows"]},
        callbacks=[{"Diary": {"file": str(here / "diary.txt")}}],
    )
    run = dlcli.train(config, run_dir="run")
    assert run.history["loss"] == [7.0, 7.0]
    assert run.history["rows_seen"] == [ROWS, ROWS]
    assert (here / "diary.txt").read_text() == "0\n1\n"
    (here / "mine.py").unlink()  # the run has a copy of its own
    predictions = dlcli.predict(run, TABLE)["prediction"]
    np.testing.assert_allclose(predictions, 3 * (TABLE["a"] + TABLE["b"]), rtol=1e-4, atol=1e-5)


def test_a_model_in_a_model(here: Path) -> None:
    inner = {"layers": [{"Dense": {"units": 6, "activation": "relu"}}, {"Dense": {"units": 4}}], "name": "encoder"}
    run = dlcli.train(job(model__layers=[inner, {"Dense": {"units": 1, "activation": "sigmoid"}}]), run_dir="run")
    assert run.record["parameters"] == (2 * 6 + 6) + (6 * 4 + 4) + (4 + 1)
    again = dlcli.predict(run, TABLE)
    pd.testing.assert_frame_equal(dlcli.predict(run.path, TABLE), again)
    (first, *_) = weights(run)
    assert first.shape == (2, 6)


def test_files_of_callbacks_stay_in_the_run(here: Path) -> None:
    events: list[Event] = []
    callbacks = [
        {"ModelCheckpoint": {"filepath": "e{epoch:02d}_{loss:.2f}", "verbose": 1}},
        {"CSVLogger": {"filename": "log.csv"}},
        {"EarlyStopping": {"monitor": "loss", "patience": 1, "min_delta": 100, "verbose": 1}},
    ]
    run = dlcli.train(job(callbacks=callbacks, fit__epochs=50), run_dir="run", listener=events.append)
    assert (run.epochs, len(run.history["loss"])) == (2, 2)
    names = [f"e{epoch:02d}_{loss:.2f}.keras" for epoch, loss in enumerate(run.history["loss"], start=1)]
    assert sorted(path.name for path in (here / "run" / "checkpoints").iterdir()) == [*names, "epoch-000002"]
    logged = pd.read_csv(here / "run" / "log.csv")
    assert logged["loss"].tolist() == pytest.approx(run.history["loss"])
    said = [event.problem.message for event in events if isinstance(event, Notice)]
    assert any("early stopping" in line for line in said)
    assert sum(": saving model to" in line for line in said) == 2
    assert {path.name for path in here.iterdir()} == {"table.csv", "run"}


def test_a_schedule_lowers_the_learning_rate(here: Path) -> None:
    decay = {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 6, "decay_rate": 0.0, "staircase": True}}
    run = dlcli.train(
        job(compile={"optimizer": {"SGD": {"learning_rate": decay}}}, data__shuffle=False, fit__epochs=3), run_dir="run"
    )
    _, trained = plain_keras(TABLE[["a", "b"]].to_numpy(), (TABLE["sign"] == "plus").to_numpy())
    once = dlcli.train(job(data__shuffle=False, fit__epochs=1), run_dir="once")
    # Six updates are an epoch, and after it the rate is 0: nothing more is learnt.
    np.testing.assert_allclose(weights(run)[0], weights(once)[0], rtol=1e-5)
    assert not np.allclose(weights(run)[0], trained[0], rtol=1e-2)


def test_callbacks_that_set_the_learning_rate(here: Path) -> None:
    (here / "mine.py").write_text("def halve(epoch, rate):\n    return rate / 2 if epoch else rate\n")
    scheduled = job(code=["mine.py"], callbacks=[{"LearningRateScheduler": {"schedule": "halve"}}], fit__epochs=3)
    assert dlcli.train(scheduled, run_dir="one").history["learning_rate"] == pytest.approx([0.1, 0.05, 0.025])
    plateau = {"monitor": "loss", "patience": 1, "min_delta": 100, "factor": 0.1}
    reduced = dlcli.train(job(callbacks=[{"ReduceLROnPlateau": plateau}], fit__epochs=4), run_dir="other")
    assert reduced.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_the_best_weights_are_restored(here: Path) -> None:
    callbacks = [{"EarlyStopping": {"monitor": "val_loss", "patience": 2, "restore_best_weights": True}}]
    config = job(
        data__validation=0.3,
        callbacks=callbacks,
        fit__epochs=60,
        compile={"optimizer": {"SGD": {"learning_rate": 60.0}}},
    )
    run = dlcli.train(config, run_dir="run")
    assert run.epochs < 60
    assert dlcli.evaluate(run, split="validation").metrics["loss"] == pytest.approx(
        min(run.history["val_loss"]), rel=1e-4
    )


def test_faults_are_raised_all_at_once(here: Path) -> None:
    with pytest.raises(dlcli.ConfigError) as caught:
        dlcli.train(job(fit__epochs=0, data__target="sgn", model__layers=["Dens"]))
    assert {problem.path for problem in caught.value.problems} == {
        "fit.epochs",
        "data.target.sgn",
        "model.layers[0]",
    }
    assert {path.name for path in here.iterdir()} == {"table.csv"}


def test_new_rows_are_weighed_like_those_of_a_split(tmp_path: Path) -> None:
    """The validation rows as a file of their own give the same numbers as the split."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60), "w": random.uniform(0, 3, 60)})
    frame["y"] = np.where(frame["a"] > 0, "yes", "no")
    frame[:40].to_csv(tmp_path / "train.csv", index=False)
    frame[40:].to_csv(tmp_path / "held.csv", index=False)
    config = {
        "data": {"train": "train.csv", "validation": "held.csv", "target": "y", "sample_weight": "w"},
        "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "compile": {"weighted_metrics": ["accuracy"]},
        "fit": {"epochs": 1},
    }
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    run = dlcli.train(tmp_path / "c.yaml", run_dir=tmp_path / "run")
    split = dlcli.evaluate(run, split="validation")
    file = dlcli.evaluate(run, tmp_path / "held.csv")
    assert file.metrics == pytest.approx(split.metrics)
    with pytest.raises(dlcli.DataError, match="no column 'w'"):
        dlcli.evaluate(run, frame.drop(columns="w"))


def test_values_never_seen_are_told(tmp_path: Path) -> None:
    frame = pd.DataFrame({"island": ["a", "b", "c"] * 10, "y": ["p", "q", "q"] * 10})
    frame.to_csv(tmp_path / "t.csv", index=False)
    config = {
        "data": {"train": "t.csv", "target": "y"},
        "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "fit": {"epochs": 1},
    }
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    run = dlcli.train(tmp_path / "c.yaml", run_dir=tmp_path / "run")
    with pytest.warns(UserWarning, match="2 values that are none of the 3 categories learnt: 'z'"):
        dlcli.predict(run, pd.DataFrame({"island": ["z", "a", "x"]}))
    assert dlcli.predict(run, frame[:0]).empty
    with pytest.raises(dlcli.DataError, match="expected a DataFrame"):
        dlcli.predict(run, {"island": ["a"]})  # type: ignore[arg-type]
