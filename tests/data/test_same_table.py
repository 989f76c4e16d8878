"""The same table as CSV, TSV, JSON lines, Parquet or a frame, whole or in shards, is the same data to a model."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import decimal
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.config.schema import DataConfig
from dlcli.data.inputs import open_input
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.encoding import encode_chunk
from dlcli.data.sources.delimited import source as delimited
from dlcli.data.sources.jsonlines import objects
from dlcli.data.sources.jsonlines import source as jsonlines
from dlcli.data.sources.parquet import source as parquet
from dlcli.errors import DataError

pytestmark = pytest.mark.slow

Cells = list[Any]
FEATURES = ("a", "b", "c")
MARKS = ["", "2.0", "red", "True", "2024-01-01", "7"]

words = st.sampled_from(["red", "green", 'a "quoted" one', "x, y", "é", "NaN-like", "tr ue", "True story", "1a", "-"])
days = st.dates(datetime.date(1903, 1, 1), datetime.date(2100, 1, 1))
moments = st.datetimes(datetime.datetime(1903, 1, 1), datetime.datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@dataclasses.dataclass(frozen=True)
class Kind:
    """A type of column: its cells, and the types that Arrow may have for it."""

    cells: st.SearchStrategy[Any]
    arrow: tuple[pa.DataType, ...]


TEXTS = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()))
KINDS = {
    "small": Kind(st.integers(0, 3), (pa.int8(), pa.int64(), pa.uint16(), pa.float64(), pa.float32())),
    "whole": Kind(st.integers(-(2**63), 2**63 - 1), (pa.int64(),)),
    "real": Kind(st.floats(-1e9, 1e9).map(lambda value: value + 0.0), (pa.float64(),)),
    "decimal": Kind(
        st.decimals(-1000, 1000, places=2).map(lambda value: value if value else decimal.Decimal("0.00")),
        (pa.decimal128(12, 2),),
    ),
    "boolean": Kind(st.booleans(), (pa.bool_(),)),
    "text": Kind(words, TEXTS),
    "code": Kind(st.sampled_from(["007", "7", "12", "0", "012"]), TEXTS),
    "spelled": Kind(
        st.sampled_from(["1", "1.0", " a ", "a", "True", "true", "2024-01-01 00:00:00", "2024-01-01"]), TEXTS
    ),
    "mostly numbers": Kind(st.sampled_from(["1", "2", "3", "4.5", "1e3", "6", "x"]), TEXTS),
    "day": Kind(days, (pa.date32(), pa.timestamp("ms"))),
    "moment": Kind(moments, (pa.timestamp("us"), pa.timestamp("ns"))),
    "zoned": Kind(
        moments.map(lambda moment: moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30)))),
        (pa.timestamp("us", "UTC"), pa.timestamp("ms", "Asia/Kolkata")),
    ),
    "time": Kind(st.times().map(lambda time: time.replace(microsecond=0)), (pa.time32("s"), pa.time64("us"))),
}


@dataclasses.dataclass(frozen=True)
class Table:
    """Columns, and the arrow type of each."""

    columns: dict[str, Cells]
    types: dict[str, pa.DataType]

    def __len__(self) -> int:
        return len(self.columns["y"])

    def rows(self, start: int = 0, stop: int | None = None) -> Table:
        return Table({name: cells[start:stop] for name, cells in self.columns.items()}, self.types)

    def arrow(self) -> pa.Table:
        return pa.table({name: _array(cells, self.types[name]) for name, cells in self.columns.items()})


def _array(cells: Cells, kind: pa.DataType) -> pa.Array:
    if any(type(cell) in (str, datetime.date) for cell in cells):
        return pa.array(cells).cast(kind)
    return pa.array(cells, kind)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    size = draw(st.integers(4, 24))
    columns: dict[str, Cells] = {}
    types: dict[str, pa.DataType] = {}
    for name in (*FEATURES, "g", "y"):
        names = [*KINDS] if name in FEATURES else ["small", "whole", "boolean", "text", "spelled", "real", "day"]
        kind = KINDS[draw(st.sampled_from(names))]
        cell = kind.cells if name in ("g", "y") else st.one_of(kind.cells, kind.cells, kind.cells, st.none())
        columns[name] = draw(st.lists(cell, min_size=size, max_size=size))
        types[name] = draw(st.sampled_from(kind.arrow))
    return Table(columns, types)


def as_text(cell: Any) -> str:
    """As pandas writes cells."""
    return "" if cell is None else cell.isoformat(" ") if isinstance(cell, datetime.datetime) else str(cell)


def write_delimited(table: Table, file: Path, delimiter: str = ",") -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(table.columns)
        writer.writerows([as_text(cell) for cell in row] for row in zip(*table.columns.values(), strict=True))


def as_json(cell: Any) -> Any:
    return float(cell) if isinstance(cell, decimal.Decimal) else cell.isoformat()


def write_json(table: Table, file: Path) -> None:
    """Every other empty cell is a key that is left out."""
    lines = []
    for place, row in enumerate(zip(*table.columns.values(), strict=True)):
        pairs = zip(table.columns, row, strict=True)
        last = place == len(table) - 1
        kept = {name: cell for name, cell in pairs if cell is not None or last or (place + len(name)) % 2}
        lines.append(
            json.dumps(
                kept, default=lambda cell: float(cell) if isinstance(cell, decimal.Decimal) else cell.isoformat()
            )
        )
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


WRITERS: dict[str, Callable[[Table, Path], None]] = {
    "csv": write_delimited,
    "tsv": lambda table, file: write_delimited(table, file, "\t"),
    "jsonl": write_json,
    "parquet": lambda table, file: pq.write_table(table.arrow(), file),
}


@pytest.fixture(autouse=True, scope="module")
def _small_pieces() -> Iterator[None]:
    """Files of a few rows have many pieces, as large files do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", 300)
        patch.setattr(jsonlines, "BATCH_ROWS", 3)
        patch.setattr(jsonlines, "JSON_ROWS", 2)
        patch.setattr(objects, "JSON_ROWS", 2)
        patch.setattr(parquet, "BATCH_ROWS", 3)
        yield


