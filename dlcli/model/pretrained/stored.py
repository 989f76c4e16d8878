"""What a `.weights.h5` file holds, by the names of its layers, and a model's own file filled from it.

A layer keeps its weights as it likes (a wrapper those of what it wraps, an attention those of its projections), and
only the layer itself can read them. So the model writes its own file, the arrays of the other take their places in
that, and Keras reads it.
"""

from __future__ import annotations

import fnmatch
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import first_of

__all__ = ["Place", "load_by_name", "load_by_place", "stored_names"]

Place = tuple[str, ...]
"""Where an array stands: the names of layers, outermost first, then what the layer calls it."""


def load_by_place(model: Any, file: Path) -> list[str]:
    """Give a model the weights of a file that the same model wrote, whatever its layers were called.

    Args:
        model: A built `keras.Model`.
        file: A `.weights.h5` file, found plain (`hdf5.private_copy`).

    Returns:
        What does not fit; then nothing is changed.
    """
    return _load(model, file, named=False, layers=None, prefix=())


def load_by_name(
    model: Any, file: Path, *, layers: Collection[str] | None = None, prefix: Place = ()
) -> tuple[list[str], list[str]]:
    """Give a model the weights of a file, by the names of its layers.

    Args:
        model: A built `keras.Model`.
        file: As for `load_by_place`.
        layers: Globs of the layers that take them; the others stay as they are. None: all, and the file has no others.
        prefix: The nested model that takes them, by its names.

    Returns:
        What does not fit, and then nothing is changed; and the globs that are no layer's name.
    """
    problems = _load(model, file, named=True, layers=layers, prefix=prefix)
    names = stored_names(model)
    return problems, [glob for glob in layers or () if not any(_matches(name, [glob]) for name in names)]


def stored_names(model: Any) -> list[str]:
    """The names of all layers of a model that have weights, those inside of others as `outer.inner`."""
    return list(dict.fromkeys(name for layer in model.layers if layer.weights for name in _names_of(layer, "")))


def _names_of(layer: Any, before: str) -> Iterator[str]:
    yield f"{before}{layer.name}"
    if hasattr(layer, "_nodes_by_depth"):
        for inner in layer.layers:
            if inner.weights:
                yield from _names_of(inner, f"{before}{layer.name}.")


def _load(model: Any, file: Path, *, named: bool, layers: Collection[str] | None, prefix: Place) -> list[str]:
    import h5py

    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory:
        own = Path(directory) / "own.weights.h5"
        model.save_weights(own)
        with h5py.File(file, "r") as given, h5py.File(own, "r+") as taken:
            there = {(*prefix, *place): array for place, array in _walk(given, named=named)}
            here = {
                place: array
                for place, array in _walk(taken, named=named)
                if place[: len(prefix)] == prefix and _wanted(place, layers) and not _is_seed(place)
            }
            problems = _misfits(here, there, whole=layers is None and not prefix)
            if problems:
                return problems
            for place, array in here.items():
                array[...] = there[place][...]
        model.load_weights(own)
    return []


def _is_seed(place: Place) -> bool:
    """Whether it is the state of random numbers, which a training begins for itself."""
    return "seed_generator" in place or any(part.startswith("seed_generator") for part in place)


def _misfits(here: Mapping[Place, Any], there: Mapping[Place, Any], *, whole: bool) -> list[str]:
    problems = []
    for place, array in here.items():
        other = there.get(place)
        if other is None:
            problems.append(f"it has no {_said(place)}, which is {_shape(array.shape)} here")
        elif other.dtype.kind not in "fiub" or tuple(other.shape) != tuple(array.shape):
            problems.append(f"{_said(place)} is {_shape(array.shape)} here, and there it is {_shape(other.shape)}")
    left = [
        f"{_said(place)} {_shape(there[place].shape)}" for place in there if place not in here and not _is_seed(place)
    ]
    if whole and left:
        problems.append(f"it also has {first_of(left, 8)}, which the model has not")
    return problems


def _walk(group: Any, *, named: bool, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The arrays of a file, each with its place."""
    for name in group:
        item = group[name]
        if place == () and name not in ("layers", "_layer_checkpoint_dependencies", "vars"):
            continue  # the optimizer's and the metrics' state
        if name == "vars":
            for key in item:
                yield (*place, f"/{key}"), item[key]
        elif name in ("layers", "_layer_checkpoint_dependencies") and hasattr(item, "keys"):
            for inner in item:
                called = item[inner]["vars"].attrs.get("name") if named and "vars" in item[inner] else None
                yield from _walk(item[inner], named=named, place=(*place, str(called or inner)))
        elif hasattr(item, "keys"):
            yield from _walk(item, named=named, place=(*place, f"/{name}"))


def _wanted(place: Place, layers: Collection[str] | None) -> bool:
    if layers is None:
        return True
    names = [part for part in place if not part.startswith("/")]
    return any(_matches(".".join(names[: depth + 1]), layers) for depth in range(len(names)))


def _matches(name: str, globs: Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)


def _said(place: Place) -> str:
    names = [part for part in place if not part.startswith("/")]
    return ".".join(names) + "".join(part for part in place if part.startswith("/"))


def _shape(shape: Any) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
