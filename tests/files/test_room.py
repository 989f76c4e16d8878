"""Room that is put by is there when it is needed, and leaves no trace."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dlcli.errors import RunError
from dlcli.files.room import Room
from dlcli.runs.claiming import claim
from dlcli.runs.layout import RunDirectory


def test_room_has_no_name_and_can_be_given_back_in_parts(tmp_path: Path) -> None:
    room = Room(tmp_path, 3 * 2**16)
    assert not any(tmp_path.iterdir())
    sizes = []
    for keep in (2**18, 2**16, 2**10):
        room.free(keep=keep)
        sizes.append(os.fstat(room._file.fileno()).st_size)
    assert sizes == [3 * 2**16, 2**16, 2**10]
    room.free()
    room.free()


def test_a_run_without_room_for_its_end_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with (
        pytest.raises(RunError, match="No space left"),
        claim(RunDirectory(tmp_path / "run"), numbered=False, overwrite=False, room=10),
    ):
        pass
    assert not any(tmp_path.iterdir())


def test_where_the_system_promises_nothing_some_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    room = Room(tmp_path, 2**30)
    assert os.fstat(room._file.fileno()).st_size == 2**16
    room.free()