def config(files: Sequence[Path], **options: Any) -> DataConfig:
    return DataConfig.model_validate(
        {
            "train": list(map(str, files)),
            "target": "y",
            "features": dict.fromkeys(FEATURES),
            "validation": 0.25,
            "split": {"group": "g"},
            "batch_size": "full",
            **options,
        }
    )


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What becomes of a table: the prepared data, or the messages that refuse it."""

    prepared: Prepared | None
    messages: tuple[str, ...]


def outcome(files: Sequence[Path], **options: Any) -> Outcome:
    try:
        prepared = prepare(config(files, **options), seed=1)
    except DataError as error:
        messages = tuple(f"{one.path} {one.message} {one.hint} {one.rule}" for one in error.problems)
        return Outcome(None, messages)
    return Outcome(prepared, (*prepared.notes, *map(str, prepared.doubts)))


def comparable(value: Any, *, nearly: bool = False) -> Any:
    """JSON values to compare: up to rounding, which depends on how the rows were cut, and without how a text is spelled
    and whether the file says that it is one, which is the file's."""
    match value:
        case float():
            # Of 64-bit integers of both signs the mean keeps half of its digits.
            return pytest.approx(value, rel=1e-6, abs=1e-9) if nearly else value
        case list():
            return [comparable(item, nearly=nearly) for item in value]
        case dict():
            kept = {key: item for key, item in value.items() if key not in ("texts", "spellings")}
            return {key: comparable(item, nearly=nearly) for key, item in kept.items()}
    return value


def check_same(first: Outcome, other: Outcome, name: str) -> None:
    def without_file(messages: Sequence[str]) -> list[str]:
        return [re.sub(r" of '[^']*'", "", message) for message in messages]

    assert without_file(other.messages) == without_file(first.messages), name
    if first.prepared is None or other.prepared is None:
        assert first.prepared is other.prepared
        return
    wanted = comparable(first.prepared.preprocessing.state(), nearly=True)
    assert comparable(other.prepared.preprocessing.state()) == wanted, name
    assert other.prepared.splits.keys() == first.prepared.splits.keys()
    for split, arrays in first.prepared.splits.items():
        found = other.prepared.splits[split]
        assert isinstance(found, ArraySamples)
        assert isinstance(arrays, ArraySamples)
        assert found.rows.tolist() == arrays.rows.tolist(), name
        for part in ("inputs", "targets"):
            for key, array in getattr(arrays.held, part).items():
                np.testing.assert_allclose(getattr(found.held, part)[key], array, rtol=1e-5, atol=1e-5, err_msg=name)


