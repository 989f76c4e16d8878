"""Files are whole or not there, under every umask and beside every name that the system allows."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.files.replacing import Replacement, is_draft, move_into_place, replacing, write_file
from dlcli.files.syncing import Sync


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o027])
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "run.json", "{}")
    finally:
        os.umask(before)
    assert mode(tmp_path / "run.json") == 0o666 & ~umask


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664, 0o400])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "run.json"
    file.write_text("old")
    file.chmod(kept)
    write_file(file, "new")
    assert (file.read_text(), mode(file)) == ("new", kept)


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    file.write_text("old")
    with contextlib.suppress(RuntimeError), replacing(file) as draft:
        draft.write_text("half of the n")
        raise RuntimeError
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_draft_that_was_never_written_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "model.keras"):
        pass
    assert not any(tmp_path.iterdir())


def test_a_link_is_replaced_and_not_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("another's")
    (tmp_path / "run.json").symlink_to("elsewhere")
    write_file(tmp_path / "run.json", "ours")
    assert (tmp_path / "elsewhere").read_text() == "another's"
    assert not (tmp_path / "run.json").is_symlink()


def test_a_directory_is_written_like_a_file(tmp_path: Path) -> None:
    with replacing(tmp_path / "model") as draft:
        draft.mkdir()
        (draft / "saved_model.pb").write_text("x")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["model", "model/saved_model.pb"]


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..") and len(os.fsencode(name)) <= 255
)


@given(name=NAMES, content=st.binary(max_size=100))
def test_every_name_can_be_written(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    directory = tmp_path_factory.mktemp("names")
    write_file(directory / name, content, sync=Sync.NEVER)
    assert [(path.name, path.read_bytes()) for path in directory.iterdir()] == [(name, content)]


@pytest.mark.parametrize("name", ["a" * 255, "ä" * 127, "x" * 240 + ".weights.h5"])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    draft = Replacement(tmp_path / name).draft.name
    assert is_draft(draft)
    assert draft.endswith(name[-11:])
    write_file(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_directory_that_was_made_elsewhere_gets_its_name(tmp_path: Path) -> None:
    made = tmp_path / "draft" / "model"
    (made / "variables").mkdir(parents=True)
    (made / "variables" / "index").write_text("all")
    move_into_place(made, tmp_path / "model")
    assert (tmp_path / "model" / "variables" / "index").read_text() == "all"
    assert not made.exists()
