"""An embedding inside of a class of the user's own is looked at with what it is really given."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlcli
from dlcli.errors import ConfigError

pytestmark = pytest.mark.tensorflow

CODE = """
import keras
import tensorflow as tf


class Inner(keras.layers.Layer):
    def __init__(self, size, **keywords):
        super().__init__(**keywords)
        self.table = keras.layers.Embedding(size, 2)

    def call(self, inputs):
        return self.table(inputs)


class Words(keras.layers.Layer):
    def __init__(self, size=10, shift=0, **keywords):
        super().__init__(**keywords)
        self.size, self.shift = size, shift
        self.inner = Inner(size)
        self.plain = keras.layers.Embedding(3, 1)

    def call(self, inputs):
        first = keras.ops.cast(inputs[:, 0], "int32") + self.shift
        second = keras.ops.cast(inputs[:, 1] > 0.5, "int32")
        return keras.ops.concatenate([self.inner(first), self.plain(second)], axis=-1)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "shift": self.shift}


class Table(keras.layers.Layer):
    def __init__(self, size=10, **keywords):
        super().__init__(**keywords)
        self.size = size

    def build(self, shape):
        self.table = self.add_weight(shape=(self.size, 2))

    def call(self, inputs):
        return tf.gather(self.table, tf.cast(inputs[:, 0], tf.int32))

    def get_config(self):
        return {**super().get_config(), "size": self.size}


class Net(keras.Model):
    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.words = keras.layers.Embedding(10, 1)

    def call(self, inputs, training=None, mask=None):
        (features,) = inputs.values()
        return super().call(inputs, training=training) + self.words(features[:, 0])
"""


def config(folder: Path, layer: dict[str, Any], **model: Any) -> dict[str, Any]:
    """300 rows, the word 49 in one of them alone."""
    (folder / "own.py").write_text(CODE)
    words = np.arange(300) % 10
    words[217] = 49
    lines = [f"{word},{place % 7},{word * 0.5}" for place, word in enumerate(words)]
    (folder / "rows.csv").write_text("\n".join(["word,other,y", *lines]) + "\n")
    numbers = {name: {"type": "number", "scale": "none"} for name in ("word", "other")}
    return {
        "data": {"train": str(folder / "rows.csv"), "target": "y", "features": numbers},
        "model": {"layers": [layer, {"Dense": {"units": 1}}], **model},
        "report": False,
        "fit": {"epochs": 1},
        "code": [str(folder / "own.py")],
    }


@pytest.mark.parametrize("job", ["train", "check"])
@pytest.mark.parametrize(
    ("layer", "model", "path", "words"),
    [
        ({"Words": {"size": 10}}, {}, "model.layers[0]", "0 to 9, and is given 0 to 49"),
        ({"Words": {"size": 50, "shift": 1}}, {}, "model.layers[0]", "0 to 49, and is given 1 to 50"),
        ({"Words": {"size": 50, "shift": -1}}, {}, "model.layers[0]", "is given -1 to 48"),
        ({"Table": {"size": 10}}, {}, "model", "row 49 of a table that has the rows 0 to 9"),
        ({"Dense": {"units": 2}}, {"class": "Net"}, "model.class", "0 to 9, and is given 0 to 49"),
    ],
)
def test_a_table_that_is_too_small(
    tmp_path: Path, job: str, layer: dict[str, Any], model: dict[str, Any], path: str, words: str
) -> None:
    settings = config(tmp_path, layer, **model)
    start = functools.partial(dlcli.train, run_dir=tmp_path / "run") if job == "train" else dlcli.check
    with pytest.raises(ConfigError) as error:
        start(settings)
    (problem,) = error.value.problems
    assert (problem.rule, problem.path) == ("embedding-range", path)
    assert words in problem.message
    assert not (tmp_path / "run").exists()


def test_a_table_that_is_large_enough(tmp_path: Path) -> None:
    for layer in ({"Words": {"size": 50}}, {"Table": {"size": 50}}):
        run = dlcli.train(config(tmp_path, layer), run_dir=tmp_path / next(iter(layer)))
        assert run.status == "completed"
