"""Keras's data sets from the files that Keras keeps, as its own `load_data` gives them."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcli.config.options.sources import KERAS_NAMES, KerasData
from dlcli.config.schema import DataConfig
from dlcli.data.columns.cells import as_arrow
from dlcli.data.reader import TableReader
from dlcli.data.sources import keras_sets
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.peek import peek_columns
from dlcli.data.table.headers import look_at_headers
from dlcli.data.table.rows import Rows
from dlcli.errors import DataError

RANDOM = np.random.default_rng(3)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's directory, with data sets that are smaller than Keras's own."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def believe(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Take the files that are there for Keras's own."""

    def _believed(file: Path, method: str, size: int, modified: int) -> str:
        known = [kept for each in keras_sets._SETS.values() for kept in (*each.train, *each.test)]
        return next(kept.hashed[1] for kept in known if kept.name.endswith(file.name) and kept.hashed)

    monkeypatch.setattr(keras_sets, "_hash", _believed)


def read(name: str, split: str, **options: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    source = KerasData.model_validate({"keras": name, "split": split, **options})
    rows = Rows.read(open_source(source, TableOptions(), path="data.train"), {"x": "number", "y": "number"})
    x, y = (np.concatenate([np.asarray(part) for part in rows.column(column)]) for column in ("x", "y"))
    return x, y


def test_mnist(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays: dict[str, Any] = {
        f"{column}_{split}": RANDOM.integers(0, 9, (rows, *shape), np.uint8)
        for split, rows in (("train", 7), ("test", 3))
        for column, shape in (("x", (28, 28)), ("y", ()))
    }
    np.savez(kept / "mnist.npz", **arrays)
    with pytest.raises(DataError) as caught:
        read("mnist", "train")
    assert "another" in caught.value.problems[0].message
    believe(monkeypatch, kept)
    for split in ("train", "test"):
        x, y = read("mnist", split)
        assert np.array_equal(x, arrays[f"x_{split}"])
        assert np.array_equal(y, arrays[f"y_{split}"])
    with TableReader(DataConfig.model_validate({"train": {"keras": "mnist"}, "target": "y"})) as reader:
        table = reader.table()
    assert {name: rows.num_rows for name, rows in table.rows.items()} == {"train": 7, "test": 3}
    assert ("test rows", "those of Keras's own test split of mnist") in table.decisions


def test_fashion_mnist(kept: Path) -> None:
    (kept / "fashion-mnist").mkdir()
    x, y = RANDOM.integers(0, 9, (4, 28, 28), np.uint8), np.arange(4, dtype=np.uint8)
    for name, values, kind in (("t10k-images-idx3", x, 3), ("t10k-labels-idx1", y, 1)):
        head = struct.pack(f">BBBB{kind}I", 0, 0, 8, kind, *values.shape)
        (kept / "fashion-mnist" / f"{name}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes()))
    found = read("fashion_mnist", "test")
    assert np.array_equal(found[0], x)
    assert np.array_equal(found[1], y)


@pytest.mark.parametrize("name", ["california_housing", "boston_housing"])
def test_housing_is_divided_as_keras_does(kept: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    believe(monkeypatch, kept)
    x, y = RANDOM.normal(size=(31, 8)), np.arange(31.0)
    np.savez(kept / f"{name}.npz", x=x, y=y)
    train, test = read(name, "train")[1], read(name, "test")[1]
    assert sorted([*train, *test]) == y.tolist()
    assert len(train) == int(31 * 0.8)
    order = np.arange(31)
    np.random.RandomState(113).shuffle(order)
    assert [*train, *test] == order.tolist()
    assert np.array_equal(read(name, "test")[0], x[test.astype(int)])


def test_cifar(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    believe(monkeypatch, kept)
    place = kept / "cifar-10-batches-py-target" / "cifar-10-batches-py"
    place.mkdir(parents=True)
    pictures = RANDOM.integers(0, 255, (10, 3, 32, 32), np.uint8)
    for number in range(5):
        part = slice(2 * number, 2 * number + 2)
        batch = {b"data": pictures[part].reshape(2, -1), b"labels": [number, 9], b"batch_label": b"a"}
        (place / f"data_batch_{number + 1}").write_bytes(old_pickle(batch))
    x, y = read("cifar10", "train")
    assert np.array_equal(x, pictures.transpose(0, 2, 3, 1))
    assert y.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    other = kept / "cifar-100-python"  # as earlier versions of Keras leave it
    other.mkdir()
    batch = {b"data": pictures[:2].reshape(2, -1), b"fine_labels": [70, 99], b"coarse_labels": [3, 19]}
    (other / "test").write_bytes(old_pickle(batch))
    assert read("cifar100", "test")[1].tolist() == [70, 99]
    assert read("cifar100", "test", label_mode="coarse")[1].tolist() == [3, 19]


def old_pickle(batch: dict[bytes, Any]) -> bytes:
    """As NumPy had it written: its module had another name."""
    return pickle.dumps(batch, 3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def test_nothing_but_arrays_is_unpickled(kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "boom",))

    (kept / "cifar-100-python").mkdir()
    file = kept / "cifar-100-python" / "train"
    file.write_bytes(pickle.dumps({b"data": Bomb()}, 2))
    for believed in (False, True):  # by its hash already, and if that were Keras's
        if believed:
            believe(monkeypatch, kept)
        with pytest.raises(DataError) as caught:
            read("cifar100", "train")
        assert {problem.rule for problem in caught.value.problems} == {"keras-data"}
    assert not (tmp_path / "boom").exists()


def test_texts_of_numbered_words_are_as_keras_gives_them(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the rules of `keras.datasets.imdb.load_data`: one generator for both splits, and words that count from 4."""
    believe(monkeypatch, kept)

    def lists(rows: int) -> np.ndarray[Any, Any]:
        return np.array([list(range(1, 2 + number)) for number in range(rows)], dtype=object)

    train, test = lists(9), lists(5)
    np.savez(kept / "imdb.npz", x_train=train, y_train=np.arange(9), x_test=test, y_test=np.arange(5))
    random = np.random.RandomState(113)
    for split, values in (("train", train), ("test", test)):
        order = np.arange(len(values))
        random.shuffle(order)
        assert texts("imdb", split) == ([[1, *(word + 3 for word in values[row])] for row in order], order.tolist())
    np.savez(kept / "reuters.npz", x=train, y=np.arange(9))
    order = np.arange(9)
    np.random.RandomState(113).shuffle(order)
    assert texts("reuters", "train")[1] + texts("reuters", "test")[1] == order.tolist()
    assert len(texts("reuters", "test")[1]) == 2


def texts(name: str, split: str) -> tuple[list[list[int]], list[int]]:
    source = open_source(KerasData.model_validate({"keras": name, "split": split}), TableOptions(), path="")
    assert [info.kind for info in source.columns()] == ["text", "number"]
    chunks = list(source.chunks({"x": "text", "y": "number"}))
    words = [
        [int(word) for word in text.split()] for chunk in chunks for text in as_arrow(chunk.columns["x"]).to_pylist()
    ]
    return words, [int(label) for chunk in chunks for label in chunk.columns["y"].tolist()]


def test_files_that_are_not_there_are_named_with_the_command_that_gets_them(kept: Path) -> None:
    for name in KERAS_NAMES:
        look = peek_columns(KerasData.model_validate({"keras": name}), TableOptions(), path="data.test")
        (problem,) = look.problems
        assert (problem.rule, problem.path) == ("keras-data", "data.test")
        assert str(kept) in problem.message
        assert f"keras.datasets.{name}.load_data()" in problem.hint
        assert "https://" in problem.hint


def test_its_test_split_is_there_unless_another_is_given() -> None:
    def splits(**data: Any) -> list[Any]:
        config = DataConfig.model_validate({"target": "y", **data})
        return [getattr(source, "split", source) for source in (config.train, config.validation, config.test)]

    mnist = {"keras": "mnist"}
    assert splits(train=mnist) == ["train", None, "test"]
    assert splits(train=mnist, validation=0.1) == ["train", 0.1, "test"]
    assert splits(train=mnist, validation=mnist) == ["train", "test", None]
    assert splits(train=mnist, test=None) == ["train", None, None]
    assert splits(train=mnist, test=0.2) == ["train", None, 0.2]
    assert splits(train={**mnist, "split": "test"}) == ["test", None, None]
    assert splits(train="a.csv", test=mnist) == [["a.csv"], None, "test"]


def test_one_message_for_a_data_set_that_is_missing(kept: Path) -> None:
    told = look_at_headers(DataConfig.model_validate({"train": {"keras": "boston_housing"}, "target": "y"})).problems
    assert [problem.rule for problem in told] == ["keras-data"]


def test_the_hashes_are_whole() -> None:
    for name, each in keras_sets._SETS.items():
        for kept in (*each.train, *each.test):
            if kept.hashed is not None:
                method, digest = kept.hashed
                assert len(digest) == 2 * hashlib.new(method).digest_size, name
