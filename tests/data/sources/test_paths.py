"""Which files paths and globs mean: those of the standard library's `glob`, each once, whatever links there are."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.data.sources.matching import matches
from dlcli.data.sources.paths import find_files
from dlcli.errors import DataError

NAMES = st.sampled_from(["a", "b.csv", ".c", "d[1]", "é", "A.CSV"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["*", "**", "?", "a", "b*", ".*", "*.csv", "[ab]*", "d[[]1]", "..", "é", "**x"])


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.sets(PATHS, max_size=12), pattern=st.lists(PARTS, min_size=1, max_size=4).map("/".join))
def test_the_standard_library_finds_the_same(
    paths: set[str], pattern: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("tree") / "w/x/y/z"  # no pattern leads up and out of it, to what other tests write
    top.mkdir(parents=True)
    for path in sorted(paths, key=len, reverse=True):
        file = top / path
        if not file.exists() and not any(parent.is_file() for parent in file.parents):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    whole = f"{glob.escape(str(top))}/{pattern}"
    if not glob.has_magic(pattern):
        return
    expected = {os.path.normpath(path) for path in glob.glob(whole, recursive=True) if os.path.isfile(path)}
    found = [os.path.normpath(path) for path in matches(whole)]
    assert set(found) == expected


def table(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x,y\n1,2\n")
    return path


def found(directory: Path, pattern: str) -> list[str]:
    files = find_files([f"{glob.escape(str(directory))}/{pattern}"], path="data.train")
    return [file.relative_to(directory).as_posix() for file in files]


def test_a_loop_of_links_gives_every_file_once(tmp_path: Path) -> None:
    table(tmp_path / "data" / "a.csv")
    (tmp_path / "data" / "again").symlink_to(tmp_path / "data")
    assert found(tmp_path, "**/*.csv") == ["data/a.csv"]
    assert found(tmp_path, "**") == ["data/a.csv"]


def test_two_loops_come_to_an_end(tmp_path: Path) -> None:
    table(tmp_path / "data" / "below" / "a.csv")
    for name in ("one", "two", "three"):
        (tmp_path / "data" / name).symlink_to(tmp_path / "data")
        (tmp_path / "data" / "below" / name).symlink_to("..")
    assert found(tmp_path, "**/*.csv") == ["data/below/a.csv"]
    assert found(tmp_path, "**/**/*.csv") == ["data/below/a.csv"]


def test_what_links_lead_to_elsewhere_is_found(tmp_path: Path) -> None:
    table(tmp_path / "store" / "a.csv")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "there").symlink_to(tmp_path / "store")
    (tmp_path / "data" / "b.csv").symlink_to(table(tmp_path / "other.csv"))
    assert found(tmp_path, "data/**/*.csv") == ["data/b.csv", "data/there/a.csv"]


def test_a_file_with_several_names_is_read_once_and_by_its_own(tmp_path: Path) -> None:
    table(tmp_path / "z.csv")
    (tmp_path / "a.csv").symlink_to("z.csv")
    os.link(tmp_path / "z.csv", tmp_path / "zz.csv")
    assert found(tmp_path, "*.csv") == ["z.csv"]


def test_a_file_that_is_named_twice_is_a_fault(tmp_path: Path) -> None:
    table(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    with pytest.raises(DataError) as caught:
        find_files([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], path="data.train")
    assert [problem.rule for problem in caught.value.problems] == ["repeated-file"]


@pytest.mark.parametrize(
    "name",
    ["a\0.csv", "a" * 300 + ".csv", "/".join(["a" * 200] * 30), "\udcff.csv", "a" * 300 + "*.csv", "*\0"],
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(DataError) as caught:
        find_files([name], path="data.train")
    assert [problem.rule for problem in caught.value.problems] == ["file-name"]
    str(caught.value).encode()


def test_a_match_whose_name_is_not_unicode(tmp_path: Path) -> None:
    try:
        table(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")))
    except OSError:
        pytest.skip("this file system takes no such names")
    table(tmp_path / "b.csv")
    with pytest.raises(DataError) as caught:
        found(tmp_path, "*.csv")
    assert [problem.rule for problem in caught.value.problems] == ["file-name"]
    with pytest.raises(DataError) as caught:
        find_files([str(tmp_path / "c.csv"), str(tmp_path)], path="data.train")  # and the hints can be shown
    str(caught.value).encode()


def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for name in (str(tmp_path / "pipe.csv"), "/dev/zero"):
        with pytest.raises(DataError) as caught:
            find_files([name], path="data.train")
        assert [problem.rule for problem in caught.value.problems] == ["not-a-file"]
    with pytest.raises(DataError):
        found(tmp_path, "*.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may look everywhere")
def test_folders_that_may_not_be_looked_into(tmp_path: Path) -> None:
    table(tmp_path / "closed" / "a.csv")
    (tmp_path / "closed").chmod(0)
    try:
        with pytest.raises(DataError):
            find_files([str(tmp_path / "closed" / "a.csv")], path="data.train")
        with pytest.raises(DataError):
            find_files([str(tmp_path / "closed" / "*.csv")], path="data.train")
    finally:
        (tmp_path / "closed").chmod(0o700)
