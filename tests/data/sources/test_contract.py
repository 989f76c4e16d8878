"""Every source is held to one contract: the same table, read the same way, in every format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data.columns.cells import labels, numbers
from dlcli.data.sources import arrays as npz
from dlcli.data.sources import frame
from dlcli.data.sources.delimited import source as delimited
from dlcli.data.sources.frame import from_frame
from dlcli.data.sources.jsonlines import source as jsonlines
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.parquet import source as parquet
from dlcli.data.sources.peek import peek_columns
from dlcli.data.sources.source import Source
from dlcli.errors import DataError

OPTIONS = TableOptions(missing_values=("", "NA"))
ROWS = 500
AGE = [float(number % 90) + 0.5 for number in range(ROWS)]
NAME = [f"name {number % 7}" for number in range(ROWS)]
TABLE = pd.DataFrame({"age": AGE, "name": NAME})


def _csv(path: Path) -> Path:
    TABLE.to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def _tsv(path: Path) -> Path:
    TABLE.to_csv(path.with_suffix(".tsv"), index=False, sep="\t")
    return path.with_suffix(".tsv")


def _csv_gz(path: Path) -> Path:
    file = path.with_suffix(".csv.gz")
    file.write_bytes(gzip.compress(TABLE.to_csv(index=False).encode()))
    return file


def _jsonl(path: Path) -> Path:
    file = path.with_suffix(".jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_dict("records")))
    return file


def _ndjson_gz(path: Path) -> Path:
    file = path.with_suffix(".ndjson.gz")
    file.write_bytes(gzip.compress(_jsonl(path).read_bytes()))
    return file


def _parquet(path: Path) -> Path:
    TABLE.to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def _npz(path: Path) -> Path:
    np.savez_compressed(path.with_suffix(".npz"), age=np.array(AGE), name=np.array(NAME))
    return path.with_suffix(".npz")


WRITERS: dict[str, Callable[[Path], Path]] = {
    "csv": _csv,
    "csv.gz": _csv_gz,
    "tsv": _tsv,
    "jsonl": _jsonl,
    "ndjson.gz": _ndjson_gz,
    "parquet": _parquet,
    "npz": _npz,
}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that every source has several chunks."""
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 11)
    monkeypatch.setattr(npz, "BLOCK_BYTES", 1 << 12)
    for module in (frame, jsonlines, parquet):
        monkeypatch.setattr(module, "BATCH_ROWS", 100)


@pytest.fixture(params=[*WRITERS, "frame", "table"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    if request.param == "frame":
        return from_frame(TABLE, OPTIONS)
    if request.param == "table":
        return from_frame(pa.Table.from_pandas(TABLE), OPTIONS)
    return open_source([str(WRITERS[request.param](tmp_path / "table"))], OPTIONS, path="data.train")


def test_columns_and_kinds(source: Source) -> None:
    assert [(info.name, info.kind, info.shape) for info in source.columns()] == [
        ("age", "number", ()),
        ("name", "text", ()),
    ]


def test_rows_come_whole_in_order_and_in_several_chunks(source: Source) -> None:
    for _ in range(2):
        chunks = list(source.chunks({"age": "number", "name": "text"}))
        assert len(chunks) > 1
        assert [chunk.start for chunk in chunks] == np.cumsum([0, *(c.num_rows for c in chunks)])[:-1].tolist()
        assert np.concatenate([numbers(chunk.columns["age"]).values for chunk in chunks]).tolist() == AGE
        names = [[cells.names[code] for code in cells.codes] for cells in (labels(c.columns["name"]) for c in chunks)]
        assert [name for part in names for name in part] == NAME


def test_only_wanted_columns_are_read(source: Source) -> None:
    assert {name for chunk in source.chunks({"name": "text"}) for name in chunk.columns} == {"name"}


def test_text_in_a_number_column_names_the_row(source: Source) -> None:
    with pytest.raises(DataError) as caught:
        list(source.chunks({"name": "number"}))
    (problem,) = caught.value.problems
    assert problem.rule == "not-a-number"
    assert "column 'name'" in problem.message
    assert "row 1 holds 'name 0'" in problem.message
    assert problem.file == (source.paths[0] if source.paths else None)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_peek_tells_the_same_names(writer: str, tmp_path: Path) -> None:
    look = peek_columns([str(WRITERS[writer](tmp_path / "table"))], OPTIONS)
    assert look.problems == ()
    assert look.names == (None if writer == "parquet" else ("age", "name"))


def test_several_files_are_read_as_one(tmp_path: Path) -> None:
    for number in (2, 1):
        _csv(tmp_path / f"part-{number}")
    source = open_source([str(tmp_path / "part-*.csv")], OPTIONS, path="data.train")
    assert [path.name for path in source.paths] == ["part-1.csv", "part-2.csv"]
    chunks = list(source.chunks({"age": "number"}))
    assert sum(chunk.num_rows for chunk in chunks) == 2 * ROWS
    assert {chunk.file for chunk in chunks if chunk.start == 0} == set(source.paths)


def test_files_of_other_columns_are_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("x,y\n1,2\n")
    second.write_text("y,z\n1,2\n")
    look = peek_columns([str(first), str(second)], OPTIONS)
    with pytest.raises(DataError) as caught:
        open_source([str(first), str(second)], OPTIONS, path="data.train").columns()
    assert caught.value.problems == look.problems
    (problem,) = look.problems
    assert problem.file == second
    assert "'b.csv' lacks 'x' and also has 'z'" in problem.message


def test_files_that_are_missing_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a\n1\n")
    (tmp_path / "folder").mkdir()
    names = ["tran.csv", "*.parquet", "folder", "train.xls", "https://x.org/a.csv"]
    paths = [name if "://" in name else str(tmp_path / name) for name in names]
    look = peek_columns(paths, OPTIONS, path="data.test")
    assert [problem.rule for problem in look.problems] == [
        "file-not-found",
        "file-not-found",
        "file-not-found",
        "file-not-found",
    ]
    assert {problem.path for problem in look.problems} == {"data.test"}
    assert "train.csv" in look.problems[0].hint


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    files = {
        "a.xlsx": b"PK\x03\x04 a workbook",
        "a.pkl": b"\x80\x04\x95",
        "a": b"\x00\x01",
        "a.parquet.gz": b"x",
        "a.html": b"<!DOCTYPE html>",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError) as caught:
            open_source([str(tmp_path / name)], OPTIONS, path="data.train")
        assert caught.value.problems[0].rule == "unknown-format"


def _values(source: Source, name: str) -> list[Any]:
    return [value for chunk in source.chunks({name: "text"}) for value in chunk.columns[name].tolist()]


def test_missing_words_count_in_every_format(tmp_path: Path) -> None:
    table = pa.table({"a": ["NA", "x", ""]})
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"a": "NA"}\n{"a": "x"}\n{"a": ""}\n')
    (tmp_path / "a.csv").write_text("a,b\nNA,1\nx,1\n,1\n")
    np.savez(tmp_path / "a.npz", a=np.array(["NA", "x", ""]))
    for suffix in ("parquet", "jsonl", "csv", "npz"):
        assert _values(open_source([str(tmp_path / f"a.{suffix}")], OPTIONS, path=""), "a") == [None, "x", None]
    assert _values(from_frame(table, OPTIONS), "a") == [None, "x", None]
