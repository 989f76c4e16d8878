"""Every output format gives back what was written, and files appear whole or not at all."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.errors import DataError, Problem
from dlcli.inference.writers import FORMATS, OutputFormat, output_format, write_file, write_stream

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
    writer = write_stream(stream, SCHEMA, format=format, raw_text=True)
    for part in tables:
        writer.write(part)
    writer.close()
    return stream.getvalue()


def read(format: str, data: bytes) -> list[tuple[str, float]]:
    if format == "parquet":
        back = pyarrow.parquet.read_table(io.BytesIO(data))
    elif format == "jsonl":
        return [tuple(json.loads(line).values()) for line in data.decode().removesuffix("\n").split("\n")]
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


@pytest.mark.parametrize("format", sorted(set(FORMATS.values())))
@given(first=cells, second=cells)
def test_what_is_written_is_read_again(
    format: OutputFormat, first: list[tuple[str, float]], second: list[tuple[str, float]]
) -> None:
    assert read(format, written(format, table(first), table(second))) == first + second


def test_plain_cells_stay_plain_and_others_are_quoted() -> None:
    assert written("csv", table([("setosa", 0.5)])) == b'prediction,"score, of it"\nsetosa,0.5\n'
    assert b'"a,b"' in written("csv", table([("a,b", 0.5), ("c", 1.0)]))


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


@pytest.mark.parametrize("name", ["gone/out.csv", "."])
def test_places_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot write"), write_file(tmp_path / name):
        pass
