"""Every output format gives back what was written, and files appear whole or not at all."""

from __future__ import annotations

import datetime
import decimal
import errno
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.errors import DataError, Problem
from dlcli.prediction.destination import write_file, write_standard_output
from dlcli.prediction.outputs import OUTPUTS, OutputFormat, output_format

cells = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1, max_size=8),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    min_size=1,
    max_size=20,
)
SCHEMA = pa.schema([("prediction", pa.string()), ("score, of it", pa.float32())])


def table(rows: list[tuple[str, float]]) -> pa.Table:
    return pa.table([[row[0] for row in rows], [row[1] for row in rows]], schema=SCHEMA)


def written(format: OutputFormat, *tables: pa.Table) -> bytes:
    stream = io.BytesIO()
    writer = OUTPUTS[format].writer(stream, SCHEMA, True)
    for part in tables:
        writer.write(part)
    writer.close()
    return stream.getvalue()


def read(format: str, data: bytes) -> list[tuple[str, float]]:
    if format == "npz":
        with np.load(io.BytesIO(data)) as arrays:
            assert list(arrays) == SCHEMA.names
            # An array of texts cannot tell trailing zero bytes from its padding.
            return [(str(text), float(score)) for text, score in zip(*arrays.values(), strict=True)]
    if format == "parquet":
        back = pyarrow.parquet.read_table(io.BytesIO(data))
    elif format == "jsonl":
        rows = [json.loads(line).values() for line in data.decode().removesuffix("\n").split("\n")]
        return [(text, float(np.float32(score))) for text, score in rows]
    else:
        back = pyarrow.csv.read_csv(
            io.BytesIO(data),
            parse_options=pyarrow.csv.ParseOptions(delimiter="," if format == "csv" else "\t", newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=SCHEMA, strings_can_be_null=False, quoted_strings_can_be_null=False
            ),
        )
    assert back.column_names == SCHEMA.names
    return list(zip(*(column.to_pylist() for column in back.columns), strict=True))


@pytest.mark.parametrize("format", OUTPUTS)
@given(first=cells, second=cells)
def test_what_is_written_is_read_again(
    format: OutputFormat, first: list[tuple[str, float]], second: list[tuple[str, float]]
) -> None:
    assert read(format, written(format, table(first), table(second))) == first + second


def test_plain_cells_stay_plain_and_others_are_quoted() -> None:
    assert written("csv", table([("setosa", 0.5)])) == b'prediction,"score, of it"\nsetosa,0.5\n'
    odd = table([("a,b", 0.5), ("c", 1.0), ('say "hi"', 2.0), ("", 3.0), ("\n", 0.0000001)])
    rows = b'"a,b",0.5\nc,1\n"say ""hi""",2\n,3\n"\n",1e-7\n'
    assert written("csv", odd, table([("c", 1.0)])) == b'prediction,"score, of it"\n' + rows + b"c,1\n"


def test_a_cell_looks_the_same_whatever_its_neighbours_hold() -> None:
    """Both ways of writing rows write the same for every type."""
    columns = {
        "whole": pa.array([1, None]),
        "float": pa.array([1e-20, 1018.5810043930417]),
        "small": pa.array([1.23456e-20, 0.9999923], pa.float32()),
        "boolean": pa.array([True, None]),
        "time": pa.array([datetime.datetime(2024, 1, 1, 3, 4, 5), None], pa.timestamp("us")),
        "zone": pa.array([datetime.datetime(2024, 1, 1), None], pa.timestamp("ms", "UTC")),
        "date": pa.array([datetime.date(2024, 1, 1), None]),
        "decimal": pa.array([decimal.Decimal("1.50"), None]),
        "nan": pa.array([float("nan"), float("inf")]),
        "text": pa.array([" a ", None]),
    }
    lines = []
    for odd in ("plain", "a,b"):
        rows = pa.table({**columns, "last": [odd, "plain"]})
        stream = io.BytesIO()
        OUTPUTS["csv"].writer(stream, rows.schema, False).write(rows)
        lines.append(stream.getvalue())
    assert lines[0].replace(b",plain\n", b',"a,b"\n', 1) == lines[1]


