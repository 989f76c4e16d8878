"""Marks of empty cells are seen where they are whole cells, and nowhere else."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dlcli.data.sources.sightings import Sightings


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
