"""What a config leaves open and the data decides: types, empty cells, the rest of the columns, the scale of targets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dlcli.codecs.datetime.schema import DatetimeFeature
from dlcli.codecs.number.schema import NumberFeature, NumberTarget
from dlcli.codecs.number.target import NumberTargetCodec
from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Chunk
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import DataError

ROWS = 60


@pytest.fixture
def table() -> pd.DataFrame:
    random = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "fare": random.normal(30, 9, ROWS).round(2),
            "age": random.normal(40, 9, ROWS).round(1),
            "town": random.choice(["Brest", "Lille", "Nancy"], ROWS),
            "open": random.choice(["yes", "no"], ROWS),
            "day": pd.date_range("2024-01-01", periods=ROWS).astype(str),
            "price": random.normal(30_000, 5_000, ROWS).round(),
        }
    )


def ready(table: pd.DataFrame, folder: Path, cache: Cache | None = None, **keys: Any) -> Prepared:
    unscalable: Mapping[str, str] = keys.pop("unscalable", {})
    table.to_csv(folder / "data.csv", index=False)
    settings = {"train": str(folder / "data.csv"), "target": "price", **keys}
    return prepare(DataConfig.model_validate(settings), seed=1, unscalable=unscalable, cache=cache)


def types(prepared: Prepared) -> dict[str, str]:
    return {name: feature.type for name, feature in (prepared.config.features or {}).items() if feature is not None}


EVERY = {"fare": "number", "age": "number", "town": "category", "open": "boolean", "day": "datetime"}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (None, list(EVERY)),
        ({"...": "auto"}, list(EVERY)),
        ({"age": {"type": "number", "scale": "min_max"}, "...": "auto"}, ["age", "fare", "town", "open", "day"]),
        ({"...": None, "fare": "auto"}, ["age", "town", "open", "day", "fare"]),
        (["day", "..."], ["day", "fare", "age", "town", "open"]),
        ({"both": {"type": "number", "columns": ["age", "fare"]}, "...": "auto"}, ["both", "town", "open", "day"]),
        (["fare", "town"], ["fare", "town"]),
    ],
)
def test_the_rest_of_the_columns(table: pd.DataFrame, tmp_path: Path, features: object, expected: list[str]) -> None:
    prepared = ready(table, tmp_path, features=features)
    assert list(types(prepared)) == expected
    assert types(prepared) == {name: EVERY.get(name, "number") for name in expected}
    again = DataConfig.model_validate(prepared.config.model_dump())
    assert prepare(again, seed=1).preprocessing.state() == prepared.preprocessing.state()


def test_the_rest_may_have_a_type_and_leaves_what_is_excluded(table: pd.DataFrame, tmp_path: Path) -> None:
    prepared = ready(table, tmp_path, features={"...": {"type": "category", "encode": "index"}}, exclude=["d*", "fare"])
    assert types(prepared) == dict.fromkeys(["age", "town", "open"], "category")


def test_columns_that_are_not_used_are_named(table: pd.DataFrame, tmp_path: Path) -> None:
    (line,) = (note for note in ready(table, tmp_path, features=["fare"]).notes if note.startswith("not used"))
    assert "age, town, open, day" in line
    assert "..." in line
    assert not any(note.startswith("not used") for note in ready(table, tmp_path, features=["fare", "..."]).notes)


@pytest.mark.parametrize("key", ["columns", "shape"])
def test_the_rest_has_no_columns_of_its_own(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        DataConfig.model_validate(
            {
                "train": "a.csv",
                "target": "y",
                "features": {"...": {"type": "number", key: [1] if key == "shape" else "a"}},
            }
        )


def test_defaults_of_a_type_are_for_all_that_say_nothing(table: pd.DataFrame, tmp_path: Path) -> None:
    features = {"age": {"type": "number", "scale": "none"}, "...": "auto"}
    defaults = {"number": {"type": "number", "scale": "min_max", "missing": "zero"}, "boolean": {"type": "boolean"}}
    found = ready(table, tmp_path, features=features, defaults=defaults).config
    assert found.features is not None
    dumped = found.model_dump()["features"]
    assert (dumped["age"]["scale"], dumped["age"]["missing"]) == ("none", "zero")
    assert (dumped["fare"]["scale"], dumped["fare"]["missing"]) == ("min_max", "zero")
    assert found.defaults is None, "every feature says it by now"


def test_defaults_need_no_type(table: pd.DataFrame, tmp_path: Path) -> None:
    found = ready(table, tmp_path, defaults={"category": {"encode": "index"}, "number": {"missing": "error"}}).config
    dumped = found.model_dump()["features"]
    assert dumped["town"]["encode"] == "index"
    assert dumped["fare"]["missing"] == "error"
    table.loc[3, "fare"] = None
    with pytest.raises(DataError, match="missing"):
        ready(table, tmp_path, defaults={"number": {"missing": "error"}})


@pytest.mark.parametrize("column", ["fare", "town", "open", "day"])
@pytest.mark.parametrize("given_type", [True, False])
def test_empty_cells_in_training_are_filled_in_and_said(
    table: pd.DataFrame, tmp_path: Path, column: str, given_type: bool
) -> None:
    table.loc[[2, 7], column] = None
    features = {column: EVERY[column]} if given_type else None
    prepared = ready(table, tmp_path, features=features)
    assert not prepared.doubts
    said = any(note.startswith(f"{column}: ") and "2 missing" in note for note in prepared.notes)
    assert said or (given_type and column == "town")
    if column == "fare":
        assert prepared.config.model_dump()["features"]["fare"]["missing"] == "median"


def encoded(preprocessing: Preprocessing, table: pd.DataFrame) -> dict[str, Any]:
    columns = {name: as_arrow(np.asarray(table[name], dtype=object)) for name in preprocessing.feature_columns}
    return dict(preprocessing.encode(Chunk(columns, len(table), 0)))


@pytest.mark.parametrize("column", [*EVERY])
def test_empty_cells_that_training_never_had_are_filled_in_with_a_warning(
    table: pd.DataFrame, tmp_path: Path, column: str
) -> None:
    prepared = ready(table, tmp_path)
    fitted = Preprocessing.from_state(prepared.preprocessing.state())
    encoded(fitted, table)
    assert not fitted.gaps()
    table[column] = table[column].astype(object)
    table.loc[[1, 4, 9], column] = None
    encoded(fitted, table)
    (warning,) = fitted.gaps()
    assert (warning.rule, warning.path) == ("missing-filled", f"data.features.{column}")
    assert "3 empty cells" in warning.message
    fitted.forget()
    assert not fitted.gaps()


@pytest.mark.parametrize("column", [*EVERY])
def test_missing_error_is_strict(table: pd.DataFrame, tmp_path: Path, column: str) -> None:
    fitted = ready(table, tmp_path, features={column: {"type": EVERY[column], "missing": "error"}}).preprocessing
    table[column] = table[column].astype(object)
    table.loc[1, column] = None
    with pytest.raises(DataError, match="missing value"):
        encoded(fitted, table)


def test_a_column_that_had_gaps_in_training_may_have_them(table: pd.DataFrame, tmp_path: Path) -> None:
    table.loc[3, "fare"] = None
    prepared = ready(table, tmp_path, features={"both": {"type": "number", "columns": ["fare", "age"]}})
    fitted = prepared.preprocessing
    encoded(fitted, table)
    assert not fitted.gaps()
    table.loc[3, "age"] = None
    encoded(fitted, table)
    assert [problem.message.count("an empty cell") for problem in fitted.gaps()] == [1], "of age alone"


def test_gaps_of_other_splits_are_doubts_from_the_cache_as_well(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlcli.data.samples.store.CACHED_FROM", 0)
    table.loc[[ROWS - 1, ROWS - 2], "fare"] = None
    cache = Cache(tmp_path / "cache")
    first = ready(table, tmp_path, cache, split="ordered", validation=0.2)
    assert [(doubt.rule, doubt.path) for doubt in first.doubts] == [("missing-filled", "data.features.fare")]
    again = ready(table, tmp_path, cache, split="ordered", validation=0.2)
    assert (again.doubts, again.notes, again.config) == (first.doubts, first.notes, first.config)
    assert list((tmp_path / "cache").iterdir())


def target(values: list[float], **keys: Any) -> NumberTargetCodec:
    codec = NumberTargetCodec("y", ["y"], scale="auto", **keys)
    codec.fit([np.array(values)])
    codec.finish()
    return codec


@pytest.mark.parametrize(
    ("values", "scaling"),
    [
        ([30_000.0, 20_000.0, 50_000.0], "standard"),
        ([0.0, 1.0, 0.0, 1.0], "none"),
        ([-1.5, 0.2, 1.4, 0.1], "none"),
        ([0.001, 0.002, 0.0015], "standard"),
        ([100.1, 100.2, 99.9], "standard"),
        ([5e-9, 9e-9], "standard"),
        ([1.0, 4.0, 9.0, 16.0, 25.0], "standard"),
    ],
)
def test_targets_are_scaled_unless_they_are_near_unit_scale(values: list[float], scaling: str) -> None:
    codec = target(values)
    assert codec.scaling == codec.state()["scale"] == scaling
    assert bool(codec.spec.unit) == (scaling == "standard")
    assert target(values, scalable=False).scaling == "none"


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_a_target_comes_back_in_its_own_unit(values: list[float]) -> None:
    codec = target(values)
    (column,) = (np.array(values),)
    back = np.asarray(codec.decode(codec.encode([column])))[:, 0]
    np.testing.assert_allclose(back, column, rtol=1e-5, atol=1e-5 * max(1.0, np.abs(column).max()))
    scaled = codec.encode([column])[:, 0].astype(np.float64)
    if codec.spec.unit:
        ((offset, scale),) = codec.spec.unit
        np.testing.assert_allclose(scaled * scale + offset, back)


def test_the_scale_is_said_and_resolved(table: pd.DataFrame, tmp_path: Path) -> None:
    prepared = ready(table, tmp_path)
    assert prepared.config.target["price"] == NumberTarget(scale="standard")
    assert prepared.notes[0].startswith("target price: number, standardised")
    plain = ready(table, tmp_path, target={"price": {"type": "number", "scale": "none"}})
    assert plain.config.target["price"] == NumberTarget(scale="none")
    assert not plain.doubts


def test_a_target_that_must_not_be_scaled_and_is_far_away_is_a_doubt(table: pd.DataFrame, tmp_path: Path) -> None:
    prepared = ready(table, tmp_path, unscalable={"price": "because"})
    assert prepared.config.target["price"] == NumberTarget(scale="none")
    (doubt,) = prepared.doubts
    assert (doubt.rule, doubt.path) == ("target-scale", "data.target.price")
    assert "because" in doubt.message


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (["1749-01", "1749-02", "1750-03"], ["year", "month"]),
        (["2024-01-01", "2024-02-01", "2024-03-01"], ["year", "month"]),
        (["2024-01-01", "2024-02-11", "2024-03-01"], ["year", "month", "day", "weekday"]),
        (["2024-01-01 00:00", "2024-02-11 10:30", "2024-03-01 00:00"], ["year", "month", "day", "weekday", "hour"]),
    ],
)
def test_the_parts_of_dates_are_those_that_tell_something(tmp_path: Path, values: list[str], parts: list[str]) -> None:
    table = pd.DataFrame({"day": values, "price": [1.0, 2.0, 3.0]})
    prepared = ready(table, tmp_path)
    feature = (prepared.config.features or {})["day"]
    assert isinstance(feature, DatetimeFeature)
    assert feature.parts == parts


def test_empty_cells_are_marked_where_there_are_any(table: pd.DataFrame, tmp_path: Path) -> None:
    table.loc[table.index % 3 == 0, "age"] = np.nan
    named = {"age": {"type": "number", "missing": "zero", "mark_missing": True}, "fare": "number"}
    for keys in ({"defaults": {"number": {"mark_missing": "auto"}}}, {"features": named}):
        prepared = ready(table[["fare", "age", "price"]], tmp_path, **keys)
        preprocessing, names = prepared.preprocessing, [*(prepared.config.features or {})]
        assert preprocessing.names() == tuple(
            each for name in names for each in ([name, "age=missing"] if name == "age" else [name])
        )
        start = names.index("age")
        assert preprocessing.places_of_numbers() == ([0, 2] if start == 0 else [0, 1])
        encoded = preprocessing.encode(Chunk({name: as_arrow(table[name].to_numpy()) for name in names}, ROWS))
        (block,) = encoded.values()
        np.testing.assert_array_equal(block[:, start + 1], table.age.isna())
        assert np.isfinite(block).all()


@pytest.mark.parametrize("options", [{"shape": [2, 1]}, {"pad": "auto"}, {"missing": "error"}])
def test_marks_of_what_cannot_be_marked(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        NumberFeature.model_validate({"type": "number", "mark_missing": True, **options})
