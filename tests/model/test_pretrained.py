"""Networks by name: their preprocessing, what they refuse, and files of weights that may come from anybody."""

from __future__ import annotations

import gc
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from dlcli.config.catalogue.entries import load
from dlcli.config.graph.expanded import expand
from dlcli.config.schema import ModelConfig
from dlcli.config.signature import InputSpec
from dlcli.errors import ModelError, Problem
from dlcli.model.functional import build
from dlcli.model.pretrained.freezing import Trainability
from dlcli.model.pretrained.imagenet import KnownFile, asking
from dlcli.model.pretrained.network_weights import missing_file, read_network_weights
from dlcli.model.pretrained.networks import _prepared

SMALL = {"alpha": 0.35, "include_top": False, "pooling": "avg", "weights": "none"}


def built(layers: list[Any], *shape: int) -> Any:
    """A model of images."""
    graph = expand(ModelConfig.model_validate({"layers": layers}), features=["x"]).require()
    return build(graph, [InputSpec("x", shape)], code={}, name="model")


def refused(layers: list[Any], *shape: int) -> list[Problem]:
    with pytest.raises(ModelError) as caught:
        built(layers, *shape)
    return list(caught.value.problems)


MODULES = {
    "MobileNetV2": "mobilenet_v2",
    "DenseNet121": "densenet",
    "VGG16": "vgg16",
    "EfficientNetB0": "efficientnet",
}


@pytest.mark.parametrize(("name", "module"), MODULES.items())
def test_pixels_are_prepared_as_keras_prepares_them(name: str, module: str) -> None:
    entry = load().get("layers", name)
    assert entry is not None
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype("float32")
    source = keras.Input((4, 4, 3))
    ours = keras.Model(source, _prepared(source, entry)).predict_on_batch(pixels)
    theirs = getattr(keras.applications, module).preprocess_input(pixels.copy())
    assert np.allclose(ours, theirs, atol=2e-5)


def test_what_a_network_cannot_take() -> None:
    network = [{"MobileNetV2": SMALL, "name": "net"}]
    for shape in ((28, 28, 3), (32, 32, 1), (784,)):
        (problem,) = refused(network, *shape)
        assert (problem.rule, problem.path) == ("network-input", "model.layers[0]")
        assert problem.hint
    wrong = [{"MobileNetV2": {**SMALL, "include_top": True, "classes": 0}}]
    assert refused(wrong, 32, 32, 3)[0].rule == "refused"


def test_weights_of_imagenet_are_looked_for_and_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (problem,) = refused([{"MobileNetV2": {**SMALL, "weights": "imagenet"}}], 32, 32, 3)
    assert (problem.rule, problem.path) == ("weights-file", "model.layers[0].MobileNetV2.weights")
    assert str(tmp_path / "models") in problem.message
    assert "curl" in problem.hint
    content = b"weights"
    for digest in (hashlib.md5(content), hashlib.sha256(content)):
        file = KnownFile("w.h5", "https://x.org/w.h5", digest.hexdigest(), "models")
        file.path.parent.mkdir(exist_ok=True)
        file.path.write_bytes(content)
        assert file.fault() == ""
        file.path.write_bytes(b"others")
        assert "Keras knows" in file.fault()


def small(units: int = 4) -> Any:
    """A network of few layers, one without weights."""
    source = keras.Input((3,))
    hidden = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(units, name="first")(source))
    return keras.Model(source, keras.layers.Dense(2, name="second")(keras.layers.ReLU()(hidden)))


def write(model: Any, file: Path) -> Path:
    """As Keras publishes weights, or as it writes them."""
    if file.name.endswith(".weights.h5"):
        model.save_weights(file)
    elif file.suffix == ".h5":
        with h5py.File(file, "w") as opened:
            legacy_h5_format.save_weights_to_hdf5_group(opened, model)
    else:
        model.save(file)
    return file


FORMATS = ("net.h5", "net.weights.h5", "net.keras")


@pytest.mark.parametrize("name", FORMATS)
def test_weights_come_from_a_file_of_each_format(name: str, tmp_path: Path) -> None:
    given, taken = small(), small()
    beginning = read_network_weights(taken, write(given, tmp_path / name), name="net", path="p")
    assert all(np.array_equal(*pair) for pair in zip(given.get_weights(), taken.get_weights(), strict=True))
    assert beginning.source == str(tmp_path / name)
    before = taken.get_weights()
    other = write(small(5), tmp_path / f"other{name}")
    with pytest.raises(ModelError) as caught:
        read_network_weights(taken, other, name="net", path="p")
    text = "\n".join(problem.message for problem in caught.value.problems)
    assert {problem.rule for problem in caught.value.problems} == {"weights-mismatch"}
    assert len(caught.value.problems) == 7
    assert "(3, 4)" in text
    assert "(3, 5)" in text
    assert all(np.array_equal(*pair) for pair in zip(before, taken.get_weights(), strict=True)), "nothing is changed"


