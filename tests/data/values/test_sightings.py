"""Marks of empty cells are seen where they are whole cells, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.values.sightings import Sightings


@pytest.mark.parametrize("mark", ["?", "-9", "n.a.", "é"])
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("{0}", True),
        ("{0},a\n", True),
        ("a,{0}\nb", True),
        ("a\r\n{0}\r\n", True),
        ('a,"{0}"\n', True),
        ('"{0}",a', True),
        ("a,{0}b\n", False),
        ("a{0},b\n", False),
        ('a,"{0},"\n', False),
        ('"a {0}",b', False),
        ("", False),
    ],
)
def test_whole_cells_alone_are_marks(mark: str, text: str, seen: bool) -> None:
    sightings = Sightings([mark, "other"])
    sightings.see_text(text.format(mark).encode(), ",")
    assert sightings.unseen == (("other",) if seen else (mark, "other"))


@pytest.mark.parametrize(
    ("values", "unseen"),
    [
        (pa.array(["-9", "x"]), ("?",)),
        (pa.array([1, -9]), ("?",)),
        (pa.array([-9.0, None]), ("?",)),
        (pa.array(["?", "-9"]).dictionary_encode(), ()),
        (pa.array([[1]]), ("-9", "?")),
        (pa.array([True]), ("-9", "?")),
    ],
)
def test_marks_in_other_formats(values: pa.Array, unseen: tuple[str, ...]) -> None:
    sightings = Sightings(["-9", "?"])
    sightings.see_cells(values)
    assert sightings.unseen == unseen


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", ">f8", "<U3", "datetime64[D]"])
def test_marks_in_arrays(dtype: str, tmp_path: Path) -> None:
    day = dtype.startswith("datetime")
    texts = ["1990-01-02", "1990-01-03", "1990-01-04"] if day else ["1", "9", "3"]
    found = texts[1]
    values = np.array(texts) if dtype.startswith("<U") else np.array(texts if day else [1, 9, 3], dtype)
    sightings = Sightings([found, "other", "7", "1980-01-01"])
    np.savez(tmp_path / "a.npz", x=values, y=np.zeros(3))
    options = TableOptions(missing_values=("", found, "other", "7", "1980-01-01"), sightings=sightings)
    (chunk,) = open_source([str(tmp_path / "a.npz")], options, path="").chunks({"x": "text", "y": "number"})
    assert sightings.unseen == ("other", "7", "1980-01-01")
    assert [value is None or value != value for value in chunk.columns["x"].tolist()] == [False, True, False]


def test_marks_in_arrays_of_several_values_a_row(tmp_path: Path) -> None:
    sightings = Sightings(["-9", "-8"])
    np.savez(tmp_path / "a.npz", x=np.array([[1, 2], [3, -9]], np.int8))
    options = TableOptions(missing_values=("", "-9", "-8"), sightings=sightings)
    list(open_source([str(tmp_path / "a.npz")], options, path="").chunks({"x": "number"}))
    assert sightings.unseen == ("-8",)
