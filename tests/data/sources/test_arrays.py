"""Arrays in files as columns: single files, a mapping of them, and arrays of one file by other names."""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from dlcli.config.options.sources import FileColumns
from dlcli.config.schema import DataConfig
from dlcli.data.columns.cells import as_arrow
from dlcli.data.samples.keys import recipe_key
from dlcli.data.sources import arrays as table
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions, Trained
from dlcli.data.sources.peek import peek_columns
from dlcli.data.table.headers import look_at_headers
from dlcli.data.table.rows import Rows
from dlcli.errors import DataError, Problem

OPTIONS = TableOptions()

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
"""The types of IDX, as its description lists them."""


def idx(values: NDArray[Any]) -> bytes:
    code = CODES[values.dtype.str[1:]]
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


def read(source: Any, *columns: str, options: TableOptions = OPTIONS) -> dict[str, NDArray[Any]]:
    """The columns of a source, as arrays."""
    opened = open_source(source, options, path="data.train")
    names = columns or [info.name for info in opened.columns()]
    rows = Rows.read(opened, dict.fromkeys(names, "number"))
    assert opened.about_rows() in (rows.num_rows, rows.num_rows + 1)  # of a text file it is a guess
    return {name: np.concatenate([np.asarray(part) for part in rows.column(name)]) for name in names}


