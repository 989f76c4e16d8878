"""What the shipped configs promise, checked by training them.

One process trains them all: TensorFlow starts once. A config is trained once, whatever is asked of it.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

import dlcli
from dlcli.config.document.reader import read
from dlcli.config.lint.rules import rule_names
from dlcli.training.events import Notice, Planned
from tests.reporting.pages import read_page, read_plots

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@dataclasses.dataclass(frozen=True)
class Claim:
    """`metric` of `split` lies between `least` and `most` after training `config`."""

    config: str
    metric: str
    least: float = float("-inf")
    most: float = float("inf")
    split: Literal["train", "validation", "test"] = "test"


CLAIMS = [
    Claim("iris", "accuracy", least=0.93),
    Claim("wine", "accuracy", least=0.95),
    Claim("breast_cancer", "accuracy", least=0.95),
    Claim("diabetes", "root_mean_squared_error", most=62),
    Claim("digits", "accuracy", least=0.95),
    Claim("topics", "binary_accuracy", least=0.98),
    Claim("xor", "accuracy", least=1.0, split="train"),
    Claim("clouds", "accuracy", least=0.98),
    Claim("stores", "mae", most=30),
    Claim("lessons/04_regression", "loss", most=5000),
    Claim("lessons/04_binary", "accuracy", least=0.93),
    Claim("lessons/04_multiclass", "accuracy", least=0.9),
    Claim("lessons/08_perceptron_and", "accuracy", least=1.0, split="train"),
    Claim("lessons/10_reduce_on_plateau", "accuracy", least=0.9),
    Claim("lessons/11_checkpoints", "accuracy", least=0.9),
    Claim("lessons/16_shared_layer", "accuracy", least=0.85),
    Claim("lessons/23_validation_split", "accuracy", least=0.9, split="validation"),
    Claim("lessons/23_validation_file", "accuracy", least=0.9, split="validation"),
    Claim("lessons/24_in_batches", "accuracy", least=0.98),
]


@dataclasses.dataclass(frozen=True)
class Trained:
    """A run, and the accounting that was shown before it was trained."""

    run: dlcli.Run
    planned: Planned

    @property
    def directory(self) -> Path:
        return self.run.path


Train = Callable[[str], Trained]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Train a config once and keep its run: `trained("lessons/22_history").run.history`."""
    runs: dict[str, Trained] = {}

    def train(name: str) -> Trained:
        if name not in runs:
            events: list[object] = []
            directory = tmp_path_factory.mktemp("runs") / Path(name).name
            run = dlcli.train(CONFIGS / f"{name}.yaml", run_dir=directory, listener=events.append)
            (planned,) = [event for event in events if isinstance(event, Planned)]
            rules = [event.problem.rule for event in events if isinstance(event, Notice)]
            assert not {"no-report", "report-part", *rule_names()} & set(rules)
            read_page(run.path / "report.html")
            read_plots(run.path / "plots")
            runs[name] = Trained(run, planned)
        return runs[name]

    return train


