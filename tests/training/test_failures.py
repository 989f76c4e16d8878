"""What fails while training is told before it where that can be known, and by the name of the layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlcli
from dlcli.errors import ConfigError, DlcliError, ModelError
from dlcli.training.events import Notice

CODE = '''
import keras
import tensorflow as tf


class Text(keras.layers.Layer):
    """Nothing but a detour over text, which XLA does not know."""

    def call(self, x):
        return tf.strings.to_number(tf.strings.as_string(x)) + 0 * x

    def compute_output_shape(self, shape):
        return shape


class Checked(keras.layers.Layer):
    def call(self, x):
        tf.debugging.assert_less(x, 10.0, message="numbers must be less than 10")
        return x + 0

    def compute_output_shape(self, shape):
        return shape


def text_loss(y, p):
    return tf.reduce_mean(tf.square(y - tf.strings.to_number(tf.strings.as_string(p)) - 0 * p + p))
'''


def config(folder: Path, layers: list[Any], *, execution: str, most: int = 9, **sections: Any) -> dict[str, Any]:
    """Numbers from 0 to `most`, in 2,000 rows."""
    (folder / "own.py").write_text(CODE)
    x = np.arange(2000) % (most + 1)
    np.savez(folder / "rows.npz", x=x.astype(np.int32), y=(x > 2).astype(np.float32))
    return {
        "data": {
            "train": str(folder / "rows.npz"),
            "validation": 0.2,
            "target": {"y": {"type": "number", "scale": "none"}},
            "features": {"x": {"type": "number", "scale": "none"}},
        },
        "model": {"layers": layers},
        "compile": {"loss": "mse", "optimizer": "sgd"},
        "report": False,
        "fit": {"epochs": 20},
        "runtime": {"execution": execution},
        "code": [str(folder / "own.py")],
        **sections,
    }


@pytest.mark.parametrize("execution", ["auto", "xla", "graph", "step"])
def test_an_embedding_that_is_too_small_is_found_before_training(execution: str, tmp_path: Path) -> None:
    layers = [{"Embedding": {"input_dim": 10, "output_dim": 2}}, "Flatten", {"Dense": {"units": 1}}]
    with pytest.raises(ConfigError) as error:
        dlcli.train(config(tmp_path, layers, execution=execution, most=49), run_dir=tmp_path / "run")
    (problem,) = error.value.problems
    assert problem.rule == "embedding-range"
    assert problem.path == "model.layers[0]"
    assert "0 to 9" in problem.message
    assert "0 to 49" in problem.message
    assert problem.hint == "input_dim: 50"
    assert not (tmp_path / "run").exists()


def test_an_embedding_inside_a_model_is_found_too(tmp_path: Path) -> None:
    inner = {"layers": [{"Reshape": {"target_shape": [1]}}, {"Embedding": {"input_dim": 10, "output_dim": 2}}]}
    layers = [{**inner, "name": "inner"}, "Flatten", {"Dense": {"units": 1}}]
    with pytest.raises(ConfigError) as error:
        dlcli.train(config(tmp_path, layers, execution="graph", most=49), run_dir=tmp_path / "run")
    assert [problem.rule for problem in error.value.problems] == ["embedding-range"]


@pytest.mark.parametrize("execution", ["graph", "step"])
def test_a_check_of_ones_own_names_its_layer(execution: str, tmp_path: Path) -> None:
    layers = [{"Checked": {}, "name": "guard"}, {"Dense": {"units": 1}}]
    with pytest.raises(ModelError) as error:
        dlcli.train(config(tmp_path, layers, execution=execution, most=20), run_dir=tmp_path / "run")
    (problem,) = error.value.problems
    assert problem.rule == "training"
    assert "the layer 'guard'" in problem.message
    assert "numbers must be less than 10" in problem.message
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


HEAD = {"Dense": {"units": 1}}
CULPRITS: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "before a layer with a common name": (
        [{"Text": {}, "name": "odd"}, {"Dense": {"units": 4}, "name": "training"}, HEAD],
        {},
        "the layer 'odd'",
    ),
    "inside a model": (
        [{"layers": [{"Text": {}, "name": "deep"}, HEAD], "name": "inner"}, HEAD],
        {},
        "the layer 'deep'",
    ),
    "a loss": ([HEAD], {"compile": {"loss": "text_loss", "optimizer": "sgd"}}, "the loss 'text_loss'"),
}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.soak] * (kind == "before a layer with a common name")) for kind in CULPRITS],
)
def test_what_xla_cannot_compile_is_named(kind: str, tmp_path: Path) -> None:
    layers, sections, culprit = CULPRITS[kind]
    with pytest.raises(DlcliError) as error:
        dlcli.train(config(tmp_path, layers, execution="xla", **sections), run_dir=tmp_path / "run")
    (problem,) = error.value.problems
    assert f"XLA cannot compile {culprit}: it knows no AsString" in problem.message


def test_the_record_says_what_was_executed(tmp_path: Path) -> None:
    told: list[Notice] = []
    layers = [{"Text": {}, "name": "odd"}, HEAD]
    dlcli.train(
        config(tmp_path, layers, execution="auto"),
        run_dir=tmp_path / "run",
        listener=lambda event: told.append(event) if isinstance(event, Notice) else None,
    )
    assert json.loads((tmp_path / "run" / "run.json").read_text())["execution"]["mode"] == "graph"
    (fallen,) = [notice for notice in told if notice.problem.rule == "xla"]
    assert fallen.warning
    assert "the layer 'odd'" in fallen.problem.message
