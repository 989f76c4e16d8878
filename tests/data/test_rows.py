"""Rows that are kept: any subset of them, in order, and where each stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.sources.frame import FrameSource
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.table.rows import Rows

lengths = st.lists(st.integers(0, 8), min_size=1, max_size=6)


@given(lengths, st.data())
def test_any_rows_come_in_order(sizes: list[int], data: st.DataObject) -> None:
    total = sum(sizes)
    values = np.arange(total, dtype=np.float64)
    parts = np.split(values, np.cumsum(sizes)[:-1])
    table = pa.table({"a": pa.chunked_array([pa.array(part) for part in parts], pa.float64())})
    rows = Rows.read(FrameSource(table, TableOptions()), {"a": "number"})
    assert rows.num_rows == total
    assert [value for part in rows.column("a") for value in part.tolist()] == values.tolist()
    wanted = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=total, max_size=total)))
    found = [value for chunk in rows.chunks(wanted) for value in chunk.columns["a"].tolist()]
    assert found == wanted.tolist()


def test_a_row_is_named_by_its_file(tmp_path: Path) -> None:
    for name, size in (("a", 3), ("b", 2)):
        (tmp_path / f"{name}.csv").write_text("x\n" + "1\n" * size)
    rows = Rows.read(open_source([str(tmp_path / "*.csv")], TableOptions(), path=""), {"x": "number"})
    assert [rows.place(row) for row in (0, 2, 3, 4)] == [
        "row 1 of 'a.csv'",
        "row 3 of 'a.csv'",
        "row 1 of 'b.csv'",
        "row 2 of 'b.csv'",
    ]
