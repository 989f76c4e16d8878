"""The files of callbacks stay inside the run directory, under names that Keras can write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlcli.config.component import Component
from dlcli.errors import ConfigError
from dlcli.training.callbacks import PLACES, make_callbacks


def built(component: Any, directory: Path) -> Any:
    return make_callbacks([Component.parse(component)], directory, code={})[0]


@pytest.mark.parametrize(
    ("filepath", "weights_only", "written"),
    [
        ("best.keras", False, "best.keras"),
        ("dm_{epoch:02d}_{val_accuracy:0.2f}", False, "dm_{epoch:02d}_{val_accuracy:0.2f}.keras"),
        ("w", True, "w.weights.h5"),
        ("deep/w.weights.h5", True, "deep/w.weights.h5"),
    ],
)
def test_checkpoints_are_kept_in_the_run(tmp_path: Path, filepath: str, weights_only: bool, written: str) -> None:
    callback = built({"ModelCheckpoint": {"filepath": filepath, "save_weights_only": weights_only}}, tmp_path)
    assert callback.filepath == str(tmp_path / "checkpoints" / written)


def test_a_run_directory_with_braces_is_no_template(tmp_path: Path) -> None:
    callback = built({"ModelCheckpoint": {"filepath": "{epoch}"}}, tmp_path / "{a}")
    assert callback.filepath.format(epoch=3) == str(tmp_path / "{a}" / "checkpoints" / "3.keras")


@pytest.mark.parametrize("name", sorted(PLACES))
@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "C:\\x", ""])
def test_no_file_leaves_the_run(tmp_path: Path, name: str, path: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_callbacks([Component(name, {PLACES[name].argument: path})], tmp_path, code={})
    assert error.value.problems[0].path == f"callbacks[0].{name}.{PLACES[name].argument}"


@pytest.mark.parametrize(("filepath", "weights_only"), [("x.h5", False), ("x.keras", True), ("x.weights.h5", False)])
def test_a_suffix_that_keras_does_not_write(tmp_path: Path, filepath: str, weights_only: bool) -> None:
    with pytest.raises(ConfigError) as error:
        built({"ModelCheckpoint": {"filepath": filepath, "save_weights_only": weights_only}}, tmp_path)
    assert error.value.problems[0].rule == "checkpoint-suffix"
    assert ("x.weights.h5" if weights_only else "x.keras") in error.value.problems[0].hint


def test_the_log_goes_beside_the_history(tmp_path: Path) -> None:
    assert built("CSVLogger", tmp_path).filename == str(tmp_path / "log.csv")
