"""Rows of arrays in files are those of the same array in memory, and do not stay in memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.cache import mapped
from dlcli.data.cache.mapped import is_mapped, map_array, take

pytestmark = pytest.mark.slow


def stored(path: Path, array: np.ndarray) -> np.ndarray:
    path.write_bytes(b"head" + array.tobytes())
    return map_array(path, dtype=array.dtype, shape=array.shape, offset=4, keep=None)


@given(st.data())
def test_taking_rows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("mapped") / "array"
    num_rows = data.draw(st.integers(0, 50))
    shape = (num_rows, *data.draw(st.lists(st.integers(1, 3), max_size=2)))
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    lying = stored(path, array)
    rows = np.array(data.draw(st.lists(st.integers(0, num_rows - 1), max_size=80) if num_rows else st.just([])), int)
    start, stop = data.draw(st.integers(0, 60)), data.draw(st.integers(0, 60))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped, "WINDOW_BYTES", data.draw(st.sampled_from([1, 100, 200_000])))
        patch.setattr(mapped, "LARGE_ROW", data.draw(st.sampled_from([1, 10**9])))
        for wanted in (rows, slice(start, stop), slice(start, None)):
            found = take(lying, wanted)
            assert not is_mapped(found)
            assert found.dtype == array.dtype
            assert np.array_equal(found, array[wanted])
            assert np.array_equal(take(array, wanted), array[wanted])


def test_views_are_mapped_too(tmp_path: Path) -> None:
    lying = stored(tmp_path / "array", np.arange(12.0).reshape(6, 2))
    assert is_mapped(lying)
    assert is_mapped(lying[2:].reshape(-1))
    assert not is_mapped(lying + 1)
    assert not lying.flags.writeable


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pages_are_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "WINDOW_BYTES", 1 << 20)
    lying = stored(tmp_path / "array", np.ones((1 << 20, 16), np.float32))  # 64 MiB

    def resident() -> int:
        fields = Path("/proc/self/smaps").read_text().split(str(tmp_path / "array"))[1].splitlines()
        return next(int(line.split()[1]) for line in fields if line.startswith("Rss:")) * 1024

    order = np.random.default_rng(0).permutation(len(lying))
    for start in range(0, len(order), 1 << 16):
        take(lying, order[start : start + (1 << 16)])
        assert resident() <= 1 << 20
    take(lying, slice(None))
    assert resident() <= 1 << 20


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="rows are mapped here")
def test_large_rows_are_read_and_not_mapped(tmp_path: Path) -> None:
    array = np.arange(64 * 4096, dtype=np.uint16).reshape(64, 4096)
    lying = stored(tmp_path / "array", array)
    order = np.random.default_rng(0).permutation(64)
    np.testing.assert_array_equal(take(lying, order), array[order])
    np.testing.assert_array_equal(take(lying[10:], slice(3, 9)), array[13:19])
    os.truncate(tmp_path / "array", 4 + 4096 * 2 * 20)
    with pytest.raises(EOFError):
        take(lying, np.array([40]))
