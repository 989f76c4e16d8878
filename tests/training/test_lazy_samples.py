"""Samples that are made when they are wanted train, validate, evaluate and prove as the same arrays in memory do.

No more than two stacks of them are held at a time.
"""

from __future__ import annotations

import dataclasses
import json
import weakref
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.data.prepare import Prepared, prepare_from
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.batches import Batches
from dlcli.data.samples.labels import Labels
from dlcli.data.samples.samples import ArraySpec, Indices, Samples, Taken


class Lazy:
    """Makes its arrays on demand, anew each time, and knows which of those of a whole stack are still alive."""

    fingerprint = "lazy"

    def __init__(self, count: int, make: Callable[[np.ndarray[Any, Any]], Taken], inputs: Any, targets: Any) -> None:
        self._count = count
        self._make = make
        self.inputs: dict[str, ArraySpec] = dict(inputs)
        self.targets: dict[str, ArraySpec] = dict(targets)
        self.stack = count
        self.most = 0
        self.takes = 0
        self.on_take: Callable[[], None] = lambda: None
        self._alive: set[int] = set()

    def __len__(self) -> int:
        return self._count

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        places = np.arange(self._count)[indices]
        taken = self._make(places)
        if inputs is None and len(places) == self.stack:
            self.takes += 1
            self.on_take()
            self._alive.add(self.takes)
            self.most = max(self.most, len(self._alive))
            weakref.finalize(next(iter(taken.inputs.values())), self._alive.discard, self.takes)
        return dataclasses.replace(
            taken, inputs={name: array for name, array in taken.inputs.items() if inputs is None or name in inputs}
        )


FORM = ({"features": ArraySpec((16,), np.dtype(np.float32))}, {"y": ArraySpec((1,), np.dtype(np.float32))})


def wave(places: np.ndarray[Any, Any]) -> Taken:
    x = np.sin(places[:, None] * np.arange(1, 17)).astype(np.float32)
    return Taken({"features": x}, {"y": x[:, :1] * 2 + x[:, 1:2]}, (1 + places % 3).astype(np.float32))


@pytest.mark.parametrize("xla", [False, True])
def test_no_more_than_two_stacks_are_held(xla: bool, model_of: Any) -> None:
    """One is trained on while the next is gathered; and the numbers are those of the arrays."""
    import keras

    from dlcli.backend import engine
    from dlcli.backend.datasets import stacked_dataset
    from dlcli.model.state import create_state
    from dlcli.training.epoch_order import EpochOrder

    count, size, stack = 8 * 4 * 6, 8, 4
    lazy, trained, ahead = Lazy(count, wave, *FORM), 0, []
    lazy.stack = size * stack
    lazy.on_take = lambda: ahead.append(lazy.takes - trained)

    class Trained(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            nonlocal trained
            trained += 1

    def train(samples: Samples) -> Any:
        spec = {
            "layers": [{"Dense": {"units": 4, "activation": "tanh"}}, {"Dense": {"units": 1}, "name": "y"}],
            "inputs": {"features": np.zeros((1, 16), np.float32)},
            "targets": {"y": np.zeros((1, 1), np.float32)},
        }
        model, batches = model_of(spec), Batches(samples, Labels({"y": ("y",)}), batch_size=size, shuffle=True, seed=1)
        create_state(model, next(batches.slices()))
        engine.install(model, xla=xla, between=lambda: None)
        callbacks = [EpochOrder(batches), *([Trained()] if samples is lazy else [])]
        given, steps = stacked_dataset(batches, stack), batches.num_stacks(stack)
        model.fit(given, steps_per_epoch=steps, epochs=4, callbacks=callbacks, shuffle=False, verbose=0)
        return model.history.history

    arrays = ArraySamples(wave(np.arange(count)), np.arange(count))
    assert train(lazy) == train(arrays)
    assert lazy.takes >= 4 * 6
    assert max(ahead) <= 2
    assert lazy.most <= 2


def lazily(samples: Samples, made: list[Lazy]) -> Lazy:
    made.append(Lazy(len(samples), samples.take, samples.inputs, samples.targets))
    return made[-1]


def test_a_whole_job_asks_for_nothing_but_the_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlcli.jobs import preparing

    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(120, 2)).round(4), columns=["a", "b"])
    table = table.assign(word=random.choice(["x", "y", "z"], 120), w=random.random(120).round(3))
    table["kind"] = np.where(table["a"] + table["b"] > 0, "up", "down")
    table.to_csv(tmp_path / "t.csv", index=False)
    config = {
        "data": {"train": str(tmp_path / "t.csv"), "target": "kind", "validation": 0.2, "test": 0.2, "batch_size": 16,
                 "sample_weight": "w",
                 "features": {"a": "number", "b": "number", "word": {"type": "category", "encode": "index"}}},
        "model": {"layers": [
            {"Embedding": {"input_dim": 5, "output_dim": 2}, "inputs": ["word"], "name": "e"},
            {"Flatten": {}, "inputs": ["e"], "name": "f"},
            {"Concatenate": {}, "inputs": ["features", "f"]},
            {"Dense": {"units": 4, "activation": "relu"}},
            {"Dense": {"units": 1, "activation": "sigmoid"}},
        ]},
        "fit": {"epochs": 3, "class_weight": "balanced"},
    }  # fmt: skip

    def job(name: str) -> tuple[str, Any, Any]:
        run = dlcli.train(config, run_dir=tmp_path / name)
        record = json.loads((run.path / "run.json").read_text())
        history = pd.read_csv(run.path / "history.csv").drop(columns=["seconds", "rows_per_second"])
        evaluations = [(run.path / "evaluations" / f"{each}.json").read_text() for each in ("validation", "test")]
        return history.to_csv(), evaluations, (record["metrics"], record["portable"]["proof"])

    arrays = job("arrays")
    real, made = prepare_from, list[Lazy]()

    def prepared(*arguments: Any, **keys: Any) -> Prepared:
        found = real(*arguments, **keys)
        return dataclasses.replace(
            found, splits={name: lazily(samples, made) for name, samples in found.splits.items()}
        )

    monkeypatch.setattr(preparing, "prepare_from", prepared)
    assert job("lazy") == arrays
    assert len(made) == 3
    assert all(len(each) for each in made)
