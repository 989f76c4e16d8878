"""What is free: of the machine, and of what a container may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.data.table import memory

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("limit", "used", "cached", "fits"),
    [("max", 5, 0, True), ("4000", 1000, 0, True), ("4000", 2500, 0, False), ("4000", 2500, 1600, True)],
)
def test_the_limit_of_a_container_counts(
    limit: str, used: int, cached: int, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system keeps of files that were read is not in the way."""
    (tmp_path / "limit").write_text(f"{limit}\n")
    (tmp_path / "used").write_text(f"{used}\n")
    (tmp_path / "memory.stat").write_text(f"anon 7\nactive_file {cached // 2}\ninactive_file {cached // 2}\n")
    monkeypatch.setattr(memory, "CGROUPS", ((tmp_path, "limit", "used", ""), (tmp_path, "none", "none", "total_")))
    assert memory.fits_in_memory(1500) == fits


def test_the_machine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CGROUPS", ())
    assert memory.fits_in_memory(1)
    assert not memory.fits_in_memory(2**60)
