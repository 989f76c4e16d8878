"""A source as it is said on a command line: a path, or in braces what a config may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlcli.config.inspection.inspection import inspect
from dlcli.config.inspection.sources import read_source
from dlcli.config.options.sources import FileColumns, KerasData
from dlcli.config.schema import DataConfig
from dlcli.errors import DataError

TRAIN = KerasData(keras="mnist", split="train", label_mode="fine")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("rows.csv", ["rows.csv"]),
        ("part-{1}.csv", ["part-{1}.csv"]),
        ("{x: a.npy, y: b.idx}", {"x": "a.npy", "y": "b.idx"}),
        (" {keras: mnist}", KerasData(keras="mnist", split="test", label_mode="fine")),
        ("{file: a.npz, columns: {x: x_test}}", FileColumns(file=["a.npz"], columns={"x": "x_test"})),
        ({"x": "a.npy"}, {"x": "a.npy"}),
        (
            KerasData(keras="mnist", split="train", label_mode="fine"),
            KerasData(keras="mnist", split="train", label_mode="fine"),
        ),
    ],
)
def test_what_is_meant(said: Any, meant: Any) -> None:
    assert read_source(said) == meant


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("{x: a.npy}").touch()
    assert read_source("{x: a.npy}") == ["{x: a.npy}"]


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("{x: [a.npy]}", "a path"),
        ("{keras: mnst}", "mnist"),
        ("{file: a.npz}", "columns"),
        ("{x: a.npy", "source"),
        ("{}", "expected"),
        ({"x": 3}, "a path"),
    ],
)
def test_what_is_none_is_told(said: Any, word: str) -> None:
    with pytest.raises(DataError) as caught:
        read_source(said)
    assert any(word in f"{problem.message} {problem.hint} {problem.file}" for problem in caught.value.problems)


def test_every_path_is_relative_to_the_file_that_says_it(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    layers = "model: {layers: [{Dense: {units: 1}}]}\n"
    (tmp_path / "bases" / "base.yaml").write_text(
        "data:\n  train: {x: x.npy, y: y.npy}\n  directory: images [1]\n  target: y\n" + layers
    )
    config = tmp_path / "config.yaml"
    config.write_text("extends: bases/base.yaml\ndata:\n  test: {file: t.npz, columns: {x: x_test, y: y_test}}\n")
    data = inspect(config).require().data
    assert data.train == {"x": str(tmp_path / "bases" / "x.npy"), "y": str(tmp_path / "bases" / "y.npy")}
    assert isinstance(data.test, FileColumns)
    assert data.test.file == [str(tmp_path / "t.npz")]
    assert data.directory == str(tmp_path / "bases" / "images [1]")
    assert DataConfig.model_validate(data.model_dump()) == data


@pytest.mark.parametrize("source", [{"x": "https://host/x.npy"}, {"file": "gs://b/x.npz", "columns": {"x": "x"}}])
def test_addresses_are_no_files_in_any_form(tmp_path: Path, source: dict[str, Any]) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"data: {{train: {source}, target: y}}\nmodel: {{layers: [{{Dense: {{units: 1}}}}]}}\n")
    assert "remote-path" in {problem.rule for problem in inspect(config).problems}
