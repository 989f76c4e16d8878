"""Cells that name files: found below their directory, and nowhere else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd
import pyarrow as pa
import pytest

from dlcli.config.options.feature import Cells, Feature
from dlcli.config.schema import DataConfig
from dlcli.data.columns.chunk import Kind
from dlcli.data.sources.frame import from_frame
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions, Trained
from dlcli.data.sources.source import Source
from dlcli.data.table.named import files_of
from dlcli.data.table.table import find_sources, one_kind
from dlcli.data.values.named_files import FileFault, find_named
from dlcli.errors import DataError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("data/a.png", "data/images/b.png", "data/images/007.jpg", "data2/c.png", "outside.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path / "data"


def find(base: Path, *texts: str | None) -> list[str | None]:
    found: list[str | None] = find_named(pa.array(texts, pa.string()), [base]).to_pylist()
    return found


def fault(base: Path, *texts: str) -> FileFault:
    with pytest.raises(FileFault) as caught:
        find(base, *texts)
    return caught.value


def test_files_are_found_below_the_directory(base: Path) -> None:
    written = ["a.png", "images/b.png", "./images/../a.png", str(base / "a.png"), None, " a.png ", r"images\b.png"]
    names = ["a.png", "images/b.png", "a.png", "a.png", None, "a.png", "images/b.png"]
    assert find(base, *written) == [name and str(base / name) for name in names]


@pytest.mark.parametrize(
    "text", ["../outside.png", "../data2/c.png", "images/../../outside.png", "{parent}/outside.png"]
)
def test_files_elsewhere_are_not_read(base: Path, text: str) -> None:
    told = fault(base, "a.png", text.format(parent=base.parent), "../x.png")
    assert (told.index, told.count) == (1, 2)
    assert "outside" in told.reason
    assert "data.directory" in told.hint


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_links_do_not_lead_out_and_only_files_are_read(base: Path) -> None:
    (base / "inner.png").symlink_to(base / "images" / "b.png")
    (base / "other").symlink_to(base.parent / "data2")
    (base / "out.png").symlink_to(base.parent / "outside.png")
    (base / "broken.png").symlink_to(base / "nothing.png")
    os.mkfifo(base / "pipe")
    assert find(base, "inner.png") == [str(base / "inner.png")]
    for text, word in (
        ("out.png", "leads out"),
        ("other/c.png", "leads out"),
        ("broken.png", "regular"),
        ("pipe", "regular"),
        ("images", "directory"),
        ("", "no such file"),
        ("https://x.org/a.png", "address"),
        ("a\0.png", "name of a file"),
    ):
        assert word in fault(base, text).reason, text
    linked = base.parent / "linked"
    linked.symlink_to(base)  # the directory itself may be a link
    assert find(linked, "a.png", str(base / "a.png")) == [str(linked / "a.png"), str(base / "a.png")]


def test_what_is_missing_is_told_with_the_usual_reasons(base: Path) -> None:
    assert f"data.directory: {base / 'images'}" in fault(base, "b.png").hint
    assert str(base / "images" / "007.jpg") in fault(base, "images/007").hint
    assert str(base / "images" / "007.jpg") in fault(base, "007").hint
    assert "relative" in fault(base, "z.png").hint


def read(source: Source, kind: Kind = "file") -> list[str]:
    return [cell for chunk in source.chunks({"file": kind}) for cell in pa.array(chunk.columns["file"]).to_pylist()]


def test_a_table_finds_them_beside_it_and_a_frame_where_one_works(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = base / "t.csv"
    table.write_text("file,y\na.png,1\nimages/b.png,2\n")
    wanted = [str(base / "a.png"), str(base / "images" / "b.png")]
    assert read(open_source([str(table)], TableOptions(), path="")) == wanted
    monkeypatch.chdir(base)
    assert read(from_frame(pd.read_csv(table), TableOptions())) == wanted
    elsewhere = base.parent / "t.csv"
    elsewhere.write_bytes(table.read_bytes())
    options = TableOptions(directory=base)
    assert read(open_source([str(elsewhere)], options, path="")) == wanted
    # New rows come with files of their own; those of the training are found as well.
    (base.parent / "a.png").touch()
    trained = dataclasses.replace(
        options, trained=Trained(needed=frozenset(), layouts=(), headerless=False, like=options.reading)
    )
    assert read(open_source([str(elsewhere)], trained, path="")) == [str(base.parent / "a.png"), wanted[1]]


def test_a_cell_without_a_file_is_told_with_its_line(base: Path) -> None:
    table = base / "t.csv"
    table.write_text("file\na.png\n\nb.png\nc.png\n")
    with pytest.raises(DataError) as caught:
        read(open_source([str(table)], TableOptions(), path=""))
    (problem,) = caught.value.problems
    assert (problem.rule, problem.file, problem.line) == ("named-file", table, 4)
    assert "1 more such" in problem.message


def test_numbers_name_files_too(base: Path) -> None:
    (base / "7").touch()
    frame = pd.DataFrame({"file": [7, 7]})
    assert read(from_frame(frame, TableOptions(beside=base))) == [str(base / "7")] * 2


def test_what_is_a_file_somewhere_is_one_everywhere() -> None:
    assert one_kind({"file", "text"}) == one_kind({"file"}) == "file"


class Picture(Feature):
    cells: ClassVar[Cells] = "file"
    type: Literal["picture"] = "picture"


def test_the_files_that_cells_name_are_files_of_the_data(base: Path) -> None:
    table = base / "t.csv"
    table.write_text("file,y\na.png,1\nimages/b.png,2\na.png,1\n")
    config = DataConfig.model_validate({"train": str(table), "test": str(base / "images"), "target": "y"})
    assert files_of(config, find_sources(config)) == {"train": (table,), "test": (base / "images",)}
    config = config.model_copy(update={"features": {"file": Picture()}})
    named = (table, base / "a.png", base / "images" / "b.png")
    assert files_of(config, find_sources(config))["train"] == named
