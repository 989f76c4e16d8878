"""Fingerprints tell files apart."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest

from dlcli.data.cache.fingerprint import fingerprint
from dlcli.errors import DataError


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", bytes(range(256)) * 5000])
def test_size_and_hash(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "data"
    file.write_bytes(data)
    expected = {"path": str(file), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert dataclasses.asdict(fingerprint(file)) == expected


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fingerprint(tmp_path / "gone")
    assert caught.value.problems[0].rule == "unreadable-file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="a pipe or a device"):
        fingerprint(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_device_without_end_is_not_read() -> None:
    with pytest.raises(DataError, match="a pipe or a device"):
        fingerprint(Path("/dev/zero"))
