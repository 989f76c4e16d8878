"""A folder of files is a table: of what is in it, in one order, and of nothing else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlcli.config.schema import DataConfig
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.named_files import NamedFiles
from dlcli.data.prepare import prepare
from dlcli.data.sources.folder import source as folder_source
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions, Trained
from dlcli.data.sources.peek import peek_columns
from dlcli.data.table.headers import look_at_headers
from dlcli.data.table.rows import Rows
from dlcli.errors import DataError
from dlcli.files.identity import identify

OPTIONS = TableOptions(missing_values=("", "NA"))

FILES = ("NA/3.png", "NA/old/1.png", "cat/1.png", "cat/10.png", "cat/2.png", "007/x.png", "top.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "pets", *FILES)
    return tmp_path / "pets"


def make(place: Path, *names: str) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)


def cells(place: Path, *names: str) -> list[list[str | None]]:
    source = open_source([str(place)], OPTIONS, path="data.train")
    rows = Rows.read(source, dict.fromkeys(names, "text"))
    return [[cell for part in rows.column(name) for cell in part.tolist()] for name in names]


def refused(place: Path) -> list[tuple[str, str, str]]:
    """What a look and what reading says, which is the same."""
    with pytest.raises(DataError) as caught:
        open_source([str(place)], OPTIONS, path="data.train").columns()
    assert peek_columns([str(place)], OPTIONS).problems == caught.value.problems
    return [(problem.rule, problem.message, problem.hint) for problem in caught.value.problems]


def doubts(place: Path) -> list[tuple[str, str]]:
    look = peek_columns([str(place)], OPTIONS)
    assert look.problems == ()
    assert open_source([str(place)], OPTIONS, path="data.train").doubts() == look.doubts
    assert {doubt.rule for doubt in look.doubts} <= {"folder-of-files"}
    return [(doubt.message, doubt.hint) for doubt in look.doubts]


def test_a_row_a_file_with_its_path_name_and_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_source, "BATCH_ROWS", 2)
    paths, names, folders = cells(folder, "path", "name", "folder")
    assert paths == sorted(FILES, key=lambda file: file.split("/"))
    assert names == [file.rpartition("/")[2] for file in paths if file]
    # What looks like a missing value or a number is a folder's name; the folder itself has none.
    assert folders == ["007", "NA", "NA/old", "cat", "cat", "cat", None]
    assert peek_columns([str(folder)], OPTIONS).names == ("path", "name", "folder")
    source = open_source([str(folder)], OPTIONS, path="data.train")
    assert source.about_rows() == len(FILES)
    assert source.paths == (folder,)


def test_what_systems_and_services_put_there_is_no_row(folder: Path) -> None:
    before = cells(folder, "path")
    make(folder, ".DS_Store", "cat/Thumbs.db", "cat/._1.png", "__MACOSX/cat/1.png", ".git/config", "cat/_classes.csv")
    assert cells(folder, "path") == before


def test_files_that_are_not_there_yet_belong_to_no_row(folder: Path) -> None:
    source = open_source([str(folder)], OPTIONS, path="data.train")
    assert source.about_rows() == len(FILES)
    make(folder, "cat/predictions.csv")
    assert Rows.read(source, {"path": "text"}).num_rows == len(FILES)


def test_several_folders_are_one_table(folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "more", "dog/1.png")
    source = open_source([str(folder), str(tmp_path / "more")], OPTIONS, path="data.train")
    rows = Rows.read(source, {"path": "text", "folder": "text"})
    places = [NamedFiles.listed_in(as_arrow(c.columns["path"]), c.file, c.folders).places() for c in rows.chunks()]
    found = [place for each in places for place in each]
    assert found == [folder / file for file in sorted(FILES, key=lambda file: file.split("/"))] + [
        tmp_path / "more" / "dog" / "1.png"
    ]


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_links_lead_to_files_in_the_folder_alone(folder: Path, tmp_path: Path) -> None:
    before = cells(folder, "path")[0]
    (folder / "cats").symlink_to(folder / "cat")  # met by its own name
    (folder / "up").symlink_to(folder)
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "again.png").symlink_to(folder / "top.png")
    assert cells(folder, "path")[0] == sorted([*before, "again.png"], key=lambda file: (file or "").split("/"))
    linked = tmp_path / "linked"
    linked.symlink_to(folder)  # the folder that is named may be a link
    assert cells(linked, "path") == cells(folder, "path")
    make(tmp_path / "secret", "key.png")
    (folder / "other").symlink_to(tmp_path / "secret")
    (folder / "cat" / "key.png").symlink_to(tmp_path / "secret" / "key.png")
    ((rule, message, _),) = refused(folder)
    assert rule == "file-outside"
    assert "'cat/key.png', 'other'" in message


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_pipes_are_no_rows(folder: Path) -> None:
    before = cells(folder, "path")
    os.mkfifo(folder / "cat" / "pipe.png")
    assert cells(folder, "path") == before


@pytest.mark.skipif(os.name != "posix", reason="names of bytes")
def test_names_that_cannot_be_shown_are_refused(folder: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder / "cat") + b"/caf\xe9.png")).touch()
    except OSError:
        pytest.skip("the file system takes no such name")
    ((rule, message, _),) = refused(folder)
    assert rule == "file-name"
    assert r"caf\xe9" in message


def test_a_folder_without_files_says_which_of_its_folders_are_empty(tmp_path: Path) -> None:
    (tmp_path / "rose").mkdir()
    make(tmp_path, "tulip/.hidden")
    ((rule, message, _),) = refused(tmp_path)
    assert rule == "empty-folder"
    assert "rose, tulip" in message


FOLDERS = dataclasses.replace(OPTIONS, folders_are_rows=True)


def folder_rows(place: Path) -> list[tuple[str, str, str | None, Path]]:
    """Of each row its path, its name, its folder, and where the first of its files is found."""
    source = open_source([str(place)], FOLDERS, path="data.train")
    assert source.about_rows() == Rows.read(source, {"path": "text"}).num_rows
    found = []
    for chunk in source.chunks(dict.fromkeys(["path", "name", "folder"], "text")):
        columns = [as_arrow(chunk.columns[column]) for column in ("path", "name", "folder")]
        places = NamedFiles.listed_in(columns[0], chunk.file, chunk.folders).places()
        found += list(zip(*(column.to_pylist() for column in columns), places, strict=True))
    return found


def test_a_row_a_folder_of_files(tmp_path: Path) -> None:
    """The folders that hold files and no further folders of them; loose files beside them are told."""
    films = tmp_path / "films"
    make(films, "cat/2/b.png", "cat/2/a.png", "cat/10/a.png", "dog/old/1/a.png", "dog/old/.x", "fish/a.png")
    assert folder_rows(films) == [
        ("cat/10", "10", "cat", films / "cat/10"),
        ("cat/2", "2", "cat", films / "cat/2"),
        ("dog/old/1", "1", "dog/old", films / "dog/old/1"),
        ("fish", "fish", None, films / "fish"),
    ]
    assert open_source([str(films)], FOLDERS, path="data.train").doubts() == ()
    make(films, "cat/list.txt", "about.txt")
    assert len(folder_rows(films)) == 4
    look = peek_columns([str(films)], FOLDERS)
    assert look.names == ("path", "name", "folder")
    assert [doubt.message for doubt in look.doubts] == [
        "files in 'films' lie beside folders that are rows, and are in none: about.txt, cat/list.txt"
    ]


def test_a_folder_of_nothing_but_files_is_a_row_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "films/3", "a.png", "b.png")
    wanted = [("3", "3", None, tmp_path / "films" / "3")]
    assert folder_rows(tmp_path / "films" / "3") == wanted
    monkeypatch.chdir(tmp_path / "films")
    assert folder_rows(Path("3")) == wanted
    monkeypatch.chdir(tmp_path / "films" / "3")
    assert folder_rows(Path(".")) == wanted


def test_rows_of_folders_want_a_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    for source, told in ((folder, []), (tmp_path / "a.csv", ["data.rows"])):
        config = DataConfig.model_validate({"train": [str(source)], "target": "y", "rows": "folders"})
        assert [doubt.path for doubt in look_at_headers(config).doubts if doubt.path == "data.rows"] == told


def test_an_empty_class_is_told(folder: Path) -> None:
    assert doubts(folder) == []
    (folder / "bird" / "small").mkdir(parents=True)
    ((message, _),) = doubts(folder)
    assert "bird" in message


def test_the_folder_above_those_of_the_splits_is_told(tmp_path: Path) -> None:
    make(tmp_path / "data", "train/cat/1.png", "valid/cat/1.png", "test/cat/1.png")
    ((message, hint),) = doubts(tmp_path / "data")
    assert "splits" in message
    assert "train: data/train, validation: data/valid, test: data/test" in hint


def test_a_folder_of_tables_says_how_their_rows_are_read(tmp_path: Path) -> None:
    make(tmp_path / "parts", "1.csv", "2.csv")
    ((_, hint),) = doubts(tmp_path / "parts")
    assert f"'{tmp_path / 'parts'}/*.csv'" in hint
    make(tmp_path / "texts", "pos/1.txt", "neg/2.txt")
    assert doubts(tmp_path / "texts") == []


def test_a_table_of_classes_beside_the_images_is_told(folder: Path) -> None:
    make(folder, "_classes.csv")
    ((_, hint),) = doubts(folder)
    assert "pets/_classes.csv" in hint


def test_one_fingerprint_for_all_files_and_every_change_shows(folder: Path, tmp_path: Path) -> None:
    first, seen = fingerprint(folder), identify(folder)
    assert (first.path, first.bytes) == (str(folder), sum(map(len, FILES)))
    assert identify(folder) == seen
    make(tmp_path / "copy", *FILES)
    assert fingerprint(tmp_path / "copy").sha256 == first.sha256
    (folder / "cat" / "1.png").write_text("CAT/1.png")
    changed = fingerprint(folder)
    assert changed.bytes == first.bytes
    assert identify(folder) != seen
    (folder / "cat" / "1.png").rename(folder / "cat" / "9.png")
    moved = fingerprint(folder)
    make(folder, "cat/11.png")
    assert len({each.sha256 for each in (first, changed, moved, fingerprint(folder))}) == 4


def test_a_glob_of_images_says_how_they_are_read_and_not_once_for_each(tmp_path: Path) -> None:
    make(tmp_path, *(f"cat/{number}.png" for number in range(50)))
    for file in (tmp_path / "cat").iterdir():
        file.write_bytes(b"\x89PNG\0")
    look = peek_columns([str(tmp_path / "cat" / "*.png")], OPTIONS)
    assert {problem.rule for problem in look.problems} == {"unknown-format"}
    assert len(look.problems) < 10
    assert "47 more" in look.problems[-1].message
    assert f"name '{tmp_path / 'cat'}'" in look.problems[0].hint
    with pytest.raises(DataError) as caught:
        open_source([str(tmp_path / "cat" / "*.png")], OPTIONS, path="data.train")
    assert caught.value.problems == look.problems


def test_a_target_of_folders_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    def told(place: Path, target: str) -> list[tuple[str, str]]:
        config = DataConfig.model_validate({"train": str(place), "target": target})
        return [(problem.rule, problem.path) for problem in look_at_headers(config).problems]

    make(tmp_path / "flat", "1.png", "2.png")
    assert told(tmp_path / "flat", "folder") == [("no-values", "data.target.folder")]
    assert told(tmp_path / "flat", "name") == []
    assert told(folder, "folder") == []


def test_splits_do_not_lie_in_one_another(folder: Path) -> None:
    config = DataConfig.model_validate({"train": str(folder), "test": str(folder / "cat"), "target": "folder"})
    assert [problem.rule for problem in look_at_headers(config).problems] == ["shared-rows"]
    config = DataConfig.model_validate({"train": str(folder / "NA"), "test": str(folder / "cat"), "target": "folder"})
    assert look_at_headers(config).problems == ()


def test_the_directory_of_named_files_is_there(folder: Path, tmp_path: Path) -> None:
    make(tmp_path, "t.csv")
    config = DataConfig.model_validate({"train": str(folder), "target": "folder", "directory": str(tmp_path / "pet")})
    (problem,) = look_at_headers(config).problems
    assert (problem.rule, problem.path) == ("file-not-found", "data.directory")
    assert "'pets'" in problem.hint


def test_images_in_folders_of_classes_with_a_list_beside_them(tmp_path: Path) -> None:
    for number in range(30):
        place = tmp_path / "pets" / ("cat" if number % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(place / f"{number}.png")
    make(tmp_path / "pets", "labels.csv", "README.md")
    data = {"train": str(tmp_path / "pets"), "target": {"folder": {"type": "category", "missing": "drop"}}}
    prepared = prepare(DataConfig.model_validate(data), seed=1)
    taken = prepared.splits["train"].take(np.arange(30))
    assert taken.inputs["path"].shape == (30, 4, 4, 1)
    assert sorted(np.asarray(taken.inputs["path"])[:, 0, 0, 0].tolist()) == list(range(30))
    ((fingerprint_,),) = prepared.fingerprints.values()
    assert fingerprint_["path"] == str(tmp_path / "pets")
    make(tmp_path / "pets", "cat/notes.txt")
    with pytest.raises(DataError) as caught:
        prepare(DataConfig.model_validate(data), seed=1)
    assert "notes.txt" in caught.value.problems[0].message


def test_a_folder_has_the_one_column_of_files_that_a_model_needs(folder: Path) -> None:
    for needed in ("path", "photo"):
        columns = frozenset({needed})
        trained = Trained(needed=columns, layouts=(), headerless=False, like=OPTIONS.reading, files=columns)
        source = open_source([str(folder / "cat")], dataclasses.replace(OPTIONS, trained=trained), path="")
        assert [info.name for info in source.columns()] == [needed, "name", "folder"]
        assert source.names_rows == (needed,)
        (chunk,) = source.chunks({needed: "text"})
        assert as_arrow(chunk.columns[needed]).to_pylist() == ["1.png", "10.png", "2.png"]
    others = dataclasses.replace(trained, needed=frozenset({"photo", "age"}))
    source = open_source([str(folder)], dataclasses.replace(OPTIONS, trained=others), path="")
    assert source.names_rows == ("path",)


def test_folders_in_a_list_do_not_hold_one_another_and_a_glob_of_folders_says_so(folder: Path) -> None:
    for names in ([".", "cat"], ["cat", "cat"], ["cat", "cat/1.png"]):
        (problem,) = peek_columns([str(folder / name) for name in names], OPTIONS).problems
        assert problem.rule == "repeated-file"
    (problem,) = peek_columns([str(folder / "*A")], OPTIONS).problems
    assert "matches folders" in problem.hint
