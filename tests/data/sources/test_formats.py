"""What is particular to JSON lines, Parquet, `.npz` and DataFrames."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data.sources import arrays as npz
from dlcli.data.sources.frame import from_frame
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions, Trained
from dlcli.data.sources.registry import by_name, format_of, sniff, suffixes
from dlcli.data.sources.source import Source
from dlcli.data.sources.standard_input import keep_input
from dlcli.errors import DataError, Problem

OPTIONS = TableOptions()


def open_(file: Path) -> Source:
    return open_source([str(file)], OPTIONS, path="data.train")


def problem(source: Source, kinds: dict[str, Any] | None = None) -> Problem:
    def read() -> None:
        list(source.chunks(kinds or {info.name: info.kind or "text" for info in source.columns()}))

    with pytest.raises(DataError) as caught:
        read()
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ('{"a": 1}\n\n{"a": \n', "json-line", 3),
        ('{"a": 1}\n[1]\n', "json-line", 2),
        ('{"a": 1, "a": 2}\n', "json-line", 1),
        ('{"a": 1}\n{"a": "x"}\n', "not-a-number", 2),
        ('{"a": 1}\n\n{"a": Infinity}\n', "infinite-value", 3),
        ('{"a": {"b": 1}}\n', "nested-column", 1),
        ('{"a": [{"b": 1}]}\n', "nested-column", 1),
    ],
)
def test_json_lines_faults_have_their_line(tmp_path: Path, text: str, rule: str, line: int) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(text)
    found = problem(open_(file), {"a": "number"} if "json" not in rule else None)
    assert (found.rule, found.line, found.file) == (rule, line, file)


def test_json_lines_mix_and_lack_values(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1, "b": "x"}\n{"b": 2}\n{"a": null, "b": true, "c": 1}\n')
    source = open_(file)
    assert [(info.name, info.kind) for info in source.columns()] == [("a", "number"), ("b", "text"), ("c", "number")]
    (chunk,) = source.chunks({"a": "number", "b": "text", "c": "number"})
    assert {name: values.tolist() for name, values in chunk.columns.items()} == {
        "a": [1.0, None, None],
        "b": ["x", "2", "true"],
        "c": [None, None, 1.0],
    }


def test_parquet_types(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    table = {
        "int": pa.array([1, None]),
        "decimal": pa.array([1, 2]).cast(pa.decimal128(30, 2)),
        "nan": pa.array([1.0, float("nan")]),
        "flag": pa.array([True, None]),
        "word": pa.array(["a", "b"]).dictionary_encode(),
        "day": pa.array([0, 1], pa.date32()),
        "list": pa.array([[1, 2], [3, 4]]),
        "object": pa.array([{"a": 1}, {"a": 2}]),
        "a.b": pa.array([1.5, 2.5]),
    }
    pq.write_table(pa.table(table), file)
    source = open_(file)
    kinds = {info.name: info.kind for info in source.columns()}
    assert kinds == {
        "int": "number",
        "decimal": "number",
        "nan": "number",
        "flag": "boolean",
        "word": "text",
        "day": "datetime",
        "list": "number",
        "object": None,
        "a.b": "number",
    }
    (chunk,) = source.chunks({name: kind for name, kind in kinds.items() if kind is not None})
    assert chunk.columns["int"].tolist() == [1.0, None]
    assert chunk.columns["nan"].tolist() == [1.0, None]
    assert chunk.columns["a.b"].tolist() == [1.5, 2.5]
    assert chunk.columns["flag"].tolist() == [True, None]
    assert chunk.columns["list"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert problem(source, {"object": "number"}).rule == "nested-column"
    assert problem(source, {"day": "number"}).rule == "not-a-number"


def test_damaged_parquet(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), file)
    file.write_bytes(file.read_bytes()[:-50])
    assert problem(open_(file)).rule == "damaged-file"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", ">f8", "int64", "bool"])
def test_arrays_keep_their_shape_and_values(
    tmp_path: Path, order: Any, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "BLOCK_BYTES", 100)
    values = np.asarray(np.arange(20 * 3 * 4).reshape(20, 3, 4) % 2, dtype=dtype, order=order)
    np.savez_compressed(tmp_path / "a.npz", x=values, y=np.arange(20))
    source = open_(tmp_path / "a.npz")
    assert [(info.name, info.shape) for info in source.columns()] == [("x", (3, 4)), ("y", ())]
    chunks = list(source.chunks({"x": "number", "y": "number"}))
    assert len(chunks) > 1
    assert np.array_equal(np.concatenate([chunk.columns["x"] for chunk in chunks]), values)


def test_unequal_arrays_list_their_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 2)), y=np.zeros(4))
    found = problem(open_(tmp_path / "a.npz"))
    assert found.rule == "unequal-arrays"
    assert "'x' 3, 'y' 4" in found.message


def _archive(file: Path, header: str, data: bytes) -> None:
    text = header.encode() + b" " * (118 - len(header)) + b"\n"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data)


def test_arrays_that_are_never_read(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, x=np.array([object()], dtype=object))
    assert problem(open_(file)).rule == "unreadable-array"
    np.savez(file, x=np.float64(1))
    assert problem(open_(file)).rule == "unreadable-array"
    _archive(file, "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 8), }", b"\0" * 64)
    found = problem(open_(file))
    assert found.rule == "unreadable-array"
    assert "needs 64000000000000 bytes, and it has 64" in found.message
    file.write_bytes(b"PK\x03\x04 no archive")
    assert problem(open_(file)).rule == "damaged-file"


def test_infinite_entries_of_arrays(tmp_path: Path) -> None:
    values = np.zeros((5, 2))
    values[3, 1] = np.inf
    np.savez(tmp_path / "a.npz", x=values)
    found = problem(open_(tmp_path / "a.npz"))
    assert found.rule == "infinite-value"
    assert "row 4" in found.message


def test_frames_of_mixed_or_repeated_columns() -> None:
    with pytest.raises(DataError) as caught:
        from_frame(pd.DataFrame({"a": [1, {"x"}], "b": [1, 2]}), OPTIONS)
    assert caught.value.problems[0].rule == "mixed-column"
    with pytest.raises(DataError) as caught:
        from_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]), OPTIONS)
    assert caught.value.problems[0].rule == "duplicate-column"


def test_frames_take_missing_values_and_number_names() -> None:
    frame = pd.DataFrame({0: [1.0, np.nan], "s": ["x", None]}, index=[5, 3])
    (chunk,) = from_frame(frame, OPTIONS).chunks({"0": "number", "s": "text"})
    assert chunk.columns["0"].tolist() == [1.0, None]
    assert chunk.columns["s"].tolist() == ["x", None]


def test_headers_need_nothing_heavy() -> None:
    code = (
        "import sys; from dlcli.data.sources.peek import peek_columns; "
        "from dlcli.data.table.roles import assign_roles; "
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bytes_are_no_surprise(tmp_path: Path) -> None:
    """An archive written member by member, as other programs write them."""
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", buffer.getvalue())
    (chunk,) = open_(tmp_path / "a.npz").chunks({"x": "number"})
    assert chunk.columns["x"].tolist() == [0, 1, 2]


def _archive_of_arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.arange(2))
    return buffer.getvalue()


def _workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"a,b\n1,2\n", ".csv"),
        (b"a\tb\n1\t2\n", ".tsv"),
        (b"a\tb,c\n", ".csv"),
        (b"[time],[value]\n1,2\n", ".csv"),
        ("a,b\n1,é\n".encode("utf-16"), ".csv"),
        ("a,b\n1,é\n".encode("latin-1"), ".csv"),
        (b'{"a": 1}\n', ".jsonl"),
        (b'\xef\xbb\xbf{"a": 1}\n', ".jsonl"),
        (b'\n [{"a": 1}]', ".jsonl"),
        (b"[1, 2]\n", ".jsonl"),
        (b"PAR1\x15\x04", ".parquet"),
        (_archive_of_arrays(), ".npz"),
        (_workbook(), None),
        (b"PK\x03\x04", None),
        (b"<!DOCTYPE html>", None),
        (b"%PDF-1.7", None),
        (b"\x80\x04\x95", None),
        (b"", None),
    ],
)
def test_what_the_first_bytes_tell(content: bytes, suffix: str | None, tmp_path: Path) -> None:
    """Of a file without a suffix, and of standard input; text may be gzipped."""
    assert sniff(content) == suffix
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "zipped.gz").write_bytes(gzip.compress(content))
    for name in ("plain", "zipped.gz"):
        expected = None if suffix is None else suffixes()[suffix]
        if expected is None or (name == "zipped.gz" and not expected.text):
            with pytest.raises(DataError):
                format_of(tmp_path / name)
        else:
            assert format_of(tmp_path / name) is expected
    for data, end in ((content, ""), (gzip.compress(content), ".gz")):
        with keep_input(io.BytesIO(data), suffix=None) as kept:
            assert kept.file.name == f"stdin{suffix or '.csv'}{end}"


def test_a_format_is_asked_for_by_its_name() -> None:
    assert [by_name(name).name for name in ("csv", "tsv", "npz")] == ["delimited", "delimited", "npz"]
    with pytest.raises(DataError) as caught:
        by_name("parqet")
    assert "parquet" in caught.value.problems[0].hint
    assert caught.value.problems[0].rule == "unknown-format"


def test_json_lines_of_a_guessed_encoding_are_doubted(tmp_path: Path) -> None:
    """As delimited text is, of which the encoding is guessed for a trained model alone."""
    like = Trained(needed=frozenset("a"), layouts=(), headerless=False, like=Reading())
    for name, text in (("a.jsonl", '{"a": "é"}\n'), ("a.csv", "a\né\n")):
        (tmp_path / name).write_bytes(text.encode("cp1252"))
        (doubt,) = open_source([str(tmp_path / name)], TableOptions(trained=like), path="").doubts()
        assert doubt.rule == "wrong-encoding"
