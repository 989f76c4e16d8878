"""Types that the config does not give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dlcli.codecs.number.schema import NumberFeature
from dlcli.config.options.section import Divide
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH, ColumnInfo
from dlcli.data.types.inference import collect_notes, infer_feature, infer_target


def feature(values: list[Any] | np.ndarray[Any, Any] | pa.Array) -> tuple[str | None, str]:
    if isinstance(values, list):
        values = pa.array(values)
    column = values if isinstance(values, np.ndarray) else pa.chunked_array([values])
    guess = infer_feature(column, ColumnInfo("x", "text"))
    return (guess.feature.type if guess.feature else None), guess.note


@pytest.mark.parametrize(
    ("values", "kind", "note"),
    [
        ([1.5, 2.5], "number", "number"),
        ([1.5, None, 2.0], "number", "number (1 missing: median)"),
        (["1", " 2.5", "-3e4"], "number", "number"),
        (["01", "02", "10"], "category", "category (3 values, numbers with leading zeros among them)"),
        (["1", "1.0", "2", "x"], "category", "category (3 values)"),
        (["1"] * 9 + ["x"], "number", "number"),
        (["2024-01-31"] * 9 + ["x"], "datetime", "datetime"),
        (["2024-01-31"] * 8 + ["x"], "category", "category (2 values)"),
        (["True", "false", "TRUE"], "boolean", "boolean"),
        (["1", "1.0"], "number", "number (constant)"),
        (["1", "2", "x"], "category", "category (3 values)"),
        (["a", "b", "a", None], "category", "category (2 values, 1 missing)"),
        ([True, False], "boolean", "boolean"),
        (["yes", "No", "yes", None], "boolean", "boolean (1 missing: most frequent)"),
        (["t", "f"], "boolean", "boolean"),
        (["y", "yes"], "category", "category (2 values)"),
        (["2024-01-31", "2024-02-01"], "datetime", "datetime"),
        (["1749-01", "1983-12"], "datetime", "datetime"),
        (["1749-01", "1749-02-03"], "datetime", "datetime"),
        (["1749-13", "1749-01"], "category", "category (2 values)"),
        (["1749", "1750"], "number", "number"),
        (["2024-01-31T10:20:30Z", "2024-02-01 10:20"], "datetime", "datetime"),
        (["2024-13-31", "2024-02-01"], "category", "category (2 values)"),
        (["the quick brown fox", "jumps over the dog", "and runs away fast"], "text", "text"),
        (["the quick brown fox"] * 3 + ["a b c"] * 3, "category", "category (2 values)"),
        ([None, None], None, "left out: the column has no values"),
        (["same", "same"], "category", "category (1 value)"),
        ([4.0, 4.0], "number", "number (constant)"),
        (
            [f"id{number}" for number in range(30)],
            "category",
            "category (30 values)",
        ),
        (pa.array([0, 1], pa.date32()), "datetime", "datetime"),
        (
            pa.array([["a"], ["b", "c"]]),
            None,
            "left out: lists of texts, or of several lengths; {type: number, pad: auto} makes sequences of them",
        ),
        (np.zeros((3, 8, 8), np.uint8), "image", "image (8 x 8, gray)"),
        (np.zeros((3, 8, 9, 3), np.uint8), "image", "image (8 x 9, rgb)"),
        (np.zeros((3, 3, 8, 8), np.uint8), "number", "number of shape (3, 8, 8), image: divided by 255"),
        (np.zeros((3, 8, 8, 2), np.uint8), "number", "number of shape (8, 8, 2), image: divided by 255"),
        (np.zeros((3, 8, 4), np.uint8), "number", "number of shape (8, 4), image: divided by 255"),
        (np.array([1.0, np.nan]), "number", "number (1 missing: median, constant)"),
    ],
)
def test_features(values: Any, kind: str | None, note: str) -> None:
    found, said = feature(values)
    assert found == kind
    if "constant" in note:
        assert set(said.strip(")").split("(")[1].split(", ")) == set(note.strip(")").split("(")[1].split(", "))
    else:
        assert said == note


def test_images_are_divided() -> None:
    guess = infer_feature(np.zeros((2, 4, 4), np.uint8), ColumnInfo("x", "number", (4, 4), "uint8"))
    assert isinstance(guess.feature, NumberFeature)
    assert guess.feature.scale == Divide(divide=255.0)
    series = infer_feature(np.zeros((2, 4, 4), np.float32), ColumnInfo("x", "number", (4, 4), "float32"))
    assert isinstance(series.feature, NumberFeature)
    assert series.feature.scale == "standard"


INTEGERS = ["0", "1", "2", "0"]


@pytest.mark.parametrize(
    ("values", "classification", "units", "kind"),
    [
        (["a", "b"], None, None, "category"),
        ([True, False], None, 1, "category"),
        (["1.5", "2"], None, 3, "number"),
        (["1.5", "2"], True, None, "category"),
        (INTEGERS, True, 1, "category"),
        (INTEGERS, False, 3, "number"),
        (INTEGERS, None, 3, "category"),
        (INTEGERS, None, 2, "number"),
        (INTEGERS, None, 1, "number"),
        (INTEGERS, None, None, "category"),
        ([str(number * 7) for number in range(50)], None, None, "number"),
        ([1.0, 2.0], None, 2, "category"),
        (["1.0", "2.0"], None, 2, "category"),
        ([1.0, 2.5], None, 2, "number"),
        (np.zeros((4, 3)), True, 3, "number"),
        (np.array([0, 1, 2]), None, 3, "category"),
    ],
)
def test_targets(values: Any, classification: bool | None, units: int | None, kind: str) -> None:
    column = values if isinstance(values, np.ndarray) else pa.chunked_array([values])
    info = ColumnInfo("y", None, dtype=str(values.dtype) if isinstance(values, np.ndarray) else "")
    target, _, _ = infer_target(column, info, classification=classification, units=units)
    assert target.type == kind


def test_notes_of_neighbours_are_collected() -> None:
    notes = [(f"px{number}", "number") for number in range(784)] + [("label", "category (10 values)")]
    assert collect_notes(notes) == ("px0 to px783 (784 columns): number", "label: category (10 values)")


def test_paths_of_files_are_read_by_types_that_read_files_and_by_no_other() -> None:
    paths = pa.chunked_array([[f"/data/{number}.unheard-of" for number in range(20)]])
    guess = infer_feature(paths, ColumnInfo("path", "text", dtype=FILE_PATH))
    assert guess.feature is None
    assert "no type is known" in guess.note
    assert infer_feature(paths, ColumnInfo("name", "text", dtype=FILE_NAME)).feature is None
