"""From files and a config to encoded splits, and every fault on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.inputs import NewFiles, labelled_parts, open_input
from dlcli.data.prepare import Prepared, prepare, read_split
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Samples
from dlcli.data.sources.delimited import source as delimited
from dlcli.errors import DlcliError, Problem

ROWS = 150


def held(samples: Samples) -> ArraySamples:
    """Samples of whose arrays all can be seen."""
    assert isinstance(samples, ArraySamples)
    return samples


@pytest.fixture
def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": random.normal(size=ROWS).round(6),
            "island": random.choice(["x", "y", "z"], ROWS),
            "ok": random.choice(["yes", "no"], ROWS),
            "weight": random.random(ROWS).round(6),
            "group": random.integers(0, 20, ROWS),
            "price": random.normal(size=ROWS).round(6),
            "species": random.choice(["p", "q", "r"], ROWS),
        }
    )


@pytest.fixture
def file(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.to_csv(tmp_path / "data.csv", index=False)
    return tmp_path / "data.csv"


def config(file: Path, **keys: Any) -> DataConfig:
    return DataConfig.model_validate({"train": str(file), "target": "species", **keys})


def problems(file: Path, **keys: Any) -> tuple[Problem, ...]:
    with pytest.raises(DlcliError) as caught:
        prepare(config(file, **keys), seed=1)
    return caught.value.problems


def rules(file: Path, **keys: Any) -> list[str]:
    return [problem.rule for problem in problems(file, **keys)]


SPLITS = ["random", "stratified", "ordered", {"group": "group"}]


@pytest.mark.parametrize("split", SPLITS)
def test_rows_keep_their_features_and_targets(
    file: Path, table: pd.DataFrame, split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 9)
    features = {"size": {"type": "number", "scale": "none"}}
    data = config(file, validation=0.2, test=0.1, split=split, features=features, sample_weight="weight")
    prepared = prepare(data, seed=3)
    rows = np.concatenate([held(part).rows for part in prepared.splits.values()])
    assert sorted(rows.tolist()) == list(range(ROWS))
    classes = np.array(prepared.preprocessing.target_specs[0].classes)
    for part in map(held, prepared.splits.values()):
        assert part.held.inputs["features"][:, 0].tolist() == table["size"][part.rows].astype(np.float32).tolist()
        assert classes[part.held.targets["species"]].tolist() == table["species"][part.rows].tolist()
        assert part.held.weights is not None
        assert part.held.weights.tolist() == table["weight"][part.rows].astype(np.float32).tolist()


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_is_read_again_the_same(file: Path, split: Any) -> None:
    prepared = prepare(config(file, validation=0.2, test=0.1, split=split), seed=3)
    for name, part in prepared.splits.items():
        again = held(read_split(prepared.config, prepared.preprocessing, name, seed=3))  # type: ignore[arg-type]
        assert np.array_equal(again.rows, held(part).rows)
        assert again.fingerprint == part.fingerprint
        for key, array in (held(part).held.inputs | held(part).held.targets).items():
            assert np.array_equal((again.held.inputs | again.held.targets)[key], array)


def test_statistics_come_from_the_training_rows_only(file: Path) -> None:
    prepared = prepare(config(file, test=0.5, features=["size"]), seed=3)
    assert abs(held(prepared.splits["train"]).held.inputs["features"].mean()) < 1e-6
    assert abs(held(prepared.splits["test"]).held.inputs["features"].mean()) > 1e-3


def test_the_config_is_filled_in_and_said(file: Path) -> None:
    prepared = prepare(config(file, split={"group": "group"}, exclude=["pri*"]), seed=1)
    assert prepared.config.features is not None
    assert {name: feature and feature.type for name, feature in prepared.config.features.items()} == {
        "size": "number",
        "island": "category",
        "ok": "boolean",
        "weight": "number",
    }
    assert prepared.config.target["species"] is not None
    assert prepared.notes[:2] == ("target species: category (3 classes)", "size: number")
    again = DataConfig.model_validate(prepared.config.model_dump())
    assert np.array_equal(
        held(prepare(again, seed=1).splits["train"]).held.inputs["features"],
        held(prepared.splits["train"]).held.inputs["features"],
    )


def test_fingerprints(file: Path) -> None:
    found = prepare(config(file), seed=1).fingerprints
    data = file.read_bytes()
    assert found == {"train": [{"path": str(file), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}]}


def test_splits_of_their_own(file: Path, table: pd.DataFrame, tmp_path: Path) -> None:
    other = tmp_path / "test.csv"
    table[::-1].head(10)[["species", "ok", "island", "size", "price"]].to_csv(other, index=False)
    prepared = prepare(config(file, test=str(other), validation=0.2, features=["size", "island"]), seed=1)
    assert {name: len(part) for name, part in prepared.splits.items()} == {
        "train": 120,
        "validation": 30,
        "test": 10,
    }
    assert set(prepared.fingerprints) == {"train", "test"}


def test_several_targets(file: Path) -> None:
    prepared = prepare(config(file, target=["species", "price"], features=["size"]), seed=1)
    targets = held(prepared.splits["train"]).held.targets
    assert targets["species"].dtype == np.int32
    assert targets["price"].shape == (ROWS, 1)


def test_arrays(tmp_path: Path) -> None:
    images = np.arange(20 * 4 * 4, dtype=np.uint8).reshape(20, 4, 4)
    np.savez(tmp_path / "a.npz", x=images, y=np.arange(20) % 3)
    data = config(tmp_path / "a.npz", target="y", validation=0.25)
    prepared = prepare(data, seed=1, units=3)
    part = held(prepared.splits["validation"])
    assert np.allclose(part.held.inputs["x"], images[part.rows] / 255)
    assert part.held.targets["y"].tolist() == (np.arange(20) % 3)[part.rows].tolist()


def test_the_batch_fits_the_data(file: Path) -> None:
    small = config(file, test=0.9)
    assert prepare(small, seed=1).config.batch_size == 15
    assert prepare(config(file, batch_size="full"), seed=1).config.batch_size == "full"
    assert prepare(config(file, test=0.9, batch_size=32), seed=1).config.batch_size == 15


def test_missing_columns_come_together(file: Path) -> None:
    found = problems(
        file, target="specis", features=["size", "ilsand", "colour"], sample_weight="w", split={"group": "grp"}
    )
    assert {problem.path for problem in found} == {
        "data.target.specis",
        "data.features.ilsand",
        "data.features.colour",
        "data.sample_weight",
        "data.split.group",
    }
    assert "did you mean 'species'?" in found[0].hint


def test_a_target_is_no_feature(file: Path) -> None:
    assert rules(file, features=["species", "size"]) == ["target-is-feature"]


def test_a_file_that_is_read_as_one_column_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b;species\n1;2;x\n3\n")
    (found,) = problems(tmp_path / "a.csv", target="a;b;species")
    assert "data.delimiter: ';'" in found.hint


def test_another_delimiter_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b;species\n" + "1;2;x\n2;1;y\n" * 5)
    prepared = prepare(config(tmp_path / "a.csv"), seed=1)
    assert list(prepared.config.features or {}) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "keys", "rule", "words"),
    [
        ({"species": (4, None)}, {}, "missing-target", "1 missing value, the first in row 5 of 'data.csv'"),
        ({"weight": (4, -1.5)}, {"sample_weight": "weight"}, "sample-weight", "the first in row 5 of 'data.csv': -1.5"),
        ({"weight": (4, None)}, {"sample_weight": "weight"}, "sample-weight", "1 missing weight"),
        ({"weight": (4, "x")}, {"sample_weight": "weight"}, "not-a-number", "row 5 holds 'x'"),
        ({"size": (4, "x")}, {"features": {"size": "number"}}, "not-a-number", "row 5 holds 'x'"),
        ({"size": (4, np.inf)}, {"features": {"size": "number"}}, "infinite-value", "row 5"),
        (
            {"size": (4, None)},
            {"features": {"size": {"type": "number", "missing": "error"}}},
            "missing-value",
            "row 5",
        ),
        ({"group": (4, None)}, {"split": {"group": "group"}, "test": 0.2}, "missing-group", "row 5"),
        ({"species": (slice(None), "p")}, {}, "one-class", "'p'"),
        ({"species": (149, "new")}, {"split": "ordered", "test": 0.1}, "unknown-class", "'new' (1 row)"),
        ({"species": (149, "new")}, {"split": "stratified", "test": 0.1}, "rare-class", "'new' (1 row)"),
    ],
)
def test_values_that_cannot_be_used(
    file: Path, table: pd.DataFrame, change: dict[str, tuple[Any, Any]], keys: dict[str, Any], rule: str, words: str
) -> None:
    for column, (row, value) in change.items():
        table[column] = table[column].astype(object)
        table.iloc[row, table.columns.get_loc(column)] = value  # type: ignore[index]
    table.to_csv(file, index=False)
    (found,) = problems(file, **keys)
    assert found.rule == rule
    assert words in found.message
    assert found.hint


def test_splits_that_cannot_be(file: Path, tmp_path: Path) -> None:
    assert rules(file, test=0.001) == ["empty-split"]
    assert rules(file, target="price", split="stratified", test=0.1) == ["stratified-number"]
    assert rules(file, test=str(tmp_path / "no.csv"), validation=str(tmp_path / "no.parquet")) == ["file-not-found"] * 2
    (tmp_path / "other.csv").write_text("size\n1\n")
    (found,) = problems(file, features=["size"], test=str(tmp_path / "other.csv"))
    assert (found.rule, found.path) == ("missing-column", "data.test")
    (tmp_path / "none.csv").write_text("size,species\n")
    assert rules(file, features=["size"], test=str(tmp_path / "none.csv")) == ["no-rows"]
    prepared = prepare(config(file), seed=1)
    with pytest.raises(DlcliError) as caught:
        read_split(prepared.config, prepared.preprocessing, "test", seed=1)
    assert caught.value.problems[0].rule == "no-such-split"


@pytest.fixture
def prepared(file: Path) -> Prepared:
    return prepare(config(file, exclude=["group"]), seed=1)


def test_new_data_is_read_from_anything(file: Path, table: pd.DataFrame, tmp_path: Path, prepared: Prepared) -> None:
    expected = held(prepared.splits["train"]).held
    table.to_parquet(tmp_path / "new.parquet")
    table.to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    mixed = table.assign(extra=1)[[*table.columns[::-1], "extra"]]
    blanks = table.rename(columns=lambda name: f" {name}")  # what pandas makes of `a, b`
    for data in ([file], [tmp_path / "new.parquet"], [tmp_path / "new.jsonl"], table, mixed, blanks):
        parts = list(labelled_parts(data, prepared.config, prepared.preprocessing))
        assert np.concatenate([part.rows for part in parts]).tolist() == list(range(ROWS))
        for name, array in (expected.inputs | expected.targets).items():
            found = np.concatenate([(part.held.inputs | part.held.targets)[name] for part in parts])
            assert np.array_equal(found, array), name


def test_an_input_needs_no_target_and_keeps_columns(table: pd.DataFrame, prepared: Prepared) -> None:
    plain = open_input(table.drop(columns=["species"]), prepared.config, prepared.preprocessing)
    assert {name for rows in plain.rows() for name in rows.chunk.columns} == {"size", "island", "ok", "weight", "price"}
    kept = open_input(table, prepared.config, prepared.preprocessing, keep=["group"])
    assert list(next(kept.rows()).kept) == ["group"]
    everything = open_input(table, prepared.config, prepared.preprocessing, keep=None)
    assert set(next(everything.rows()).kept) == set(table.columns)


def test_an_input_without_its_columns(table: pd.DataFrame, prepared: Prepared) -> None:
    lacking = table.rename(columns={"size": "sise"}).drop(columns="ok")
    with pytest.raises(DlcliError) as caught:
        open_input(lacking, prepared.config, prepared.preprocessing, keep=["k"])
    assert [problem.rule for problem in caught.value.problems] == ["missing-column"] * 3
    assert "did you mean 'sise'?" in caught.value.problems[0].hint


def test_a_frame_of_numbered_columns_is_read_as_a_file_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "t.data").write_text("".join(f"{place}.5,{'ab'[place % 2]}\n" for place in range(40)))
    asked = config(tmp_path / "t.data", header=False, target="column_2")
    trained = prepare(asked, seed=1)
    frame = pd.read_csv(tmp_path / "t.data", header=None)
    known = NewFiles(columns=("column_1", "column_2"))
    for data in ([tmp_path / "t.data"], frame):
        (part,) = labelled_parts(data, trained.config, trained.preprocessing, files=known)
        assert part.held.targets["column_2"].tolist() == [0, 1] * 20
    (rows,) = open_input(frame[[0]], trained.config, trained.preprocessing, files=known).rows()
    assert rows.chunk.num_rows == 40


def test_an_input_without_rows(file: Path, prepared: Prepared) -> None:
    file.write_text(file.read_text().splitlines()[0] + "\n")
    source = open_input([file], prepared.config, prepared.preprocessing)
    assert sum(rows.chunk.num_rows for rows in source.rows()) == 0
    with pytest.raises(DlcliError) as caught:
        list(labelled_parts([file], prepared.config, prepared.preprocessing))
    assert caught.value.problems[0].rule == "no-rows"


def test_new_classes_in_new_data_name_their_file_and_row(file: Path, table: pd.DataFrame, prepared: Prepared) -> None:
    table.loc[7, "species"] = "new"
    table.to_csv(file, index=False)
    with pytest.raises(DlcliError) as caught:
        list(labelled_parts([file], prepared.config, prepared.preprocessing))
    (problem,) = caught.value.problems
    assert problem.file == file
    assert "'new' (row 8)" in problem.message


@pytest.mark.parametrize(
    ("split", "hint"), [("fraction", "split: stratified"), ("file", "add rows of these classes to data.train")]
)
def test_a_class_that_training_lacks_has_the_way_out_of_its_split(
    table: pd.DataFrame, tmp_path: Path, split: str, hint: str
) -> None:
    table.loc[ROWS - 3 :, "species"] = "new"
    train = table if split == "fraction" else table.iloc[:-3]
    train.to_csv(tmp_path / "train.csv", index=False)
    table.tail(20).to_csv(tmp_path / "test.csv", index=False)
    test: Any = 0.1 if split == "fraction" else str(tmp_path / "test.csv")
    (problem,) = problems(tmp_path / "train.csv", test=test, split="ordered")
    assert problem.rule == "unknown-class"
    assert hint in problem.hint
    assert ("stratified" in problem.hint) == (split == "fraction")


def test_classes_that_look_like_numbers_are_told_as_the_cause_of_unknown_ones(tmp_path: Path) -> None:
    rows = "".join(f"{place},${place},250\n" for place in range(40))
    (tmp_path / "train.csv").write_text("size,price\n" + rows.replace(",250", ".25"))
    cause, fault = problems(tmp_path / "train.csv", target="price", test=0.2)
    assert (cause.rule, fault.rule) == ("doubtful-type", "unknown-class")
    assert "currency signs" in cause.message


CELLS: list[tuple[str, int, Any]] = [
    ("species", 3, ""),
    ("weight", 4, -1),
    ("size", 5, ""),
    ("day", 6, "tomorrow"),
    ("ok", 7, "perhaps"),
]


def test_faults_of_cells_come_all_at_once(table: pd.DataFrame, tmp_path: Path) -> None:
    table = table.astype(object)
    table["day"] = "2024-01-31"
    strict = [("size", "number"), ("ok", "boolean"), ("day", "datetime")]
    features = {name: {"type": kind, "missing": "error"} for name, kind in strict}
    keys = {"features": features, "sample_weight": "weight", "validation": 0.2}
    alone = set()
    sound = table.copy()
    for column, row, value in CELLS:
        faulty = sound.copy()
        faulty.loc[row, column] = table.loc[row, column] = value
        faulty.to_csv(tmp_path / "one.csv", index=False)
        alone |= {(problem.path, problem.rule) for problem in problems(tmp_path / "one.csv", **keys)}
    table.to_csv(tmp_path / "all.csv", index=False)
    assert {(problem.path, problem.rule) for problem in problems(tmp_path / "all.csv", **keys)} == alone
    assert len(alone) == len(CELLS)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_integers_beyond_those_of_floats_may_have_gaps(tmp_path: Path, suffix: str) -> None:
    numbers = pd.array([2**53 + 1, None, -(2**60) - 1, *range(27)], dtype="Int64")
    frame = pd.DataFrame({"x": numbers, "y": ["a", "b", "c"] * 10})
    new = tmp_path / f"t.{suffix}"
    match suffix:
        case "csv":
            frame.to_csv(new, index=False)
        case "parquet":
            frame.to_parquet(new)
        case _:
            frame.to_json(new, orient="records", lines=True)
    prepared = prepare(config(new, target="y", features={"x": {"type": "number", "scale": "none"}}), seed=1)
    found = held(prepared.splits["train"]).held.inputs["features"][:, 0]
    assert found[[0, 2, 5]].tolist() == [2.0**53, -(2.0**60), 2.0]
