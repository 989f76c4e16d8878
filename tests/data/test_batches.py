"""Batches: what an epoch holds, and in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.batches import Batches, epoch_order
from dlcli.data.samples.labels import ClassWeights, Labels
from dlcli.data.samples.samples import Taken

pytestmark = pytest.mark.tensorflow


def make(num_rows: int, **keys: Any) -> Batches:
    numbers = np.arange(num_rows)
    labels = keys.pop("labels", Labels({"y": ("y",)}))
    targets = keys.pop("targets", {"y": (numbers % 3).astype(np.int32)})
    taken = Taken({"x": numbers.astype(np.float32).reshape(-1, 1)}, targets, keys.pop("weights", None))
    return Batches(ArraySamples(taken, numbers), labels, **keys)


@given(st.integers(1, 60), st.integers(1, 70), st.booleans(), st.integers(0, 2**32 - 1), st.integers(0, 1000))
def test_an_epoch_holds_every_row_once(num_rows: int, batch_size: int, shuffle: bool, seed: int, epoch: int) -> None:
    batches = make(num_rows, batch_size=batch_size, shuffle=shuffle, seed=seed)
    batches.epoch = epoch
    slices = list(batches.slices())
    assert len(slices) == batches.steps
    assert all(len(x["x"]) == batch_size for x, _, _ in slices[:-1])
    rows = np.concatenate([x["x"][:, 0] for x, _, _ in slices]).astype(int)
    assert sorted(rows.tolist()) == list(range(num_rows))
    assert np.array_equal(np.concatenate([y for _, y, _ in slices]), rows % 3)
    if not shuffle:
        assert rows.tolist() == list(range(num_rows))


@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 9), st.booleans(), st.integers(0, 9))
def test_without_a_short_last_batch_an_epoch_is_the_beginning_of_the_whole_one(
    num_rows: int, batch_size: int, size: int, shuffle: bool, epoch: int
) -> None:
    whole = make(num_rows, batch_size=batch_size, shuffle=shuffle, seed=2)
    dropped = make(num_rows, batch_size=batch_size, shuffle=shuffle, seed=2, drop_last=True)
    whole.epoch = dropped.epoch = epoch
    expected = [x["x"] for x, _, _ in whole.slices() if len(x["x"]) == min(batch_size, num_rows)]
    slices = [x["x"] for x, _, _ in dropped.slices()]
    assert dropped.steps == len(slices) == len(expected) == max(1, num_rows // batch_size)
    assert all(np.array_equal(one, other) for one, other in zip(slices, expected, strict=True))
    assert dropped.rows == sum(map(len, expected))
    stacks = [each for (x, _, _), count in dropped.stacks(size) for each in x["x"][:count]]
    assert dropped.num_stacks(size) == sum(1 for _ in dropped.stacks(size))
    assert all(np.array_equal(one, other) for one, other in zip(stacks, expected, strict=True))


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    orders = {(seed, epoch): tuple(epoch_order(50, seed=seed, epoch=epoch)) for seed in range(3) for epoch in range(3)}
    assert len(set(orders.values())) == 9
    assert orders[1, 2] == tuple(epoch_order(50, seed=1, epoch=2))
    assert epoch_order(10, seed=7, epoch=0).tolist() == [6, 3, 9, 1, 2, 0, 5, 7, 8, 4]


def test_one_hot_vectors_are_made_in_the_batch() -> None:
    batches = make(7, batch_size=4, labels=Labels({"y": ("y",)}, {"y": 3}))
    _, y, _ = next(batches.slices())
    assert y.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert y.dtype == np.float32


def test_several_outputs_are_lists() -> None:
    from dlcli.backend import datasets

    targets = {"a": np.arange(5), "b": np.arange(5) % 2}
    classes = ClassWeights("b", "b", np.array([0.0, 3.0]))
    labels = Labels({"a": ("a",), "b": ("b",)}, {"b": 2}, class_weights=classes)
    batches = make(5, batch_size=5, targets=targets, labels=labels, weights=np.full(5, 2, np.float32))
    ((_, y, w),) = batches.slices()
    assert [array.shape for array in y] == [(5,), (5, 2)]
    assert [array.tolist() for array in w] == [[2] * 5, [0, 6, 0, 6, 0]]
    ((_, targets, weighted),) = datasets.dataset(batches).as_numpy_iterator()
    assert all(np.array_equal(one, other) for one, other in zip((*targets, *weighted), (*y, *w), strict=True))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_data_set_gives_the_slices(weighted: bool) -> None:
    from dlcli.backend import datasets

    weights = np.arange(10, dtype=np.float32) if weighted else None
    batches = make(10, batch_size=4, shuffle=True, seed=3, weights=weights)
    dataset = datasets.dataset(batches)
    assert int(dataset.cardinality()) == 3
    for epoch in (0, 1, 0):
        batches.epoch = epoch
        for element, (x, y, w) in zip(dataset, batches.slices(), strict=True):
            assert len(element) == (3 if weighted else 2)
            assert np.array_equal(element[0]["x"].numpy(), x["x"])
            assert np.array_equal(element[1].numpy(), y)
            if weighted:
                assert np.array_equal(element[2].numpy(), w)


def test_fit_takes_each_epoch_in_its_order() -> None:
    """Also the first, although Keras takes a batch of it to build the model from; and from any first epoch."""
    import keras

    from dlcli.backend import datasets

    seen: list[int] = []
    batches = make(10, batch_size=4, shuffle=True, seed=3)

    class Watch(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x["x"])

        def train_step(self, data: Any) -> dict[str, Any]:
            seen.extend(data[0]["x"].numpy()[:, 0].astype(int).tolist())
            return super().train_step(data)  # type: ignore[no-any-return]

    class Number(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            batches.epoch = epoch

    model = Watch()
    model.compile(loss="mse", run_eagerly=True)
    model.fit(datasets.dataset(batches), epochs=5, initial_epoch=3, callbacks=[Number()], shuffle=False, verbose=0)
    assert seen == [*epoch_order(10, seed=3, epoch=3), *epoch_order(10, seed=3, epoch=4)]


@given(st.integers(1, 40), st.integers(1, 45), st.integers(1, 9), st.booleans())
def test_stacks_are_the_slices(num_rows: int, batch_size: int, size: int, shuffle: bool) -> None:
    batches = make(num_rows, batch_size=batch_size, shuffle=shuffle, seed=2)
    stacks = list(batches.stacks(size))
    assert len(stacks) == batches.num_stacks(size)
    unstacked = [(x["x"][place], y[place]) for (x, y, _), count in stacks for place in range(count)]
    for (left_x, left_y), (right_x, right_y, _) in zip(unstacked, batches.slices(), strict=True):
        assert np.array_equal(left_x, right_x["x"])
        assert np.array_equal(left_y, right_y)
    # Whole stacks have one shape, also the padded one, and what is left of the rows another.
    assert len({x["x"].shape for (x, _, _), _ in stacks}) <= 2


def test_the_stacked_data_set_goes_from_epoch_to_epoch() -> None:
    from dlcli.backend import datasets

    batches = make(23, batch_size=4, shuffle=True, seed=3)
    batches.epoch = 5
    elements = iter(datasets.stacked_dataset(batches, 2).take(3 * batches.num_stacks(2)).as_numpy_iterator())
    for epoch in (5, 6, 7):
        batches.epoch = epoch
        for (x, y, _), count in batches.stacks(2):
            (inputs, targets), number = next(elements)
            assert number == count
            assert np.array_equal(inputs["x"], x["x"])
            assert np.array_equal(targets, y)


def test_the_rows_of_a_batch_are_free() -> None:
    """With a fixed number of rows Keras's `evaluate` counts a batch once too often (keras#23084)."""
    import keras

    from dlcli.backend import datasets

    x, y = datasets.dataset(make(8, batch_size=4)).element_spec
    assert {spec.shape[0] for spec in keras.tree.flatten([x, y])} == {None}