LONG_CLAIMS = [
    Claim("lessons/08_perceptron_xor", "accuracy", most=0.75, split="train"),
    Claim("lessons/26_bag_of_words", "accuracy", most=0.65),
    Claim("lessons/16_image_and_table", "accuracy", least=0.85),
    Claim("lessons/20_model_in_model", "accuracy", least=0.9),
    Claim("lessons/16_graph", "grade_accuracy", least=0.85),
    Claim("digits_cnn", "accuracy", least=0.9),
    Claim("digits_images", "accuracy", least=0.98),
    Claim("chirps", "accuracy", least=0.95),
    Claim("moves", "accuracy", least=0.9),
    Claim("motions", "accuracy", least=0.95),
    Claim("digits_idx", "accuracy", least=0.9),
    Claim("autoencoder", "mae", most=2.0),
    Claim("lessons/01_first_network", "loss", most=0.1),
    Claim("lessons/01_first_network", "binary_accuracy", least=0.9),
    Claim("lessons/02_dropout", "accuracy", least=0.95),
    Claim("lessons/05_full_batch", "accuracy", least=0.9),
    Claim("lessons/05_mini_batch", "accuracy", least=0.9),
    Claim("lessons/07_depth_and_width", "accuracy", least=0.9),
    Claim("lessons/09_one_hot_targets", "accuracy", least=0.9),
    Claim("lessons/10_schedule", "accuracy", least=0.9),
    Claim("lessons/15_adam", "accuracy", least=0.85),
    Claim("lessons/21_sparse_categorical_crossentropy", "sparse_categorical_accuracy", least=0.9),
    Claim("lessons/21_binary_crossentropy", "binary_accuracy", least=0.9),
    Claim("lessons/21_binary_crossentropy", "auc", least=0.9),
    Claim("lessons/21_binary_crossentropy", "precision", least=0.9),
    Claim("lessons/21_binary_crossentropy", "recall", least=0.9),
    Claim("lessons/21_mean_squared_error", "mean_squared_error", most=3844),
    Claim("lessons/25_activations", "accuracy", least=0.9),
    Claim("digits_images_mlp", "accuracy", least=0.96),
    Claim("lessons/08_perceptron_or", "accuracy", least=1.0, split="train"),
    Claim("lessons/08_perceptron_nand", "accuracy", least=1.0, split="train"),
    Claim("lessons/09_index_targets", "accuracy", least=0.9),
    Claim("lessons/15_sgd", "accuracy", least=0.85),
    Claim("lessons/16_residual", "accuracy", least=0.9),
    Claim("lessons/21_categorical_crossentropy", "categorical_accuracy", least=0.9),
    Claim("masks", "accuracy", least=0.95),
    Claim("autoencoder_cnn", "mae", most=2.0),
    Claim("sums", "accuracy", least=0.9),
    Claim("pretrained", "accuracy", least=0.9),
    Claim("lessons/14_channels_first", "accuracy", least=0.9),
    Claim("lessons/14_conv3d", "accuracy", least=0.9),
    Claim("lessons/14_conv_lstm", "accuracy", least=0.9),
    Claim("lessons/14_mel", "accuracy", least=0.9),
    Claim("lessons/14_time_distributed", "accuracy", least=0.85),
    Claim("lessons/26_bidirectional", "accuracy", least=0.95),
    Claim("lessons/26_transformer", "accuracy", least=0.9),
    Claim("lessons/26_text_transformer", "accuracy", least=0.95),
    Claim("lessons/26_encoder_decoder", "mean_absolute_error", most=0.4),
    Claim("lessons/16_wide_and_deep", "mae", most=60),
    Claim("lessons/15_momentum", "accuracy", least=0.85),
    Claim("lessons/15_adagrad", "accuracy", least=0.85),
    Claim("lessons/15_rmsprop", "accuracy", least=0.85),
    Claim("lessons/21_kl_divergence", "categorical_accuracy", least=0.9),
    Claim("lessons/21_cosine_similarity", "categorical_accuracy", least=0.9),
    Claim("lessons/16_siamese", "accuracy", least=0.9),
    Claim("lessons/10_learning_rate_scheduler", "accuracy", least=0.9),
    Claim("lessons/05_stochastic", "accuracy", least=0.9),
]
"""What takes longer, or is much like another, so that only the long proofs train it."""


@pytest.mark.parametrize(
    "claim",
    [*CLAIMS, *(pytest.param(claim, marks=pytest.mark.soak) for claim in LONG_CLAIMS)],
    ids=lambda claim: f"{claim.config}-{claim.metric}",
)
def test_a_config_keeps_its_promise(claim: Claim, trained: Train) -> None:
    run = trained(claim.config).run
    metrics = (
        run.metrics() if claim.split == "test" else dlcli.evaluate(run, split=claim.split, allow_code=True).metrics
    )
    assert claim.least <= metrics[claim.metric] <= claim.most


def test_the_boundary_of_the_clouds_is_drawn(trained: Train) -> None:
    assert (trained("clouds").directory / "plots" / "boundary-0.svg").is_file()


def test_the_smallest_config_runs(trained: Train) -> None:
    assert trained("smoke").run.epochs == 2


def test_houses_are_priced_in_their_own_unit(trained: Train) -> None:
    report = json.loads((trained("houses").directory / "evaluations" / "test.json").read_text())
    assert report["rmse"] < 45


def test_houses_sell_within_their_interval(trained: Train) -> None:
    report = json.loads((trained("houses_quantiles").directory / "evaluations" / "test.json").read_text())
    assert report["mae"] < 25
    assert 0.7 < report["intervals"]["0.1 to 0.9"]["coverage"] < 0.9


def test_forecasts_of_the_stores_are_better_than_the_year_before(trained: Train) -> None:
    """Over a rolling origin: the windows of the test split, a month apart."""
    report = json.loads((trained("stores").directory / "evaluations" / "test.json").read_text())
    assert report["rows"] == 50
    assert report["mae"] < 0.85 * report["baselines"]["seasonal_naive"]["mae"]
    assert report["mase"] < 1
    assert "worse_than" not in report
    assert list(report["columns"]) == [str(month) for month in range(1, 13)]