def encoded(rows: Any, preprocessing: Preprocessing, config_: DataConfig) -> dict[str, Any]:
    opened = open_input([rows] if isinstance(rows, Path) else rows, config_, preprocessing, with_targets=True)
    parts: list[Mapping[str, Any]] = []
    for part in opened.rows():
        inputs, targets = encode_chunk(preprocessing, part.chunk)
        parts.append({**{f"x.{name}": array for name, array in inputs.items()}, **targets})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tables(), st.integers(1, 20), st.sampled_from([{}, {"missing_values": MARKS}]))
def test_the_same_table_is_the_same_data(table: Table, cut: int, options: dict[str, Any]) -> None:
    check_table(table, cut, options)


@pytest.mark.soak
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tables(), st.integers(1, 20), st.sampled_from([{}, {"missing_values": MARKS}]))
def test_of_many_tables_too(table: Table, cut: int, options: dict[str, Any]) -> None:
    check_table(table, cut, options)


def check_table(table: Table, cut: int, options: dict[str, Any]) -> None:
    """Every format gives the data of the CSV file, in one piece and in two."""
    cut = min(cut, len(table) - 1)
    with tempfile.TemporaryDirectory() as folder:
        whole: dict[str, list[Path]] = {}
        for suffix, write in WRITERS.items():
            whole[suffix] = [Path(folder, f"t.{suffix}")]
            write(table, whole[suffix][0])
            shards = [Path(folder, f"t{place}.{suffix}") for place in (1, 2)]
            write(table.rows(0, cut), shards[0])
            write(table.rows(cut), shards[1])
            whole[f"shards of {suffix}"] = shards
        first = outcome(whole["csv"], **options)
        for name, files in whole.items():
            found = outcome(files, **options)
            if "shards" in name and first.prepared is None:
                # Rows are numbered in each file, and a message names the first file that has a fault.
                assert found.prepared is None
                continue
            check_same(first, found, name)
        if first.prepared is None:
            return
        config_, preprocessing = first.prepared.config, first.prepared.preprocessing
        wanted = encoded(whole["csv"][0], preprocessing, config_)
        arrow = table.arrow()
        frame = arrow.cast(pa.schema([(each.name, _without_view(each.type)) for each in arrow.schema]))
        for other in (arrow, frame.to_pandas(types_mapper=pd.ArrowDtype), whole["jsonl"][0], whole["parquet"][0]):
            for name, array in encoded(other, preprocessing, config_).items():
                np.testing.assert_allclose(array, wanted[name], rtol=1e-5, atol=1e-5)


def test_an_empty_target_hides_no_class_that_training_never_shows(tmp_path: Path) -> None:
    """They stand in one piece of a file, and in two of another."""
    kinds = ["red", "green", "1a", "1a", "é", "green", "é", "green", "1a", "1a", "green", "é"]
    groups = [9 if kind == "é" else 0 for kind in kinds]
    columns: dict[str, Cells] = {**{name: ["p", "q"] * 6 for name in FEATURES}, "g": groups, "y": kinds}
    table = Table(columns, {name: pa.int64() if name == "g" else pa.string() for name in columns})
    for suffix, write in WRITERS.items():
        write(table, tmp_path / f"t.{suffix}")
    found = {name: outcome([tmp_path / f"t.{name}"], missing_values=["red"]) for name in WRITERS}
    for name in WRITERS:
        check_same(found["csv"], found[name], name)
    empty, other = found["csv"].messages
    assert empty.endswith("missing-target")
    assert "the validation split has classes of 'y' that the training split never shows: 'é' (3 rows)" in other


def _without_view(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind == pa.string_view() else kind