def spoilt(kind: str, good: Path, file: Path) -> Path:
    content = good.read_bytes()
    if kind == "missing":
        return file
    if kind == "folder":
        file.mkdir()
    elif kind == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif kind == "text":
        file.write_text("no numbers")
    elif kind == "pickle":
        file.write_bytes(b"\x80\x04K\x01.")
    else:
        file.write_bytes(content)
        with h5py.File(file, "r+") as opened:
            name = "first/first/kernel" if "first/first/kernel" in opened else next(iter(opened))
            del opened[name]
            if kind == "external link":
                opened[name] = h5py.ExternalLink(str(good), name)
            elif kind == "soft link":
                opened[name] = h5py.SoftLink("/second")
            elif kind == "external data":
                opened.create_dataset(name, (3, 4), "f4", external=[(str(good), 0, 48)])
            else:
                opened.create_dataset(name, (2**40, 4), "f4", chunks=(1024, 4))
    return file


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("missing", "weights-file"),
        ("folder", "weights-file"),
        ("truncated", "weights-damaged"),
        ("text", "weights-damaged"),
        ("pickle", "weights-damaged"),
        ("external link", "weights-damaged"),
        ("soft link", "weights-damaged"),
        ("external data", "weights-damaged"),
        ("giant claim", "weights-damaged"),
    ],
)
@pytest.mark.parametrize("name", FORMATS[:2])
def test_a_file_that_holds_no_weights(kind: str, rule: str, name: str, tmp_path: Path) -> None:
    network = small()
    file = spoilt(kind, write(network, tmp_path / name), tmp_path / f"bad.{name}")
    with pytest.raises(ModelError) as caught:
        read_network_weights(network, file, name="net", path="p")
    assert [(problem.rule, problem.path) for problem in caught.value.problems] == [(rule, "p")]
    assert caught.value.problems[0].hint


def test_a_file_that_is_not_there_may_be_called_otherwise(tmp_path: Path) -> None:
    hints = []
    for missing in (tmp_path / "nobody" / "a.h5", tmp_path / "other.h5", tmp_path / "teacher.h5"):
        problem = missing_file(missing, "p")
        assert problem is not None
        hints.append(problem.hint)
        (tmp_path / "techer.h5").touch()
    assert "nobody" in hints[0]
    assert "techer.h5" in hints[1]
    assert "did you mean 'techer.h5'" in hints[2]


def test_layers_inside_learn_by_their_names() -> None:
    outer = keras.Input((3,))
    inner = small()
    inner.name = "net"
    model = keras.Model(outer, keras.layers.Dense(1, name="head")(inner(outer)))
    trainability = Trainability(model)
    frozen, problems = trainability.changed(trainability.states, unfreeze=[], freeze=["net"], path="p")
    assert problems == []
    part, problems = trainability.changed(frozen, unfreeze=["net.f*"], freeze=[], path="p")
    assert problems == []
    trainability.apply(part)
    assert [layer.name for layer in inner.layers if layer.trainable_weights] == ["first"]
    assert model.get_layer("head").trainable_weights
    trainability.apply(frozen)
    assert not inner.trainable_weights
    everything, problems = trainability.changed(frozen, unfreeze=["*"], freeze=["net.norm"], path="p")
    trainability.apply(everything)
    assert problems == []
    assert [layer.name for layer in inner.layers if layer.trainable_weights] == ["first", "second"]


@pytest.mark.soak
@pytest.mark.parametrize("name", load().names("applications"))
def test_every_network_is_built_at_its_least_size(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And Keras asks for its weights in the way that is listened to."""
    entry = load().get("layers", name)
    assert entry is not None
    keras.utils.clear_session()
    gc.collect()  # of half a gigabyte each: what went before must be gone
    arguments = {"include_top": False, "weights": "none", "pooling": "avg"}
    size = entry.smallest
    model = built([{name: arguments, "name": "net", "trainable": False}, {"Dense": {"units": 2}}], size, size, 3)
    assert len(model.trainable_weights) == 2
    file = tmp_path / "net.weights.h5"
    network = model.get_layer("net")
    network.save_weights(file)
    first = network.get_weights()[0]
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    read_network_weights(network, file, name="net", path="p")
    assert np.array_equal(network.get_weights()[0], first)
    with asking() as wanted:
        getattr(keras.applications, name)(weights="imagenet", include_top=False)
    assert [each.folder for each in wanted] == ["models"]
    assert SimpleNamespace(**vars(wanted[0])).address.startswith("https://")
