"""Samples of any kind are what fancy indexing of their arrays gives, through any number of views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.cache.mapped import map_array
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Indices, Samples, Subset, Taken, blocks


def held(count: int, *, weighted: bool) -> Taken:
    random = np.random.default_rng(count)
    inputs: dict[str, Any] = {
        "x": random.normal(size=(count, 2, 3)).astype(np.float32),
        "i": np.arange(count, dtype=np.int32)[:, None],
    }
    targets: dict[str, Any] = {"y": random.integers(0, 3, count).astype(np.int32), "z": random.normal(size=(count, 1))}
    return Taken(inputs, targets, random.random(count).astype(np.float32) if weighted else None)


def mapped(taken: Taken, folder: Path) -> Taken:
    def lying(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        path = folder / f"{len(list(folder.iterdir()))}"
        path.write_bytes(array.tobytes())
        return map_array(path, dtype=array.dtype, shape=array.shape, offset=0, keep=None)

    weights = None if taken.weights is None else lying(taken.weights)
    return Taken(
        {name: lying(array) for name, array in taken.inputs.items()},
        {name: lying(array) for name, array in taken.targets.items()},
        weights,
    )


def require_same(found: Taken, whole: Taken, places: np.ndarray[Any, Any], names: Any = ("x", "i")) -> None:
    assert set(found.inputs) == set(names)
    for name, array in (found.inputs | found.targets).items():
        expected = (whole.inputs | whole.targets)[name][places]
        assert (array.dtype, array.shape, array.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())
    assert (found.weights is None) == (whole.weights is None)
    if found.weights is not None and whole.weights is not None:
        assert np.array_equal(found.weights, whole.weights[places])


@st.composite
def indices(draw: st.DrawFn, count: int) -> Indices:
    if draw(st.booleans()) or not count:
        ends = st.none() | st.integers(-2 * count, 2 * count)
        return slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, 3])))
    return np.array(draw(st.lists(st.integers(0, count - 1), max_size=2 * count)), np.int64)


@given(st.data())
def test_a_view_of_any_depth_is_fancy_indexing(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 12))
    whole = held(count, weighted=data.draw(st.booleans()))
    lying = mapped(whole, tmp_path_factory.mktemp("arrays")) if data.draw(st.booleans()) else whole
    samples: Samples = ArraySamples(lying, np.arange(count), lambda: "whole")
    places = np.arange(count)
    for _ in range(data.draw(st.integers(0, 3))):
        chosen = data.draw(indices(len(places)))
        samples, places = Subset(samples, chosen), places[chosen]
    assert len(samples) == len(places)
    assert {name: (spec.shape, spec.dtype) for name, spec in (*samples.inputs.items(), *samples.targets.items())} == {
        name: (array.shape[1:], array.dtype) for name, array in (whole.inputs | whole.targets).items()
    }
    wanted = data.draw(indices(len(places)))
    require_same(samples.take(wanted), whole, places[wanted])
    some = data.draw(st.sets(st.sampled_from(["x", "i"])))
    require_same(samples.take(wanted, inputs=some), whole, places[wanted], some)
    size = data.draw(st.none() | st.integers(1, 20))
    parts = list(blocks(samples, size))
    assert sum(len(part.targets["y"]) for part in parts) == len(places)
    for name in "xi" if parts else "":
        found = np.concatenate([part.inputs[name] for part in parts])
        assert np.array_equal(found, whole.inputs[name][places])


def test_blocks_take_little_memory_whatever_a_sample_takes() -> None:
    large = np.broadcast_to(np.zeros(1, np.float32), (40, 1024, 1024))  # 4 MiB each, and takes no memory
    samples = ArraySamples(Taken({"x": large, "i": np.zeros((40, 1))}, {"y": np.zeros(40)}), np.arange(40))
    assert {len(part.inputs["x"]) for part in blocks(samples, inputs=["x"])} <= {7, 5}
    assert [len(part.inputs["i"]) for part in blocks(samples, inputs=["i"])] == [40]


def test_equal_fingerprints_are_equal_samples() -> None:
    samples = ArraySamples(held(10, weighted=False), np.arange(10), lambda: "whole")
    first, same, other = Subset(samples, slice(0, 5)), Subset(samples, np.arange(5)), Subset(samples, slice(1, 6))
    assert first.fingerprint == same.fingerprint
    assert len({samples.fingerprint, first.fingerprint, other.fingerprint}) == 3
    assert Subset(ArraySamples(held(10, weighted=False), np.arange(10)), slice(0, 5)).fingerprint == ""
