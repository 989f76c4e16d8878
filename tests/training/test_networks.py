"""A pretrained network from its name to the portable model: frozen, thawed in a phase, taken up again, alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
from keras.src.legacy.saving import legacy_h5_format

import dlcli
from dlcli.config.document.reader import read
from dlcli.training.events import Event, Notice

ROWS = 16


@pytest.mark.soak
def test_a_network_is_trained_in_phases_and_its_run_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    classes = np.arange(ROWS) % 2
    pixels = (generator.integers(0, 100, (ROWS, 32, 32, 3)) + 120 * classes[:, None, None, None]).astype("uint8")
    np.savez("images.npz", x=pixels, y=classes)
    arguments = {"include_top": False, "pooling": "avg", "alpha": 0.35}
    published = keras.applications.MobileNetV2(input_shape=(32, 32, 3), weights=None, **arguments)
    with h5py.File("published.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, published)
    network = {"MobileNetV2": {**arguments, "weights": "published.h5"}, "name": "net", "trainable": False}
    config: dict[str, Any] = {
        "data": {
            "train": "images.npz",
            "test": 0.25,
            "target": {"y": {"type": "category"}},
            "features": {"x": {"type": "image", "scale": "none"}},
            "batch_size": 4,
        },
        "model": {"layers": [network, {"Dense": {"units": 2, "activation": "softmax"}, "name": "head"}]},
        "fit": {
            "phases": [
                {"epochs": 1},
                {
                    "epochs": 1,
                    "unfreeze": ["net.block_16*", "net.Conv_1"],
                    "freeze": ["net.*_BN"],
                    "learning_rate": 1e-3,
                },
            ]
        },
        "checkpoint": {"every": 1},
    }
    said: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.problem.rule)

    whole = dlcli.train(config, overrides={"fit.phases.1.epochs": 2}, run_dir="whole")
    run = dlcli.train(config, run_dir="run", listener=listen)
    assert not {"not-portable", "scaled-pixels"} & set(said), said
    shutil.move("published.h5", "elsewhere.h5")
    assert run.record["portable"] is not None
    assert run.record["weights"][0]["layer"] == "net"
    layer = read(run.path / "config.yaml").value["model"]["layers"][0]
    assert layer["MobileNetV2"]["weights"] == "none"
    dlcli.train(resume=run, overrides={"fit.phases.1.epochs": 2})
    history = [
        pd.read_csv(each.path / "history.csv").drop(columns=["seconds", "rows_per_second"]) for each in (run, whole)
    ]
    assert history[0].equals(history[1])
    assert history[0]["phase"].tolist() == [1, 2, 2]
    before, after = published.get_weights(), trained(run.path)
    kept = {"Conv1", "block_1_expand", "block_16_expand_BN"}
    learnt = {"block_16_expand", "Conv_1"}
    names = {layer.name: layer.get_weights()[0] for layer in published.layers if layer.get_weights()}
    assert len(before) > len(after) > 0
    assert all(np.array_equal(names[name], after[name]) for name in kept)
    assert not any(np.array_equal(names[name], after[name]) for name in learnt)
    assert dlcli.evaluate(run).metrics.keys() == dlcli.evaluate(run, runtime="keras").metrics.keys()
    assert dlcli.reproduce(run.path).same


def trained(run: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The first weight of each layer inside the network, by its name."""
    import io
    import zipfile

    found: dict[str, np.ndarray[Any, Any]] = {}

    def note(name: str, item: Any) -> None:
        if name.endswith("/vars") and "0" in item:
            found[str(item.attrs["name"])] = item["0"][()]

    with zipfile.ZipFile(run / "model.keras") as archive:
        content = archive.read("model.weights.h5")
    with h5py.File(io.BytesIO(content)) as opened:
        opened.visititems(note)
    return found