def test_the_next_year_of_the_stores_is_predicted_with_its_months(trained: Train) -> None:
    past = pd.read_csv(CONFIGS.parent / "data" / "stores.csv")
    months = [f"2025-{month:02d}" for month in range(1, 13)]
    plans = pd.DataFrame([(month, store, "no") for month in months for store in ("north", "south")])
    plans.columns = pd.Index(["month", "store", "promo"])
    table = pd.concat([past, plans])
    found = dlcli.predict(trained("stores").run, table)
    assert list(found.columns) == ["store", "month", "prediction"]
    assert found["store"].tolist() == ["north"] * 12 + ["south"] * 12
    assert found["month"].tolist() == [*months, *months]
    year = past[past["month"] >= "2024"].groupby("store")["sales"].mean()
    assert found.groupby("store")["prediction"].mean().to_dict() == pytest.approx(year.to_dict(), rel=0.2)
    # The same from a pipe, by the portable model alone.
    command = [sys.executable, "-m", "dlcli", "predict", str(trained("stores").directory), "-", "--runtime", "portable"]
    done = subprocess.run(
        [*command, "--json"], input=table.to_csv(index=False), capture_output=True, text=True, check=True, timeout=120
    )
    rows = pd.DataFrame([json.loads(line) for line in done.stdout.splitlines()])
    assert rows["month"].tolist() == found["month"].tolist()
    assert rows["prediction"].tolist() == pytest.approx(found["prediction"].tolist(), rel=1e-4)


@pytest.mark.parametrize(
    ("config", "steps", "updates"),
    [
        ("lessons/03_accounting", 10, 50),
        ("lessons/05_full_batch", 1, 60),
        ("lessons/05_stochastic", 1000, 3000),
        ("lessons/05_mini_batch", 32, 320),
    ],
)
def test_updates_are_counted_before_training(config: str, steps: int, updates: int) -> None:
    planned = dlcli.check(CONFIGS / f"{config}.yaml").planned
    assert planned is not None
    assert (planned.rows["train"], planned.steps, planned.updates) == (1000, steps, updates)


@pytest.mark.parametrize(
    ("config", "rows"),
    [
        ("lessons/23_validation_split", {"train": 700, "validation": 300}),
        ("lessons/23_validation_file", {"train": 1000, "validation": 200}),
    ],
)
def test_validation_rows_are_as_many_as_said(config: str, rows: dict[str, int], trained: Train) -> None:
    assert dict(trained(config).planned.rows) == rows


@pytest.mark.parametrize(
    ("lesson", "loss", "metrics"),
    [
        ("04_regression", "mean_squared_error", ["mae"]),
        ("04_binary", "binary_crossentropy", ["accuracy"]),
        ("04_multiclass", "sparse_categorical_crossentropy", ["accuracy"]),
    ],
)
def test_the_conventions_are_filled_in(lesson: str, loss: str, metrics: list[str], trained: Train) -> None:
    resolved = read(trained(f"lessons/{lesson}").directory / "config.yaml").value["compile"]
    assert resolved["loss"] == loss
    assert resolved["metrics"] == metrics


def test_a_plateau_lowers_the_learning_rate(trained: Train) -> None:
    rates = trained("lessons/10_reduce_on_plateau").run.history["learning_rate"]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0]


@pytest.mark.soak
def test_a_scheduler_from_python_halves_the_learning_rate(trained: Train) -> None:
    rates = trained("lessons/10_learning_rate_scheduler").run.history["learning_rate"]
    assert rates == pytest.approx([0.02 * 0.5 ** (epoch // 10) for epoch in range(40)])


def test_the_best_model_is_kept_under_its_name(trained: Train) -> None:
    checkpoints = trained("lessons/11_checkpoints")
    accuracies = checkpoints.run.history["val_accuracy"]
    assert len(accuracies) < 200
    better = [
        f"dm_{epoch:02d}_{accuracy:0.2f}.keras"
        for epoch, accuracy in enumerate(accuracies, start=1)
        if accuracy > max(accuracies[: epoch - 1], default=float("-inf"))
    ]
    assert sorted(path.name for path in (checkpoints.directory / "checkpoints").glob("dm_*.keras")) == better


def test_the_history_has_a_value_an_epoch(trained: Train) -> None:
    history = trained("lessons/22_history").run.history
    assert {name: len(values) for name, values in history.items()} == {
        "loss": 20,
        "accuracy": 20,
        "val_loss": 20,
        "val_accuracy": 20,
    }


def test_a_shared_layer_has_one_set_of_weights(trained: Train) -> None:
    # 2 x 16 + 16 of `measure`, used twice, and 32 x 3 + 3 of the output.
    assert trained("lessons/16_shared_layer").planned.summary.parameters == 48 + 99


def test_predictions_are_row_for_row(trained: Train) -> None:
    clouds = pd.read_csv(CONFIGS.parent / "data" / "clouds.csv")
    predictions = dlcli.predict(trained("lessons/24_in_batches").run, clouds, allow_code=True)
    assert predictions.index.equals(clouds.index)
    assert (predictions["prediction"].astype(str) == clouds["label"].astype(str)).mean() >= 0.98