def problems(source: Any) -> list[Problem]:
    """What a first look refuses, or what reading does."""
    look = peek_columns(source, TableOptions(), path="data.train")
    if look.problems:
        return list(look.problems)
    with pytest.raises(DataError) as caught:
        read(source)
    return list(caught.value.problems)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(CODES)).flatmap(
        lambda code: hnp.arrays(
            code,
            hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5),
            elements={"allow_nan": False, "allow_infinity": False} if code[0] == "f" else None,
        )
    ),
    st.sampled_from(["a.idx", "a-idx3-ubyte", "a-idx3-ubyte.gz", "a.npy", "a.npy.gz"]),
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, values: NDArray[Any], name: str) -> None:
    file = tmp_path_factory.mktemp("arrays") / name
    if ".npy" in name:
        np.save(file.with_suffix("") if name.endswith(".gz") else file, values)
        if name.endswith(".gz"):
            file.write_bytes(gzip.compress(file.with_suffix("").read_bytes()))
    else:
        content = idx(values)
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    found = read({"x": str(file)})["x"]
    assert found.shape == values.shape
    assert np.array_equal(found, values)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of six rows, read in blocks of a few."""
    monkeypatch.setattr(table, "BLOCK_BYTES", 10)
    x, y = np.arange(24, dtype=np.uint8).reshape(6, 2, 2), np.arange(6)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(x))
    (tmp_path / "y-idx1-ubyte.gz").write_bytes(gzip.compress(idx(y.astype(np.uint8))))
    np.savez(tmp_path / "one.npz", y)
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2], extra=np.float32(1).reshape(1))
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 6)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_mapping_makes_a_column_of_each_file(folder: Path) -> None:
    found = read({"pixels": "x.npy", "turned": "fortran.npy", "label": "y-idx1-ubyte.gz", "again": "one.npz"})
    assert found["pixels"].tolist() == found["turned"].tolist() == np.arange(24).reshape(6, 2, 2).tolist()
    assert found["label"].tolist() == found["again"].tolist() == list(range(6))
    assert peek_columns({"b": "x.npy", "a": "one.npz"}, TableOptions()).names == ("b", "a")


def test_a_column_takes_the_array_of_its_name(folder: Path) -> None:
    assert read({"x_test": "own.npz", "y_test": "own.npz"})["y_test"].tolist() == [0, 1]
    ((problem),) = problems({"x": "own.npz"})
    assert (problem.rule, "x_train, y_train" in problem.message) == ("not-an-array", True)
    assert "{file: own.npz, columns: {x: x_train}}" in problem.hint


def test_columns_by_other_names(folder: Path) -> None:
    config = FileColumns.model_validate({"file": "own.npz", "columns": {"y": "y_test", "x": "x_test"}})
    found = read(config)
    assert list(found) == ["y", "x"]
    assert found["x"].shape == (2, 2, 2)
    assert peek_columns(config, TableOptions()).names == ("y", "x")
    assert read(FileColumns.model_validate({"file": "t.csv", "columns": {"z": "b"}}))["z"].tolist() == [2] * 6
    both = FileColumns.model_validate({"file": ["t.csv", "more.csv"], "columns": {"z": "b"}})
    Path("more.csv").write_text("b,c\n7,1\n")
    assert problems(both)[0].rule == "different-columns"


def test_a_name_that_the_file_does_not_have(folder: Path) -> None:
    config = FileColumns.model_validate({"file": "own.npz", "columns": {"x": "x_tran", "y": "y_train"}})
    (problem,) = problems(config)
    assert (problem.rule, problem.path) == ("missing-column", "data.train.columns.x")
    assert "x_train" in problem.hint
    with pytest.raises(DataError) as caught:
        open_source(config, TableOptions(), path="data.train").columns()
    assert caught.value.problems == (problem,)


def test_splits_in_one_file_say_how_they_are_read(folder: Path) -> None:
    (problem,) = problems(["own.npz"])
    own = "{{file: own.npz, columns: {{x: x_{0}, y: y_{0}}}}}"
    way = f"train: {own.format('train')}, test: {own.format('test')}"
    assert (problem.rule, problem.hint) == ("unequal-arrays", way)
    told = look_at_headers(DataConfig.model_validate({"train": "own.npz", "target": "y"})).problems
    assert {"missing-column", "unequal-arrays"} == {problem.rule for problem in told}
    np.savez("med.npz", train_images=np.zeros((3, 2)), train_labels=np.zeros(3), val_images=np.zeros((2, 2)))
    (problem,) = problems(["med.npz"])
    assert "validation: {file: med.npz, columns: {images: val_images}}" in problem.hint


def test_arrays_of_different_lengths_say_both(folder: Path) -> None:
    np.save("short.npy", np.arange(5))
    (problem,) = problems({"x": "x.npy", "y": "short.npy"})
    assert problem.rule == "unequal-arrays"
    assert "'x' 6, 'y' 5" in problem.message


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("cut.npy", b"\x93NUMPY\x01\x00", "unreadable-array"),
        ("none.npy", b"not an array", "unreadable-array"),
        ("cut.idx", idx(np.zeros((9, 9), np.float32))[:-1], "damaged-file"),
        ("more.idx", idx(np.zeros((9, 9), np.uint8)) + b"\0", "damaged-file"),
        ("head.idx", b"\0\0\x08\x03\0\0", "damaged-file"),
        ("magic.idx", b"\0\0\x07\x01\0\0\0\0", "damaged-file"),
        ("cut.idx.gz", gzip.compress(idx(np.zeros((9, 9), np.uint8)), mtime=0)[:-9], "damaged-file"),
        ("short.idx.gz", gzip.compress(idx(np.arange(81, dtype=np.uint8))[:-9], mtime=0), "damaged-file"),
        ("more.idx.gz", gzip.compress(idx(np.zeros((9, 9), np.uint8)) + b"\0", mtime=0), "damaged-file"),
        ("giant.idx.gz", gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12, mtime=0), "damaged-file"),
        ("empty.idx", b"", "empty-file"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, rule: str) -> None:
    (tmp_path / name).write_bytes(content)
    (problem,) = problems({"x": str(tmp_path / name)})
    assert (problem.rule, problem.file) == (rule, tmp_path / name)


def test_gzipped_or_not_whatever_the_name_says(tmp_path: Path) -> None:
    content = idx(np.arange(6, dtype=np.uint8))
    names = {"a-idx1-ubyte": True, "a.idx1-ubyte": True, "b.gz": False, "b.idx.gz": False, "c-idx1-ubyte.gz": True}
    for name, is_deflated in names.items():
        (tmp_path / name).write_bytes(gzip.compress(content) if is_deflated else content)
        assert read({"y": str(tmp_path / name)})["y"].tolist() == list(range(6)), name


def test_python_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "boom",))

    np.save(tmp_path / "x.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=np.array([Bomb()], dtype=object))
    for name in ("x.npy", "x.npz"):
        (problem,) = problems({"x": str(tmp_path / name)})
        assert "never unpickled" in problem.message
    assert not (tmp_path / "boom").exists()


def test_what_is_no_array_is_told_before_anything_is_read(folder: Path) -> None:
    Path("pictures").mkdir()
    Path("pictures/a.png").touch()
    told = problems({"a": "t.csv", "b": "pictures", "c": "*.npy", "d": "none.npy", "e": "x.npy"})
    assert [(problem.rule, problem.path) for problem in told] == [
        ("not-an-array", "data.train.a"),
        ("not-an-array", "data.train.b"),
        ("not-an-array", "data.train.c"),
        ("file-not-found", "data.train.d"),
    ]


def test_a_bare_array_is_the_one_column_that_a_model_needs(folder: Path) -> None:
    assert list(read(["x.npy"])) == ["x"]
    trained = Trained(needed=frozenset({"pixels"}), layouts=(), headerless=False, like=TableOptions().reading)
    assert list(read(["x.npy"], options=TableOptions(trained=trained))) == ["pixels"]
    assert list(read(["x.npy"], options=TableOptions(columns=("p",)))) == ["p"]


def test_different_arrays_of_one_file_are_different_rows(folder: Path) -> None:
    def told(train: dict[str, str], test: dict[str, str]) -> set[str]:
        sources = {"train": {"file": "own.npz", "columns": train}, "test": {"file": "own.npz", "columns": test}}
        return {found.rule for found in look_at_headers(DataConfig.model_validate({**sources, "target": "y"})).problems}

    assert told({"x": "x_train", "y": "y_train"}, {"x": "x_test", "y": "y_test"}) == set()
    assert told({"x": "x_train", "y": "y_train"}, {"x": "x_train", "y": "y_train"}) == {"shared-rows"}


def test_the_key_of_the_cache_knows_which_arrays_are_read() -> None:
    def key(train: Any) -> str:
        config = DataConfig.model_validate({"train": train, "target": "y"})
        return recipe_key(config, seed=1, named=[], classification=None, units=None)

    sources: list[Any] = [
        "a.npz",
        {"x": "a.npy", "y": "b.npy"},
        {"y": "a.npy", "x": "b.npy"},
        {"file": "a.npz", "columns": {"x": "x_train", "y": "y_train"}},
        {"file": "a.npz", "columns": {"x": "x_test", "y": "y_test"}},
        {"keras": "mnist"},
        {"keras": "cifar100"},
        {"keras": "cifar100", "label_mode": "coarse"},
    ]
    assert len(set(map(key, sources))) == len(sources)
    assert key(sources[1]) == key({"x": "other/a.npy", "y": "b.npy"})


def test_texts_and_moments_are_cells(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array(["a", "bb"]))
    source = open_source({"t": str(tmp_path / "t.npy")}, TableOptions(), path="")
    (chunk,) = source.chunks({"t": "text"})
    assert as_arrow(chunk.columns["t"]).to_pylist() == ["a", "bb"]


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.soak
def test_arrays_through_every_command(folder: Path) -> None:
    def dlcli(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dlcli", *arguments], capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    (folder / "job.yaml").write_text(
        "seed: 1\ndata:\n  train: {file: own.npz, columns: {x: x_train, y: y_train}}\n"
        "  test: {file: own.npz, columns: {x: x_test, y: y_test}}\n  target: {y: number}\n"
        "model: {layers: [Flatten: {}, Dense: {units: 1}]}\nfit: {epochs: 1}\n"
    )
    run = json.loads(dlcli("train", "job.yaml", "--json"))["run"]
    told = [
        dlcli("evaluate", run, "--json"),
        dlcli("evaluate", run, "{file: own.npz, columns: {x: x_test, y: y_test}}", "--json"),
    ]
    assert len({json.dumps(json.loads(each)["metrics"]) for each in told}) == 1
    predicted = {dlcli("predict", run, said) for said in ("x.npy", "{x: x.npy}", "{x: fortran.npy}")}
    assert [each.count("\n") for each in predicted] == [7]
