"""What is free: of the machine, and of what a container may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.data import memory


@pytest.mark.parametrize(
    ("limit", "used", "fits"), [("max\n", "5\n", True), ("4000\n", "1000\n", True), ("4000\n", "2500\n", False)]
)
def test_the_limit_of_a_container_counts(
    limit: str, used: str, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "limit", tmp_path / "used"
    for file, text in zip(files, (limit, used), strict=True):
        file.write_text(text)
    monkeypatch.setattr(memory, "CGROUPS", (files, (tmp_path / "none", tmp_path / "none")))
    assert memory.fits_in_memory(1500) == fits


def test_the_machine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CGROUPS", ())
    assert memory.fits_in_memory(1)
    assert not memory.fits_in_memory(2**60)
