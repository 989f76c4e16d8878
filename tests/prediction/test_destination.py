"""Where predictions may go."""

from __future__ import annotations

from pathlib import Path

from dlcli.prediction.destination import holder_of


def test_predictions_do_not_become_rows_of_the_folder_that_they_are_of(tmp_path: Path) -> None:
    (tmp_path / "images" / "cat").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "images")
    images, table = tmp_path / "images", tmp_path / "t.csv"
    table.touch()
    for name in ("images/out.csv", "images/cat/out.csv", "link/out.csv"):
        assert holder_of(tmp_path / name, [table, images]) == images
    for name in ("out.csv", "images-out.csv", "t.csv", "images/.out.csv"):
        assert holder_of(tmp_path / name, [table, images]) is None
