"""A glance at files tells about how many rows they have."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data.sources import access
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.registry import by_name


def about_rows(*files: Path, spoken: str | None = None) -> int | None:
    format = None if spoken is None else by_name(spoken)
    return open_source([str(file) for file in files], TableOptions(), path="", format=format).about_rows()


@pytest.mark.parametrize("rows", [1, 150, 3000])
def test_lines_of_like_length(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "GLANCE", 1000)
    files = [tmp_path / name for name in ("rows.csv", "more.csv")]
    for file in files:
        file.write_text("a,b\n" + "1.25,2.5\n" * rows)
    assert about_rows(files[0]) == pytest.approx(rows + 1, rel=0.02)
    assert about_rows(*files) == pytest.approx(2 * rows + 2, rel=0.02)


def test_parquet_says_it(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(777)}), tmp_path / "rows.parquet")
    assert about_rows(tmp_path / "rows.parquet") == 777


def test_a_format_that_is_given_counts_more_than_the_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(777)}), tmp_path / "data.bin")
    np.savez(tmp_path / "arrays.bin.npz", a=np.zeros(1000))
    (tmp_path / "arrays.bin.npz").rename(tmp_path / "arrays.bin")
    (tmp_path / "lines.parquet").write_text("a\n1\n2\n")
    assert about_rows(tmp_path / "data.bin", spoken="parquet") == 777
    assert about_rows(tmp_path / "arrays.bin", spoken="npz") == 1000
    assert about_rows(tmp_path / "lines.parquet", spoken="csv") == 3


def test_what_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b"a\n1\n2\n"))
    (tmp_path / "empty.csv").touch()
    (tmp_path / "line.csv").write_text("a,b")
    (tmp_path / "no.parquet").write_bytes(b"PAR1")
    (tmp_path / "arrays.NPZ").write_bytes(b"a\n1\n2\n")
    for name in ("arrays.NPZ", "rows.csv.gz", "empty.csv", "line.csv", "no.parquet"):
        assert about_rows(tmp_path / name) is None, name
    (tmp_path / "gone.csv").write_text("a\n1\n")
    gone = open_source([str(tmp_path / "gone.csv")], TableOptions(), path="")
    (tmp_path / "gone.csv").unlink()
    assert gone.about_rows() is None
