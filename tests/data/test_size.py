"""A glance at a file tells about how many rows it has."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data.table import size
from dlcli.data.table.size import about_rows


@pytest.mark.parametrize("rows", [1, 150, 3000])
def test_lines_of_like_length(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "GLANCE", 1000)
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n" + "1.25,2.5\n" * rows)
    assert about_rows([file]) == pytest.approx(rows + 1, rel=0.02)
    assert about_rows([file, file]) == pytest.approx(2 * rows + 2, rel=0.02)


def test_parquet_says_it(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(777)}), tmp_path / "rows.parquet")
    assert about_rows([tmp_path / "rows.parquet"]) == 777


def test_a_format_that_is_given_counts_more_than_the_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(777)}), tmp_path / "data.bin")
    np.savez(tmp_path / "arrays.bin.npz", a=np.zeros(1000))
    (tmp_path / "arrays.bin.npz").rename(tmp_path / "arrays.bin")
    (tmp_path / "lines.parquet").write_text("a\n1\n2\n")
    assert about_rows([tmp_path / "data.bin"], "parquet") == 777
    assert about_rows([tmp_path / "arrays.bin"], "npz") is None
    assert about_rows([tmp_path / "lines.parquet"], "delimited") == 3


def test_what_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b"a\n1\n2\n"))
    (tmp_path / "empty.csv").touch()
    (tmp_path / "line.csv").write_text("a,b")
    (tmp_path / "no.parquet").write_bytes(b"PAR1")
    (tmp_path / "arrays.NPZ").write_bytes(b"a\n1\n2\n")
    for name in ("arrays.NPZ", "rows.csv.gz", "empty.csv", "line.csv", "no.parquet", "gone.csv"):
        assert about_rows([tmp_path / name]) is None, name
    assert about_rows([]) == 0
