"""Equal files share their room on the disk, and nothing else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dlcli.files.linking import link_equal
from dlcli.files.replacing import replacing


def test_equal_files_are_one_on_the_disk_until_one_is_replaced(tmp_path: Path) -> None:
    first, other, short, equal = (tmp_path / name for name in ("first", "other", "short", "equal"))
    for file, content in ((first, b"abc"), (other, b"abd"), (short, b"ab"), (equal, b"abc")):
        file.write_bytes(content)
    (tmp_path / "link").symlink_to(first)
    assert not link_equal(equal, [other, short, tmp_path / "absent", tmp_path / "link"])
    assert link_equal(equal, [other, first])
    assert os.path.samefile(first, equal)
    assert link_equal(equal, [first])  # as it is already
    with replacing(equal) as draft:
        draft.write_bytes(b"new")
    assert (first.read_bytes(), equal.read_bytes()) == (b"abc", b"new")
    assert sorted(os.listdir(tmp_path)) == ["equal", "first", "link", "other", "short"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.EXDEV])
def test_where_there_are_no_such_links_the_copy_stays(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "link", refuse)
    first, equal = tmp_path / "first", tmp_path / "equal"
    for file in (first, equal):
        file.write_bytes(b"abc")
    assert not link_equal(equal, [first])
    assert not os.path.samefile(first, equal)
    assert equal.read_bytes() == b"abc"
