"""What Keras does otherwise than it says does not reach a config: objects keep their arguments and mean them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcli.backend import startup
from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.entries import Argument
from dlcli.config.schema.component import Component
from dlcli.errors import ModelError
from dlcli.model.components import make
from dlcli.model.faults import model_faults
from dlcli.model.repairs import mended_arguments, require_fit

FILLERS: dict[str, Any] = {
    "num_classes": 3, "target_class_ids": [1], "units": 3, "filters": 2, "kernel_size": 3, "pool_size": 2,
    "num_tokens": 4, "input_dim": 5, "output_dim": 3, "rate": 0.3, "num_bins": 4, "n": 2, "height": 4, "width": 4,
    "axis": -1, "num_heads": 2, "key_dim": 2, "target_shape": [4], "dims": [1], "size": 2, "cropping": 1, "padding": 1,
}  # fmt: skip


def made(kind: str, name: str, arguments: dict[str, Any]) -> Any:
    return make(kind, Component(name, arguments), code={}, path=(kind,))


def other(argument: Argument) -> Any:
    """A value that is not the default; None where none is known to be good."""
    value = argument.default
    if argument.deprecated or argument.takes or argument.name in ("name", "dtype", "trainable", "autocast"):
        return None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value * 0.5 + 0.1 if isinstance(value, float) else None


@pytest.mark.parametrize(
    ("shapes", "rows"),
    [([(4,), (1,)], 4), ([(1,), (4,)], 4), ([(4, 3), (1, 1)], 4), ([(3, 4), (1,)], 4), ([(4, 4), (4, 1)], 1)],
    ids=str,
)
@pytest.mark.parametrize("layer", ["Add", "Average"])
def test_sums_of_several_shapes_are_those_of_their_rows(layer: str, shapes: list[tuple[int, ...]], rows: int) -> None:
    """In a batch of as many rows as there are numbers, too."""
    from dlcli.config.graph.expanded import expand
    from dlcli.config.schema.model import ModelConfig
    from dlcli.config.signature import InputSpec
    from dlcli.model.functional import build
    from dlcli.model.summary import summarize

    names = ["a", "b"]
    section = ModelConfig.model_validate({"layers": [{layer: None, "inputs": names, "name": "sum"}]})
    graph = expand(section, features=names).require()
    inputs = [InputSpec(name, shape, named=True) for name, shape in zip(names, shapes, strict=True)]
    model = build(graph, inputs, code={}, name="m")
    random = np.random.default_rng(2)
    given = {
        name: random.normal(size=(rows, *shape)).astype(np.float32) for name, shape in zip(names, shapes, strict=True)
    }
    rank = max(map(len, shapes)) + 1
    raised = [each.reshape(rows, *[1] * (rank - each.ndim), *each.shape[1:]) for each in given.values()]
    wanted = (raised[0] + raised[1]) / (2 if layer == "Average" else 1)
    assert np.allclose(np.asarray(model(given)), wanted, atol=1e-6)
    assert np.allclose(model.predict(given, batch_size=rows, verbose=0), wanted, atol=1e-6)
    assert {row.name: row.inputs for row in summarize(model, graph).rows}["sum"] == ("a", "b")


def test_keras_still_adds_along_the_wrong_axis() -> None:
    keras = startup.load()
    rows = np.arange(4, dtype=np.float32)[:, np.newaxis]
    assert not np.allclose(np.asarray(keras.ops.add(np.zeros((4, 4), np.float32), rows)), rows + np.zeros((4, 4)))


@pytest.mark.parametrize("kind", ["losses", "metrics", "layers", "initializers", "regularizers", "constraints"])
def test_objects_tell_all_that_they_were_made_with(kind: str) -> None:
    startup.load()
    told = 0
    for entry in catalogue.load().entries(kind):
        required = {name: FILLERS.get(name, 0.5) for name in entry.required}
        for argument in entry.arguments.values():
            value = other(argument)
            if value is None or entry.shorthand or entry.needs_python or entry.own:
                continue
            try:
                one = made(kind, entry.name, {**required, argument.name: value})
            except ModelError:
                continue  # this value does not go with the others
            assert argument.name in one.get_config(), entry.name
            told += 1
    assert told > 1


@pytest.mark.parametrize(
    ("loss", "arguments"),
    [
        ("Huber", {"delta": 9.0}),
        ("CosineSimilarity", {"axis": 0}),
        ("SparseCategoricalCrossentropy", {"axis": 1}),
        ("Tversky", {"alpha": 0.9, "beta": 0.1}),
    ],
)
def test_a_saved_model_has_the_loss_that_was_trained(loss: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    keras = startup.load()
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Activation("softmax" if loss != "Huber" else "linear")(inputs))
    model.compile(loss=made("losses", loss, arguments))
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32) * 20
    y: Any = np.array([0, 1, 2, 1]) if loss.startswith("Sparse") else np.eye(3, dtype=np.float32)[[0, 1, 2, 1]]
    loaded = keras.models.load_model(tmp_path / "model.keras")
    before, after = (one.evaluate(x, y, verbose=0) for one in (model, loaded))
    assert after == pytest.approx(before, rel=1e-6)


def test_tversky_weighs_false_positives_with_alpha() -> None:
    keras = startup.load()
    true, predicted = np.array([[1.0, 0.0, 0.0]], np.float32), np.array([[1.0, 1.0, 1.0]], np.float32)  # two false
    value = float(made("losses", "Tversky", {"alpha": 0.9, "beta": 0.1})(true, predicted))
    assert value == pytest.approx(1 - 1 / (1 + 2 * 0.9), rel=1e-5)
    alone = float(keras.losses.Tversky(alpha=0.9, beta=0.1)(true, predicted))
    assert alone != pytest.approx(value), "Keras has mended it: dlcli.model.repairs need not"
    assert float(made("losses", "Tversky", {"alpha": 0.9})(true, predicted)) == pytest.approx(1 - 1 / 2.8, rel=1e-5)


def test_keras_makes_windows_with_scipy() -> None:
    """Of a name; of numbers it needs none, and they are the same."""
    keras = startup.load()
    entry = catalogue.load().get("layers", "STFTSpectrogram")
    assert entry is not None
    numbers = mended_arguments(entry, {"frame_length": 16})["window"]
    layer = keras.layers.STFTSpectrogram(frame_length=16, window=numbers)
    assert layer(np.zeros((1, 64, 1), np.float32)).shape == (1, 7, 9)
    if importlib.util.find_spec("scipy") is None:
        with pytest.raises(ImportError):
            keras.layers.STFTSpectrogram(frame_length=16, window="hann")


@pytest.mark.parametrize(
    ("shape", "arguments"), [((1, 3, 800), {}), ((1, 800), {"sequence_stride": 89}), ((1, 800, 1), {}), ((1, 60), {})]
)
def test_keras_reckons_shapes_of_mel_spectrograms_wrongly(shape: tuple[int, ...], arguments: dict[str, int]) -> None:
    """Each of these is refused; where Keras is right, nothing is."""
    keras = startup.load()
    layer = keras.layers.MelSpectrogram(fft_length=128, **{"sequence_stride": 64, **arguments})
    require_fit(layer, [(None, 801)])
    with pytest.raises(ValueError):
        require_fit(layer, [(None, *shape[1:])])
    try:
        given = tuple(layer(np.zeros(shape, np.float32)).shape)
    except model_faults():
        return
    assert given != tuple(layer.compute_output_shape(shape))
