"""Every rule about rows has data that it warns of, and data like it that it leaves in peace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.lint.rules import OF_DATA, explanation, modules_of, rule_names
from dlcli.config.schema import DataConfig, Fold
from dlcli.data.cache.cache import Cache
from dlcli.data.columns.chunk import Chunk
from dlcli.data.lint.linting import Looked, look_at_table
from dlcli.data.lint.row_hashes import row_hashes
from dlcli.data.prepare import Prepared, prepare, prepare_from
from dlcli.data.reader import TableReader
from dlcli.errors import Problem

ROWS = 400
RANDOM = np.random.default_rng(5)
X, Z = RANDOM.normal(size=ROWS), RANDOM.normal(size=ROWS)
CLASS = np.where(X + RANDOM.normal(size=ROWS) > 0, "yes", "no")
DAY = RANDOM.integers(0, 365, ROWS)
LETTERS = RANDOM.choice(list("abcdefghijklmnopqrstuvwxyz"), ROWS)
PLAIN: dict[str, Any] = {"x": X, "z": Z, "y": CLASS}


def told(folder: Path, table: dict[str, Any], *, test: pd.DataFrame | None = None, **said: Any) -> dict[str, Problem]:
    """The findings about a table, by rule."""
    frame = pd.DataFrame(table)
    frame.to_csv(folder / "table.csv", index=False)
    if test is not None:
        test.to_csv(folder / "test.csv", index=False)
        said["test"] = [str(folder / "test.csv")]
    found = prepared(folder / "table.csv", **{"test": 0.2, **said})
    return {each.rule: each for each in found.doubts if each.rule in rule_names(*OF_DATA)}


def prepared(file: Path, cache: Cache | None = None, **said: Any) -> Prepared:
    config = DataConfig.model_validate({"train": [str(file)], "target": "y", **said})
    return prepare(config, seed=3, cache=cache)


def repeated(count: int) -> pd.DataFrame:
    """Test rows of which some are rows of training."""
    others = pd.DataFrame({"x": RANDOM.normal(size=80), "z": RANDOM.normal(size=80), "y": "yes"})
    return pd.concat([pd.DataFrame(PLAIN).iloc[:count], others])


DAYS = np.asarray(pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"))

AGE = RANDOM.integers(18, 90, ROWS)


def often(values: Any, value: Any, every: int = 20) -> Any:
    """Some values are another one."""
    return np.where(np.arange(ROWS) % every == 0, value, values)


HITS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "constant-column": ({**PLAIN, "country": "de"}, {}, "'de'"),
    "id-like-column": ({"customer_id": RANDOM.permutation(ROWS), **PLAIN}, {}, "customer_id"),
    "near-duplicate-column": ({**PLAIN, "miles": X / 1.609}, {}, "'x' in another unit"),
    "target-in-disguise": ({**PLAIN, "refund": np.where(CLASS == "yes", "paid", "")}, {}, "refund"),
    "classes-of-few-rows": ({**PLAIN, "y": np.where(np.arange(ROWS) < 3, "gold", CLASS)}, {}, "gold"),
    "groups-across-splits": ({**PLAIN, "patient": np.arange(ROWS) // 4}, {}, "{group: patient}"),
    "times-across-splits": ({**PLAIN, "sold": DAYS}, {}, "{ordered: sold}"),
    "same-rows-across-splits": (PLAIN, {"test": repeated(20)}, "of the 100 test rows"),
    "row-of-totals": (
        {"x": X, "units": np.append(DAY[:-1], DAY[:-1].sum()), "y": CLASS},
        {},
        "'units' is the sum of all rows",
    ),
    "missing-in-disguise": ({**PLAIN, "age": often(AGE, -999)}, {}, "20 times -999, and all others are 18 to 89"),
}

CLEAN: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {
    "constant-column": [({**PLAIN, "flag": np.where(np.arange(ROWS) == 399, "a", "b")}, {})],
    "id-like-column": [
        ({**PLAIN, "year": np.arange(1600, 1600 + ROWS)}, {}),
        ({"index": np.arange(ROWS), "y": CLASS}, {}),
        ({**PLAIN, "code_id": np.arange(ROWS) % 7}, {"split": {"group": "code_id"}}),
    ],
    "near-duplicate-column": [
        ({**PLAIN, "rounded": X + RANDOM.normal(size=ROWS) / 50}, {}),
        ({"first": DAY, "last": DAY + RANDOM.integers(0, 3, ROWS), "y": CLASS}, {}),
        ({"low": DAY * 1.0, "high": DAY * 1.5 + RANDOM.integers(0, 3, ROWS), "y": CLASS}, {}),
        ({**PLAIN}, {"features": {"a": {"type": "number", "columns": "x"}, "b": {"type": "number", "columns": "x"}}}),
    ],
    "target-in-disguise": [
        (PLAIN, {}),
        ({**PLAIN, "seldom": np.where(np.arange(ROWS) < 2, 1.0, np.nan)}, {}),
        # Where one row in a hundred is of the class, any column is right about the others.
        ({**PLAIN, "y": np.where(np.arange(ROWS) % 100 == 7, "fraud", "fine"), "c": np.arange(ROWS) % 4}, {}),
        ({**PLAIN, "note": np.where((CLASS == "yes") ^ (np.arange(ROWS) % 25 == 0), LETTERS, "")}, {}),
        ({"x": X, "z": Z, "year": 1900 + np.argsort(np.argsort(X)) // 4, "y": X * 9}, {"exclude": ["x"]}),
        ({"step": np.arange(ROWS), "z": Z, "y": np.arange(ROWS) ** 1.5}, {}),
        ({"x": X, "z": Z, "y": X**3 + Z}, {}),
        ({"y": CLASS, "a": np.where(CLASS == "yes", 1, 0), "b": np.where(CLASS == "yes", "u", "v")}, {}),
        ({"x": X, "y": X * 2 + 1}, {}),
        ({"x": X, "z": Z, "y": X + Z}, {}),  # all there is
        ({"x": X, "z": Z, "day": DAY, "y": X + Z + np.sin(DAY) / 50}, {}),
        ({"x": X, "z": Z, "day": DAY, "y": (X * Z > 0) * 1}, {"target": {"y": {"type": "number"}}}),
        ({"x": X, "z": Z, "day": DAY, "y": np.round(X + Z)}, {"target": {"y": {"type": "number"}}}),  # too coarse
    ],
    "row-of-totals": [
        (PLAIN, {}),
        ({**PLAIN, "units": np.append(DAY[:-1], 90_000)}, {}),
        ({**PLAIN, "units": np.where(np.arange(ROWS) > ROWS - 3, 7, 0)}, {}),
        ({**PLAIN, "change": np.append(X[:-1], X[:-1].sum() + 1)}, {}),
    ],
    "missing-in-disguise": [
        ({**PLAIN, "age": often(AGE, -999)}, {"missing_values": ["-999"]}),
        ({**PLAIN, "age": often(AGE, -999, 200)}, {}),  # twice
        ({**PLAIN, "age": often(AGE, 99)}, {}),
        ({**PLAIN, "goals": often(RANDOM.integers(-4, 30, ROWS), -1, 5)}, {}),
        ({**PLAIN, "code": RANDOM.choice([1, 2, 3, 9, 99], ROWS)}, {}),
        ({**PLAIN, "way": RANDOM.choice([-1, 0, 1], ROWS)}, {}),
        ({**PLAIN, "rest": often(RANDOM.integers(0, 30, ROWS), -1, 25)}, {}),
        ({**PLAIN, "pixel": RANDOM.integers(0, 256, ROWS)}, {}),
        ({**PLAIN, "day": DAYS}, {"split": {"ordered": "day"}}),
        ({**PLAIN, "code": often(AGE, 999)}, {"features": {"x": {"type": "number"}, "code": {"type": "category"}}}),
    ],
    "classes-of-few-rows": [
        ({**PLAIN, "y": np.arange(ROWS) % 100}, {"target": {"y": {"type": "category"}}}),
        (
            {**PLAIN, "y": [f"[{place < 3:d}, {place % 2}]" for place in range(ROWS)]},
            {"target": {"y": {"type": "category", "shape": [2]}}},
        ),
        ({"x": X[:30], "z": Z[:30], "y": ["a"] * 15 + ["b"] * 12 + ["c"] * 3}, {}),
    ],
    "groups-across-splits": [
        ({**PLAIN, "patient": np.arange(ROWS) // 4}, {"split": {"group": "patient"}}),
        ({**PLAIN, "patient": np.arange(ROWS) % 3}, {}),
        ({**PLAIN, "users": X * 7}, {}),
    ],
    "times-across-splits": [
        ({**PLAIN, "sold": DAYS}, {"split": {"ordered": "sold"}}),
        ({**PLAIN, "birth_date": RANDOM.permutation(DAYS)}, {}),
    ],
    "same-rows-across-splits": [
        (PLAIN, {"test": repeated(2)}),
        ({"a": RANDOM.integers(0, 3, ROWS), "b": RANDOM.integers(0, 4, ROWS), "y": CLASS}, {}),
        ({"x": np.round(X, 1), "y": CLASS}, {}),
    ],
}


def test_every_rule_has_its_cases() -> None:
    assert set(HITS) == set(CLEAN) == set(rule_names(*OF_DATA))
    assert all(explanation(rule).endswith(".") for rule in modules_of(OF_DATA).values())


@pytest.mark.parametrize("rule", HITS)
def test_the_rule_tells_of_it(rule: str, tmp_path: Path) -> None:
    table, said, words = HITS[rule]
    found = told(tmp_path, table, **said)
    assert rule in found
    assert words in found[rule].message + found[rule].hint
    assert found[rule].path.startswith("data.")
    assert set(found) == {rule}


@pytest.mark.parametrize(
    ("column", "y", "words"),
    [
        (np.where((CLASS == "yes") ^ (np.arange(ROWS) % 200 == 0), "paid", "open"), CLASS, "of 99.5% of the rows"),
        (np.where(CLASS == "yes", LETTERS, ""), CLASS, "whether it is empty tells the class"),
        (np.where(CLASS == "yes", DAYS, ""), CLASS, "whether it is empty tells the class"),
        (np.log(X - X.min() + 1).round(3), X, "the target rises with it"),
        (-(np.argsort(np.argsort(X)) ** 3), X, "the target falls with it"),
        (np.argsort(np.argsort(X)), X, "the target rises with it"),
        (np.round(X, 1), X, "the target rises with it"),
        (np.exp(X), X.round(1), "the target rises with it"),
    ],
)
def test_disguises_of_many_kinds(column: Any, y: Any, words: str, tmp_path: Path) -> None:
    found = told(tmp_path, {"a": column, "z": Z, "y": y})
    assert words in found["target-in-disguise"].message


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (often(often(AGE, -999, 9), -888, 7), "38 times -999, and all others are 18 to 89; 58 times -888"),
        (often(np.round(X * 9, 1), 9999.9), "20 times 9999.9"),
        (often(RANDOM.integers(1, 800, ROWS), -1, 5), "80 times -1, and all others are"),
        (often(DAYS, "1900-01-01"), "20 times 1900-01-01, and all others are 2024-01-02 to 2025-02-03"),
        (often(DAYS, "9999-12-31"), "20 times 9999-12-31"),
        (often(X, 2147483647), "20 times 2147483647"),
    ],
)
def test_what_stands_for_nothing(column: Any, words: str, tmp_path: Path) -> None:
    found = told(tmp_path, {**PLAIN, "a": column})
    assert words in found["missing-in-disguise"].message


def test_a_target_that_is_missing_in_disguise(tmp_path: Path) -> None:
    found = told(tmp_path, {"x": X, "y": often(AGE * 1.5, -1, 8)}, target={"y": {"type": "number"}})
    assert found["missing-in-disguise"].path == "data.target.y"
    assert "drop" in found["missing-in-disguise"].hint


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (AGE + DAY, "it is 'age' + 'day'"),
        (AGE - DAY, "it is 'age' - 'day'"),
        (AGE * DAY, "it is 'age' * 'day'"),
        ((AGE * np.abs(X)).round(2), "it is 'x' * 'age'"),
        ((DAY / AGE).round(3), "it is 'day' / 'age'"),
        (AGE * DAY * 1.19 + 4, "it is 'age' * 'day', but for a constant"),
        (0.5 * AGE + 3 * DAY, "it is a sum of 'age' and 'day', each times a constant"),
    ],
)
def test_two_features_that_make_the_target(y: Any, words: str, tmp_path: Path) -> None:
    table = {"x": np.abs(X), "z": Z, "age": AGE, "day": DAY, "y": y}
    found = told(tmp_path, table, target={"y": {"type": "number"}})
    assert words in found["target-in-disguise"].message


@pytest.mark.parametrize(
    ("rule", "place"), [(rule, place) for rule, cases in CLEAN.items() for place in range(len(cases))]
)
def test_the_rule_leaves_others_in_peace(rule: str, place: int, tmp_path: Path) -> None:
    table, said = CLEAN[rule][place]
    assert rule not in told(tmp_path, table, **said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((170 + X * 10).round(1), ((170 + X * 10) / 2.54).round(1)),
        ((15 + Z * 8).round(1), ((15 + Z * 8) * 1.8 + 32).round(0)),
        (DAY, DAY // 12),
    ],
)
def test_another_unit_may_be_rounded(one: Any, other: Any, tmp_path: Path) -> None:
    found = told(tmp_path, {"one": one, "other": other, "z": LETTERS, "y": CLASS})
    assert "'other' is 'one' in another unit" in found["near-duplicate-column"].message


def test_a_class_of_two_rows_among_a_hundred(tmp_path: Path) -> None:
    table = {"x": X[:112], "z": Z[:112], "y": ["a"] * 60 + ["b"] * 50 + ["c"] * 2}
    assert "'c' (2)" in told(tmp_path, table, split="stratified", test=None)["classes-of-few-rows"].message


def test_whose_rows_they_are_is_seen_in_columns_that_are_no_features(tmp_path: Path) -> None:
    table = {**PLAIN, "subject_id": [f"s{place // 5}" for place in range(ROWS)]}
    assert "groups-across-splits" in told(tmp_path, table, features=["x", "z"])
    assert "groups-across-splits" in told(tmp_path, table, exclude=["subject_id"])


def test_rows_in_the_order_of_dates_of_any_form(tmp_path: Path) -> None:
    table = {**PLAIN, "sent": pd.date_range("2024-01-01", periods=ROWS).strftime("%d.%m.%Y")}
    features = {"x": _typed("number"), "sent": {"type": "datetime", "format": "%d.%m.%Y"}}
    assert "{ordered: sent}" in told(tmp_path, table, features=features)["times-across-splits"].hint


def test_rows_that_are_there_many_times_to_give_them_weight(tmp_path: Path) -> None:
    frame = pd.concat([pd.DataFrame(PLAIN)] * 6, ignore_index=True)
    assert "same-rows-across-splits" in told(tmp_path, {name: frame[name] for name in PLAIN})


def test_what_is_found_is_found_again_in_the_cache(tmp_path: Path) -> None:
    frame = pd.DataFrame({**PLAIN, "country": "de", "income": X * 1000})
    frame.to_csv(tmp_path / "table.csv", index=False)
    features = {"x": "number", "country": "category", "income": {"type": "number", "scale": "none"}}
    said: dict[str, Any] = {"test": 0.2, "features": {name: _typed(each) for name, each in features.items()}}
    first, second = (prepared(tmp_path / "table.csv", Cache(tmp_path / "cache"), **said) for _ in range(2))
    assert [each.rule for each in first.doubts] == [each.rule for each in second.doubts]
    assert "constant-column" in {each.rule for each in second.doubts}
    assert first.ranges == second.ranges == {"income": (frame["income"].min(), frame["income"].max())}


def _typed(said: Any) -> Any:
    return {"type": said} if isinstance(said, str) else said


def test_arrays_are_looked_at_too(tmp_path: Path) -> None:
    images = RANDOM.integers(0, 256, (60, 4, 4)).astype(np.uint8)
    y = np.array(["a", "b"] * 30)
    np.savez(tmp_path / "all.npz", images=images, y=y)
    np.savez(tmp_path / "test.npz", images=images[:20], y=y[:20])
    test = [str(tmp_path / "test.npz")]
    features = {"images": {"type": "number", "scale": "none"}}
    found = prepared(tmp_path / "all.npz", test=test, features=features)
    assert [each.rule for each in found.doubts if each.rule in rule_names()] == ["same-rows-across-splits"]
    assert found.ranges["images"] == (0.0, 255.0)


def test_what_a_table_shows_is_looked_for_once_for_all_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rare = np.where(np.arange(ROWS) // 6 == 40, "gold", CLASS)
    frame = pd.DataFrame({"x": X, "same": 2 * X, "one": 1.0, "number": np.arange(ROWS), "y": rare})
    pd.concat([frame, frame[:100]]).to_csv(tmp_path / "table.csv", index=False)
    config = DataConfig.model_validate({"train": [str(tmp_path / "table.csv")], "target": "y", "test": 0.2})
    folds = [config.at_fold(Fold(number=number, of=3)) for number in (1, 2, 3)]
    alone = [prepare(each, seed=3) for each in folds]
    looks: list[Any] = []

    def look(table: Any) -> Looked:
        looks.append(table)
        return look_at_table(table)

    monkeypatch.setattr("dlcli.data.reader.look_at_table", look)
    with TableReader(config) as reader:
        together = [prepare_from(reader, seed=3, config=each) for each in folds]
        assert len(looks) == 1
        # Without validation there are other splits to be told of.
        prepare_from(reader, seed=3, config=config)
        assert len(looks) == 2
    assert [each.doubts for each in together] == [each.doubts for each in alone]
    assert {"constant-column", "near-duplicate-column", "classes-of-few-rows"} <= {
        each.rule for each in alone[0].doubts
    }


@given(st.lists(st.tuples(st.floats(allow_nan=True), st.text(max_size=3)), min_size=1, max_size=12))
def test_rows_are_as_like_as_their_hashes(rows: list[tuple[float, str]]) -> None:
    import pyarrow as pa

    numbers, texts = (pa.array(list(column)) for column in zip(*rows, strict=True))
    whole = row_hashes(Chunk({"n": numbers, "t": texts}, len(rows)))
    parts = [row_hashes(Chunk({"n": numbers[at : at + 1], "t": texts[at : at + 1]}, 1))[0] for at in range(len(rows))]
    assert whole.tolist() == [int(part) for part in parts]  # whichever chunk a row stands in
    keys = [(repr(number + 0.0), text) for number, text in rows]
    assert len(set(whole.tolist())) == len(set(keys))


def test_a_test_of_ones_own_shows_whose_rows_are_to_come(tmp_path: Path) -> None:
    table = {**PLAIN, "patient": np.arange(ROWS) // 4}
    for first, rule in ((0, False), (1000, True)):
        others = pd.DataFrame({**table, "patient": np.arange(ROWS) // 4 + first}).sample(80, random_state=3)
        for said in ({}, {"features": ["x", "z"]}):
            found = told(tmp_path, table, test=others.assign(x=others.x + 1), validation=0.2, **said)
            assert ("groups-across-splits" in found) == rule


def test_a_test_of_ones_own_may_lack_what_is_no_feature(tmp_path: Path) -> None:
    table = {**PLAIN, "patient": np.arange(ROWS) // 4}
    others = pd.DataFrame(PLAIN).sample(80, random_state=3)
    found = told(tmp_path, table, test=others.assign(x=others.x + 1), validation=0.2, features=["x", "z"])
    assert "groups-across-splits" in found


def test_a_test_of_ones_own_shows_when_rows_are_to_come(tmp_path: Path) -> None:
    table = {**PLAIN, "sold": DAYS}
    for days, rule in ((DAYS, False), (np.char.replace(DAYS.astype(str), "202", "203"), True)):
        others = pd.DataFrame({**table, "sold": days}).sample(80, random_state=3)
        found = told(tmp_path, table, test=others.assign(x=others.x + 1), validation=0.2)
        assert ("times-across-splits" in found) == rule
