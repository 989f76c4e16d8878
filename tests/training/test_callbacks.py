"""The files of callbacks stay inside the run directory, under names that Keras can write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.schema.component import Component
from dlcli.errors import ConfigError
from dlcli.runs.contents import matches
from dlcli.runs.layout import OWN_NAMES
from dlcli.training.callbacks import PLACES, make_callbacks, written_by


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
@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "C:\\x", "", ".", "./", "./.", "a/.", "x" * 201, "ä" * 101, "a\0b"]
)
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


def test_the_log_gets_its_folders(tmp_path: Path) -> None:
    assert built({"CSVLogger": {"filename": "sub/dir/x.csv"}}, tmp_path).filename == str(tmp_path / "sub/dir/x.csv")
    assert (tmp_path / "sub" / "dir").is_dir()


@pytest.mark.parametrize("name", [*sorted(OWN_NAMES), "History.csv", "./run.json", "CODE/x.csv", "evaluations/x"])
def test_no_callback_writes_over_what_the_run_writes(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as error:
        built({"CSVLogger": {"filename": name}}, tmp_path)
    assert error.value.problems[0].rule == "outside-run"


FIELDS = st.sampled_from(["{epoch}", "{epoch:02d}", "{loss:.3f}", "{val_loss}"])
TEXTS = st.text("ab[]*?!-_ é", min_size=1, max_size=8)


@given(parts=st.lists(st.lists(st.one_of(FIELDS, TEXTS), min_size=1, max_size=4).map("".join), min_size=1, max_size=3))
def test_what_a_checkpoint_writes_is_known_by_its_template(parts: list[str]) -> None:
    template = "/".join(parts)
    (pattern,) = written_by([Component("ModelCheckpoint", {"filepath": template})])
    name = template.format(epoch=7, loss=0.25, val_loss=-1.5e-9)
    assert matches(f"checkpoints/{name}.keras", pattern)
    assert not matches(f"checkpoints/{name}.txt", pattern)
    assert not matches(f"checkpoints/deeper/{name}.keras", pattern)


def test_what_other_callbacks_write() -> None:
    components = [
        Component("CSVLogger", {"filename": "logs/[x].csv"}),
        Component("TensorBoard"),
        Component("EarlyStopping"),
    ]
    assert written_by(components) == ["logs/[[]x].csv", "tensorboard/**"]
    assert matches("tensorboard/train/events.1", "tensorboard/**")
    assert not matches("tensorboard", "tensorboard/**")