@pytest.mark.parametrize("column", [pa.array(["a", "", None, "b"]), pa.array([1.0, None, 2.0, None])])
def test_a_row_whose_only_cell_is_empty_is_no_empty_line(column: pa.Array) -> None:
    alone = pa.table({"prediction": column})
    stream = io.BytesIO()
    OUTPUTS["csv"].writer(stream, alone.schema, False).write(alone)
    header, *lines = stream.getvalue().decode().splitlines()
    assert header == "prediction"
    assert len(lines) == 4
    assert lines.count('""') == 2
    stream = io.BytesIO()
    two = pa.table({"prediction": column, "other": column})
    OUTPUTS["csv"].writer(stream, two.schema, False).write(two)
    assert b'"' not in stream.getvalue()


def test_json_numbers_have_the_digits_of_their_type() -> None:
    assert written("jsonl", table([("x", 0.9999923)])) == b'{"prediction": "x", "score, of it": 0.9999923}\n'


def test_json_has_no_nan() -> None:
    assert json.loads(written("jsonl", table([("x", float("nan"))])))["score, of it"] is None


def test_an_unknown_suffix_names_the_known_ones() -> None:
    with pytest.raises(DataError) as error:
        output_format(Path("out.xlsx"))
    assert ".parquet" in error.value.problems[0].hint


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"

    def stop() -> None:
        with write_file(target) as stream:
            stream.write(b"half")
            raise DataError(Problem("stop"))

    with pytest.raises(DataError, match="stop"):
        stop()
    assert list(tmp_path.iterdir()) == []
    with write_file(target) as stream:
        stream.write(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_bytes() == b"whole"


def overwrite(target: Path) -> None:
    with write_file(target) as stream:
        stream.write(b"new")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_the_replaced_file_or_of_a_new_one(tmp_path: Path, mask: int, mode: int) -> None:
    (tmp_path / "old.csv").touch()
    (tmp_path / "old.csv").chmod(0o640)
    before = os.umask(mask)
    try:
        overwrite(tmp_path / "new.csv")
        overwrite(tmp_path / "old.csv")
    finally:
        os.umask(before)
    assert (tmp_path / "new.csv").stat().st_mode & 0o777 == mode
    assert (tmp_path / "old.csv").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("broken", [False, True])
def test_what_a_link_names_is_written(tmp_path: Path, broken: bool) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "out.csv", tmp_path / "link.csv"
    if not broken:
        target.write_text("old")
    (tmp_path / "between").symlink_to("there/out.csv")
    link.symlink_to("between")
    overwrite(link)
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["out.csv"]


def test_a_link_to_itself_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DataError, match="cannot write"):
        overwrite(tmp_path / "loop")
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


@pytest.mark.parametrize("name", ["out.csv", "/dev/null", None])
def test_what_cannot_be_read_is_not_the_fault_of_the_output(
    tmp_path: Path, name: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    def rows() -> Iterator[bytes]:
        yield b"1\n"
        raise OSError(errno.EIO, "Input/output error")

    def write() -> None:
        with write_standard_output() if name is None else write_file(tmp_path / name) as stream:
            for row in rows():
                stream.write(row)

    with pytest.raises(OSError, match="Input/output error"):
        write()
    assert list(tmp_path.iterdir()) == []
    sys.stdout.write("more\n")
    assert capfd.readouterr().out == ("1\nmore\n" if name is None else "more\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("size", [1, 10_000_000], ids=["at the end", "at once"])
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_device_that_is_full(format: OutputFormat, size: int) -> None:
    def write() -> None:
        rows = pa.table({"a": ["x" * size]})
        with write_file(Path("/dev/full")) as stream:
            writer = OUTPUTS[format].writer(stream, rows.schema, False)
            writer.write(rows)
            writer.close()

    with pytest.raises(DataError, match="cannot write /dev/full: No space left"):
        write()


def test_a_reader_that_has_gone_goes_through(tmp_path: Path) -> None:
    def write() -> None:
        with write_file(tmp_path / "pipe") as stream:
            os.close(reader)
            stream.write(b"rows")

    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(BrokenPipeError):
        write()


@pytest.mark.parametrize("name", ["gone/out.csv", "."])
def test_places_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot write"), write_file(tmp_path / name):
        pass
