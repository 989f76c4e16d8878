"""What trials of one process share decides nothing: each equals `dlcli train` of its config, whatever it differs in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlcli
from dlcli.runs.run import Run
from dlcli.sweeps.outcome import SweepOutcome

pytestmark = pytest.mark.tensorflow

RATE = "compile.optimizer.Adam.learning_rate"


def config(folder: Path, space: dict[str, Any], **sections: Any) -> dict[str, Any]:
    data = {
        "train": str(folder / "table.csv"),
        "validation": 0.3,
        "target": "y",
        "features": {"a": {"type": "number"}, "b": {"type": "number"}},
        **sections.pop("data", {}),
    }
    return {
        "name": "shared",
        "data": data,
        "model": {"layers": [{"Dense": {"units": 4}}, {"Dropout": {"rate": 0.2}}, {"Dense": {"units": 1}}]},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.01}}, "loss": "mse", "metrics": ["mae"]},
        "fit": {"epochs": 2},
        "runtime": {"execution": "graph"},
        "report": False,
        "checkpoint": False,
        "sweep": {"metric": "val_loss", "sampler": "BruteForceSampler", "trials": 4, "keep": 9, "space": space},
        **sections,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, and another one to validate on."""
    place = tmp_path_factory.mktemp("data")
    for name, seed, size in (("table", 1, 60), ("other", 2, 20)):
        a, b = np.random.default_rng(seed).normal(5.0, 3.0, size=(2, size))
        rows = [f"{x:.3f},{y:.3f},{100 + 9 * x - 2 * y:.3f}" for x, y in zip(a, b, strict=True)]
        (place / f"{name}.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    return place


RATES = {RATE: [0.01, 0.1]}


def differing(folder: Path) -> dict[str, dict[str, Any]]:
    """Sweeps, by what their trials differ in."""
    return {
        "learning rate that falls": config(
            folder, RATES, callbacks=[{"ReduceLROnPlateau": {"patience": 1, "min_delta": 1e9}}]
        ),
        "source of the validation": config(folder, {"data.validation": [0.3, str(folder / "other.csv")]}),
    }


REGULAR = "model.layers.0.Dense.kernel_regularizer"


def numbers_of_programs(folder: Path) -> dict[str, Any]:
    """A sweep whose trials differ in numbers that programs read, and some in a width."""
    layers = [
        {"Dense": {"units": 4, "activation": "gelu", "kernel_regularizer": {"L2": {"l2": 0.01}}}},
        {"Dropout": {"rate": 0.2}},
        {"Dense": {"units": 1}},
    ]
    space = {
        RATE.replace("Adam.", "AdamW."): {"log": [0.001, 0.1]},
        "compile.optimizer.AdamW.weight_decay": {"log": [0.001, 0.1]},
        "compile.optimizer.AdamW.beta_1": {"range": [0.8, 0.95]},
        f"{REGULAR}.L2.l2": {"log": [1e-4, 0.1]},
        "model.layers.1.Dropout.rate": {"range": [0.0, 0.5]},
        "model.layers.0.Dense.units": [4, 5],
    }
    searched = config(folder, space, model={"layers": layers})
    searched["compile"]["optimizer"] = {"AdamW": {"learning_rate": 0.01, "weight_decay": 0.01, "beta_1": 0.9}}
    searched["sweep"] |= {"sampler": "RandomSampler", "trials": 3, "seed": 1}
    return searched


def test_numbers_are_read_by_programs_that_are_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlcli.backend.epochs.program import EpochProgram

    traced: list[bool] = []
    trace = EpochProgram._traced

    def watch(self: EpochProgram, *arguments: Any) -> Any:
        traced.append(True)
        return trace(self, *arguments)

    monkeypatch.setattr(EpochProgram, "_traced", watch)
    outcome = dlcli.sweep(numbers_of_programs(folder), run_dir=tmp_path / "s")
    assert len({trial.values["model.layers.0.Dense.units"] for trial in outcome.trials}) == len(traced) == 2
    assert_equal_alone(outcome, tmp_path)


def differing_more(folder: Path) -> dict[str, dict[str, Any]]:
    """More of them."""
    number = {"type": "number"}
    return {
        "scale that is given, and that of the defaults": config(
            folder,
            {"data.features.a": [{**number, "scale": "standard"}, number]},
            data={"defaults": {"number": {"scale": "none"}}},
        ),
        "fraction of the validation": config(folder, RATES | {"data.validation": [0.3, 0.5]}),
        "batch size": config(folder, {"data.batch_size": [8, 16]}),
        "seed": config(folder, {"seed": [1, 2]}),
        "seed of the data": config(folder, {"data.seed": [1, 2]}),
        "units": config(folder, {"model.layers.0.Dense.units": [3, 5]}),
        "scale of a feature": config(folder, {"data.features.a.scale": ["standard", "none"]}),
        "scale of the target": config(
            folder, {"data.target.y.scale": ["standard", "none"]}, data={"target": {"y": {"type": "number"}}}
        ),
        "rows that a layer learns from": config(
            folder,
            {"data.seed": [1, 2]},
            model={"layers": ["Normalization", {"Dense": {"units": 4}}, {"Dense": {"units": 1}}]},
        ),
        "loss": config(folder, {"compile.loss": ["mse", "mae"]}),
    }


def weights(run: Run) -> list[Any]:
    """What the file of its model holds; of the trials that are not kept, nothing."""
    import keras

    file = run.path / "model.keras"
    return keras.saving.load_model(file).get_weights() if file.is_file() else []


def equal_alone(searched: dict[str, Any], place: Path) -> SweepOutcome:
    """Sweep, and train each config alone to the same numbers."""
    outcome = dlcli.sweep(searched, run_dir=place / "s")
    assert_equal_alone(outcome, place)
    return outcome


def assert_equal_alone(outcome: SweepOutcome, place: Path) -> None:
    """Each trial that was trained to its end is what `dlcli train` makes of its config."""
    for trial in outcome.trials:
        path = place / "s" / f"trial-{trial.number:04d}"
        if trial.result.state == "complete":
            alone = dlcli.train(path / "config.yaml", run_dir=place / f"alone-{trial.number}")
            assert alone.history == Run(path).history
            assert all(map(np.array_equal, weights(alone), weights(Run(path))))
            told = ("columns", "reading", "data", "rows")
            assert [alone.record[each] for each in told] == [Run(path).record[each] for each in told]
    assert len({each.result.value for each in outcome.trials}) == len(outcome.trials)


@pytest.mark.parametrize("name", differing(Path()))
def test_each_trial_equals_the_training_of_its_config(name: str, folder: Path, tmp_path: Path) -> None:
    outcome = equal_alone(differing(folder)[name], tmp_path)
    assert outcome.counts()["complete"] == len(outcome.trials)


@pytest.mark.soak
@pytest.mark.parametrize("name", differing_more(Path()))
def test_each_trial_equals_its_training_too(name: str, folder: Path, tmp_path: Path) -> None:
    outcome = equal_alone(differing_more(folder)[name], tmp_path)
    assert outcome.counts()["complete"] == len(outcome.trials)


def test_models_learn_again_after_others_were_pruned(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    from dlcli.training.reuse import Models

    remember = Models.remember

    def watch(self: Models, assembly: Any) -> None:
        taken.append(id(assembly.model))
        remember(self, assembly)

    monkeypatch.setattr(Models, "remember", watch)
    slow_first = {RATE: [1e-7, 0.1], "data.validation": [0.3, 0.5]}
    searched = config(folder, slow_first, fit={"epochs": 4})
    searched["sweep"] |= {"pruner": {"ThresholdPruner": {"upper": 0.9}}, "seed": 1}
    outcome = equal_alone(searched, tmp_path)
    states = [each.result.state for each in outcome.trials]
    assert "complete" in states[states.index("pruned") :]
    assert len(set(taken)) < len(taken)


def test_models_programs_and_beginnings_are_kept_up_to_a_bound(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long sweep over widths and sizes of batches would fill the memory."""
    from dlcli.backend import engine
    from dlcli.training import reuse

    found: list[tuple[int, int, int]] = []
    remember = reuse.Models.remember

    def watch(self: reuse.Models, assembly: Any) -> None:
        remember(self, assembly)
        programs = [each for each in engine.programs(assembly.model) if each[0] == engine.TRAINING]
        found.append((len(self._kept), len(programs), sum(each.bytes for each in self._kept.values())))

    monkeypatch.setattr(reuse.Models, "remember", watch)
    monkeypatch.setattr(reuse, "MOST", 0)
    monkeypatch.setattr(reuse, "MOST_SMALL", 2)
    monkeypatch.setattr(reuse, "MOST_BYTES", 400)
    monkeypatch.setattr(engine, "MOST", 1)
    space = {"model.layers.0.Dense.units": [3, 4, 5], "data.batch_size": [8, 16]}
    searched = config(folder, space, fit={"epochs": 1})
    searched["sweep"]["trials"] = 6
    outcome = dlcli.sweep(searched, run_dir=tmp_path / "s")
    assert outcome.counts()["complete"] == len(outcome.trials) == 6
    kept, programs, held = zip(*found, strict=True)
    assert (max(kept), max(programs)) == (2, 1)
    assert 0 < max(held) <= 400
