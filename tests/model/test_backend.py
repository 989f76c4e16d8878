"""TensorFlow comes late, in silence, and as `runtime` asks; again and again in one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlcli.config.schema import RuntimeConfig
from dlcli.errors import ModelError
from dlcli.model import backend

ROOT = Path(__file__).parents[2]


def python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    values = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS", "GLOG"))}
    values |= {"PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=values, check=False)


def test_nothing_is_printed_from_import_to_compiled_training() -> None:
    script = """
import sys
from dlcli.model import backend
from dlcli.config.schema import RuntimeConfig
assert "tensorflow" not in sys.modules
print("before")
runtime = backend.configure(RuntimeConfig(threads=1), 0)
assert runtime.threads == 1
import keras, numpy
model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
model.compile("adam", "mse", jit_compile=True)
model.fit(numpy.zeros((8, 3)), numpy.zeros((8, 1)), verbose=0)
assert backend.configure(RuntimeConfig(threads=2), 0).threads == 1
print("after")
"""
    done = python(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\nafter\n", "")


def test_another_keras_backend_is_refused() -> None:
    script = """
from dlcli.model import backend
from dlcli.errors import ModelError
try:
    backend.load()
except ModelError as error:
    print(error)
"""
    done = python(script, KERAS_BACKEND="jax")
    assert done.returncode == 0
    assert "backend 'jax'" in done.stdout
    assert "KERAS_BACKEND" in done.stdout


def test_a_failing_import_says_why(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'no such CPU')\nraise ImportError('libfoo.so')\n")
    script = """
from dlcli.model import backend
from dlcli.errors import ModelError
try:
    backend.load()
except ModelError as error:
    print(error)
"""
    done = python(script, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.stderr == ""
    assert "libfoo.so" in done.stdout
    assert "no such CPU" in done.stdout


def test_precision_and_determinism_follow_the_last_config() -> None:
    keras = backend.load().keras
    mixed = backend.configure(RuntimeConfig(precision="mixed_bfloat16", deterministic=True), 0)
    assert (mixed.precision, mixed.deterministic) == ("mixed_bfloat16", True)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    plain = backend.configure(RuntimeConfig(), 0)
    assert keras.config.dtype_policy().name == "float32"
    assert plain.deterministic is False
    assert (plain.tensorflow, plain.keras) == (backend.load().tensorflow.__version__, keras.__version__)


def test_the_seed_decides_the_numbers() -> None:
    keras = backend.load().keras

    def draw(seed: int) -> tuple[np.ndarray, str]:
        backend.configure(RuntimeConfig(), seed)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        return keras.ops.convert_to_numpy(layer.kernel), layer.name

    first, second, other = draw(1), draw(1), draw(2)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1] == "dense"
    assert not np.array_equal(first[0], other[0])


def test_devices() -> None:
    gpus = backend.load().tensorflow.config.list_physical_devices("GPU")
    auto = backend.configure(RuntimeConfig(), 0)
    assert auto.device.startswith("gpu" if gpus else "cpu")
    assert len(auto.gpus) == len(gpus)
    with pytest.raises(ModelError) as raised:
        backend.configure(RuntimeConfig(device="gpu:97"), 0)
    (problem,) = raised.value.problems
    assert problem.path == "runtime.device"
    assert "there is no gpu:97 here; TensorFlow finds" in problem.message
    assert "cpu" in problem.message
