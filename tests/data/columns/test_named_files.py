"""What cells name is opened where it lies beside the table or below, and nowhere else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dlcli.data.columns.named_files import NamedFiles, open_named
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions, Trained
from dlcli.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "data"
    (inside / "sub").mkdir(parents=True)
    (inside / "a.txt").write_text("a")
    (inside / "sub" / "b.txt").write_text("b")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "data-too").mkdir()
    (tmp_path / "data-too" / "c.txt").write_text("c")
    (inside / "near").symlink_to(inside / "a.txt")
    (inside / "far").symlink_to(tmp_path / "secret.txt")
    (inside / "lane").symlink_to(tmp_path / "data-too")
    return inside


@pytest.mark.parametrize("name", ["a.txt", "sub/b.txt", "sub/../a.txt", "./a.txt", "near"])
def test_opens_what_lies_inside(folder: Path, name: str) -> None:
    with open_named(name, str(folder)) as stream:
        assert stream.read() == (b"b" if "b." in name else b"a")
    with open_named(str(folder / name), str(folder)) as stream:
        assert stream.read()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../secret.txt", "file-outside"),
        ("sub/../../secret.txt", "file-outside"),
        ("/etc/passwd", "file-outside"),
        ("far", "file-outside"),
        ("lane/c.txt", "file-outside"),
        ("../data-too/c.txt", "file-outside"),
        ("none.txt", "file-not-found"),
        ("a.txt/b", "file-not-found"),
        ("sub", "not-a-file"),
        ("https://host/a.png", "file-not-found"),
        ("a\0.txt", "file-name"),
        ("x" * 300, "file-name"),
    ],
)
def test_refuses_all_else(folder: Path, name: str, rule: str) -> None:
    with pytest.raises(DataError) as error:
        open_named(name, str(folder))
    assert [problem.rule for problem in error.value.problems] == [rule]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_waits_for_no_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(DataError, match="pipe"):
        open_named("pipe", str(folder))


def test_a_table_in_memory_names_any_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name in ("a.txt", "../secret.txt", "far", str(folder / "a.txt")):
        with open_named(name, None) as stream:
            assert stream.read()


def test_the_places_of_files_that_are_there(folder: Path) -> None:
    names = pa.array(["a.txt", None, "none.txt", "../secret.txt", "a.txt", "sub/b.txt"])
    found = list(NamedFiles.listed_in(names, folder / "list.csv").places())
    assert found == [folder.resolve() / "a.txt", folder.resolve() / "sub" / "b.txt"]
    assert list(NamedFiles.listed_in(names, folder).places()) == found


def test_names_are_found_as_other_systems_write_them(folder: Path) -> None:
    for name in (" a.txt ", r"sub\b.txt", r"  sub\b.txt"):
        with open_named(name, str(folder)) as stream:
            assert stream.read() in (b"a", b"b")
    (folder / " a.txt").write_text("blank")  # a name that is there is that
    with open_named(" a.txt", str(folder)) as stream:
        assert stream.read() == b"blank"
    with pytest.raises(DataError):
        open_named(r"..\secret.txt", str(folder))


def test_what_is_missing_is_told_with_the_usual_reasons(folder: Path) -> None:
    def hint(name: str) -> str:
        with pytest.raises(DataError) as error:
            open_named(name, str(folder))
        return error.value.problems[0].hint

    assert f"data.directory: {folder / 'sub'}" in hint("b.txt")
    assert str(folder / "sub" / "b.txt") in hint("sub/b")
    assert str(folder / "sub" / "b.txt") in hint("b")
    assert "relative" in hint("z.png")


def test_new_rows_have_files_of_their_own_or_those_of_the_training(folder: Path) -> None:
    def place(names: list[str | None], *folders: Path) -> list[Path]:
        listed = NamedFiles.listed_in(pa.array(names, pa.string()), folder / "table.csv", folders)
        return list(listed.places())

    assert place(["a.txt"]) == [folder / "a.txt"]
    assert place([None, "b.txt"], folder / "sub") == [folder / "sub" / "b.txt"]
    assert place(["b.txt"], folder, folder / "sub") == [folder / "sub" / "b.txt"]
    assert place(["a.txt"], folder, folder / "sub") == [folder / "a.txt"]
    assert place(["z.txt"], folder, folder / "sub") == []


def test_where_the_files_of_a_table_are_looked_for(folder: Path) -> None:
    table, images = folder / "t.csv", folder / "sub"
    assert TableOptions().folders(table) == ()
    options = TableOptions(directory=images)
    assert options.folders(table) == (images,)
    trained = Trained(needed=frozenset(), layouts=(), headerless=False, like=options.reading)
    assert dataclasses.replace(options, trained=trained).folders(table) == (folder, images)
    assert dataclasses.replace(options, trained=trained, beside=Path("here")).folders(table) == (Path("here"), images)
    table.write_text("file\nb.txt\n")
    (chunk,) = open_source([str(table)], options, path="").chunks({"file": "text"})
    assert chunk.pick(["file"]).folders == chunk.only(np.array([0])).folders == (images,)
