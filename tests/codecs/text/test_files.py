"""Texts in files: read for training as they are named, refused with their names, and predicted one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.sources.frame import from_frame
from dlcli.data.sources.options import TableOptions
from dlcli.errors import DataError

TEXTS = {"pos/1.txt": "good film", "pos/2.txt": "so good", "neg/3.txt": "bad film", "neg/4.txt": "so bad, so bad"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def prepared(train: Path, target: str = "folder", **features: Any) -> Prepared:
    config = {"train": [str(train)], "target": target, **({"features": features} if features else {})}
    return prepare(DataConfig.model_validate(config), seed=1)


def test_a_folder_of_texts_is_known_as_such(folder: Path) -> None:
    found = prepared(folder)
    assert any(note.startswith("path: text (4 files), vocabulary of 4 of 4 different words") for note in found.notes)
    assert found.splits["train"].inputs["features"].shape == (5,)


def test_a_table_names_files_beside_it(folder: Path) -> None:
    table = folder / "list.csv"
    table.write_text("file,label\n" + "".join(f"{name},{name[0]}\n" for name in TEXTS), encoding="utf-8")
    of_table = prepared(table, "label", file={"type": "text", "file": True, "encode": "count"})
    table.unlink()
    of_folder = prepared(folder, path={"type": "text", "file": True, "encode": "count"})
    rows = [found.splits["train"].take(slice(0, 4)).inputs["features"] for found in (of_table, of_folder)]
    assert sorted(rows[0].tolist()) == sorted(rows[1].tolist())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_file_that_says_its_encoding_is_read_in_it(folder: Path, encoding: str) -> None:
    (folder / "pos/1.txt").write_text(TEXTS["pos/1.txt"], encoding=encoding)
    assert "vocabulary of 4 of 4 different words" in str(prepared(folder).notes)


def test_files_that_are_no_text_are_named(folder: Path) -> None:
    (folder / "pos/5.txt").write_bytes(b"caf\xe9")
    (folder / "pos/6.txt").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError) as caught:
        prepared(folder)
    assert [problem.rule for problem in caught.value.problems] == ["wrong-encoding"] * 2
    assert "5.txt' is no text in utf-8: byte 3 is 0xe9" in caught.value.problems[0].message
    assert "`encoding: cp1252`" in caught.value.problems[0].hint


def test_the_encoding_can_be_given(folder: Path) -> None:
    (folder / "pos/5.txt").write_bytes(b"caf\xe9 bad so so so")
    codec = prepared(folder, path={"type": "text", "file": True, "encoding": "cp1252"}).preprocessing.features["path"]
    assert "café" in codec.state()["words"]


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "gone.txt", "pos"])
def test_only_files_below_the_table_are_read(folder: Path, name: str) -> None:
    (folder / "in").mkdir()
    (folder / "secret.txt").write_text("a secret", encoding="utf-8")
    table = folder / "in" / "list.csv"
    (folder / "in" / "pos").mkdir()
    (folder / "in" / "1.txt").write_text("words", encoding="utf-8")
    table.write_text(f"file,label\n1.txt,a\n1.txt,b\n{name},b\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        prepared(table, "label", file={"type": "text", "file": True})
    assert {problem.rule for problem in caught.value.problems} <= {"file-outside", "file-not-found", "not-a-file"}


def test_unknown_words_and_long_texts_are_told_by_split(folder: Path) -> None:
    held = folder / "held"
    held.mkdir()
    (held / "list.csv").write_text("t,y\ngood film,a\nso ein Unfug aber auch,b\n", encoding="utf-8")
    (folder / "train.csv").write_text("t,y\ngood film,a\nso bad film,b\n", encoding="utf-8")
    config: dict[str, Any] = {"train": [str(folder / "train.csv")], "test": [str(held / "list.csv")], "target": "y"}
    config["features"] = {"t": {"type": "text", "encode": {"sequence": 3}}}
    found = prepare(DataConfig.model_validate(config), seed=1)
    assert "unknown words of t: train none, test 57 %" in found.notes
    assert "texts of t cut to 3 words: train 0 of 2, test 1 of 2" in found.notes
    assert [doubt.rule for doubt in found.doubts] == ["unknown-tokens", "cut-texts"]
    assert found.doubts[0].path == "data.features.t"


def test_half_a_character_of_a_table_in_memory_is_named() -> None:
    frame = pd.DataFrame({"t": pd.Series(["a \ud800 b", "c"], dtype=object)})
    with pytest.raises(DataError, match=r"column 't' of the DataFrame holds half of a character, \\ud800"):
        from_frame(frame, TableOptions())
