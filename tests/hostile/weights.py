"""Hostile models: zip archives, HDF5 and ONNX files that reach out, run code, or unpack to more than there is."""

from __future__ import annotations

import hashlib
import json
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx

from tests.hostile.corpus import KERAS, Command, Hostile, Place

__all__ = ["INPUTS"]

MEMBER = "model.weights.h5"


def members(place: Place) -> dict[str, bytes]:
    """The content of `model.keras`."""
    with zipfile.ZipFile(place.run / "model.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(place: Place, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(place.run / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in content.items():
            archive.writestr(name, each)


def rewrite(place: Place, change: Callable[[h5py.File, str], None]) -> None:
    """Change the weights; `change` gets the name of an array of the model."""
    content = members(place)
    file = place.outside / "changed.h5"
    file.write_bytes(content[MEMBER])
    with h5py.File(file, "r+") as opened:
        names: list[str] = []
        opened.visititems(lambda name, item: names.append(name) if getattr(item, "ndim", 0) == 2 else None)
        change(opened, next(name for name in names if "optimizer" not in name))
    content[MEMBER] = file.read_bytes()
    file.unlink()
    pack(place, content)


def weights_by_external_link(place: Place) -> None:
    def change(opened: h5py.File, name: str) -> None:
        del opened[name]
        opened[name] = h5py.ExternalLink(str(place.outside / "numbers.h5"), "x")

    rewrite(place, change)


def weights_by_soft_link(place: Place) -> None:
    rewrite(place, lambda opened, name: opened.__setitem__("other", h5py.SoftLink("/x")))


def weights_in_another_file(place: Place) -> None:
    def change(opened: h5py.File, name: str) -> None:
        shape = opened[name].shape
        del opened[name]
        opened.create_dataset(name, shape, "f4", external=[(str(place.secret), 0, 4 * int(np.prod(shape)))])

    rewrite(place, change)


def weights_of_a_virtual_data_set(place: Place) -> None:
    def change(opened: h5py.File, name: str) -> None:
        shape = opened[name].shape
        del opened[name]
        layout = h5py.VirtualLayout(shape, "f4")
        layout[:] = h5py.VirtualSource(str(place.outside / "numbers.h5"), "x", shape)
        opened.create_virtual_dataset(name, layout)

    rewrite(place, change)


def weights_of_a_giant_shape(place: Place) -> None:
    def change(opened: h5py.File, name: str) -> None:
        del opened[name]
        opened.create_dataset(name, (2**20, 2**20), "f4", chunks=(1, 2**10), fillvalue=1)

    rewrite(place, change)


def weights_that_unpack_to_too_much(place: Place) -> None:
    pack(place, {**members(place), MEMBER: bytes(100 * 2**20)})


def weights_that_are_no_archive(place: Place) -> None:
    (place.run / "model.keras").write_bytes(pickle.dumps(Touch(place.marker)))


class Touch:
    """Unpickled, it makes a file appear."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (str(self.marker), "w")


def weights_with_a_model_of_code(place: Place) -> None:
    layer = {"class_name": "Lambda", "module": "keras.layers", "config": {"function": {"class_name": "__lambda__"}}}
    config = {"module": "builtins", "class_name": "exec", "config": place.evil, "layers": [layer]}
    pack(place, {**members(place), "config.json": json.dumps(config).encode()})


def weights_with_a_pickle(place: Place) -> None:
    pack(place, {**members(place), "assets/vocabulary.pkl": pickle.dumps(Touch(place.marker))})


def weights_with_a_member_outside(place: Place) -> None:
    pack(place, {**members(place), "../marker": b"x", str(place.marker): b"x"})


def weights_with_a_link_as_member(place: Place) -> None:
    content = members(place)
    info = zipfile.ZipInfo(MEMBER)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(place.run / "model.keras", "w") as archive:
        for name in content.keys() - {MEMBER}:
            archive.writestr(name, content[name])
        archive.writestr(info, str(place.secret))


def trust(place: Place) -> None:
    """Say in the record that the portable model is the one that was proved."""
    file = place.run / "run.json"
    record = json.loads(file.read_text())
    record["portable"]["sha256"] = hashlib.sha256((place.run / "model.onnx").read_bytes()).hexdigest()
    file.write_text(json.dumps(record))


def portable_model_in_another_file(place: Place) -> None:
    model = onnx.load(place.run / "model.onnx")
    tensor = next(each for each in model.graph.initializer if each.raw_data)
    onnx.external_data_helper.set_external_data(tensor, "../outside/secret.txt")
    tensor.ClearField("raw_data")
    (place.run / "model.onnx").write_bytes(model.SerializeToString())
    trust(place)


def portable_model_of_an_unknown_operation(place: Place) -> None:
    model = onnx.load(place.run / "model.onnx")
    model.graph.node[0].domain = "evil.so"
    (place.run / "model.onnx").write_bytes(model.SerializeToString())
    trust(place)


def portable_model_of_the_runtime(place: Place) -> None:
    (place.run / "model.onnx").write_bytes(b"\x1c\0\0\0ORTM" + bytes(200))
    trust(place)


def portable_model_of_other_outputs(place: Place, array: np.ndarray[Any, Any]) -> None:
    """Let the model give a constant."""
    model = onnx.load(place.run / "model.onnx")
    names = [each.name for each in model.graph.output]
    del model.graph.node[:], model.graph.output[:], model.graph.initializer[:]
    for name in names:
        tensor = onnx.numpy_helper.from_array(array)
        model.graph.node.append(onnx.helper.make_node("Constant", [], [name], value=tensor))
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, tensor.data_type, array.shape))
    (place.run / "model.onnx").write_bytes(model.SerializeToString())
    trust(place)


def portable_model_of_texts(place: Place) -> None:
    portable_model_of_other_outputs(place, np.array([["\x1b[2J", "x"]] * 24, object))


def portable_model_of_no_rows(place: Place) -> None:
    portable_model_of_other_outputs(place, np.float32(1) * np.ones((), np.float32))


def portable_model_of_one_row(place: Place) -> None:
    portable_model_of_other_outputs(place, np.ones((1, 2), np.float32))


def portable_model_of_no_classes(place: Place) -> None:
    portable_model_of_other_outputs(place, np.ones((24, 0), np.float32))


def portable_model_of_more_classes(place: Place) -> None:
    portable_model_of_other_outputs(place, np.ones((24, 9), np.float32))


def portable_model_by_link(place: Place) -> None:
    content = (place.run / "model.onnx").read_bytes()
    (place.run / "model.onnx").unlink()
    (place.outside / "model.onnx").write_bytes(content)
    (place.run / "model.onnx").symlink_to(place.outside / "model.onnx")


KEPT: tuple[Command, ...] = ("predict", "keras")

INPUTS = [
    Hostile("reads weights through an external link of HDF5", weights_by_external_link, KERAS),
    Hostile("has a link within its HDF5 file", weights_by_soft_link, KERAS),
    Hostile("keeps weights in another file, by HDF5's external storage", weights_in_another_file, KERAS),
    Hostile("reads weights through a virtual data set of HDF5", weights_of_a_virtual_data_set, KERAS),
    Hostile("has weights of a shape that is not the model's, and fills all memory", weights_of_a_giant_shape, KERAS),
    Hostile("unpacks to more than the model can have", weights_that_unpack_to_too_much, KERAS),
    Hostile("is a pickle instead of an archive", weights_that_are_no_archive, KERAS),
    Hostile("has a description of the model that runs code; it is not read", weights_with_a_model_of_code, (), KEPT),
    Hostile("has a pickle in its archive; it is not read", weights_with_a_pickle, (), KEPT),
    Hostile("has members that would be unpacked outside; none is unpacked", weights_with_a_member_outside, (), KEPT),
    Hostile("has a link as a member of its archive", weights_with_a_link_as_member, KERAS),
    Hostile("keeps numbers of the portable model in another file", portable_model_in_another_file, ("portable",)),
    Hostile("names an operation that a library would bring", portable_model_of_an_unknown_operation, ("portable",)),
    Hostile(
        "is of the runtime's own format, which is not looked through", portable_model_of_the_runtime, ("portable",)
    ),
    Hostile("gives texts for numbers", portable_model_of_texts, ("portable",)),
    Hostile("gives a number for all rows", portable_model_of_no_rows, ("portable",)),
    Hostile("gives one row for all", portable_model_of_one_row, ("portable",)),
    Hostile("gives no class", portable_model_of_no_classes, ("portable",)),
    Hostile("gives more classes than there are", portable_model_of_more_classes, ("portable",)),
    Hostile("lets a link stand for the portable model", portable_model_by_link, ("portable",)),
]
