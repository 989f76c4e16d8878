"""TensorFlow comes late and in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    values = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS", "GLOG"))}
    values |= {"PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=values, check=False)


def test_nothing_is_printed_from_import_to_compiled_training_nor_imported_in_vain(tmp_path: Path) -> None:
    """pandas and requests are a tenth of the import; scikit-learn would be half as much again where it is installed."""
    (tmp_path / "sklearn.py").write_text("")
    script = """
import gc, sys
from dlcli.backend import startup
from dlcli.backend.runtime import configure
from dlcli.config.schema import RuntimeConfig
assert "tensorflow" not in sys.modules
print("before")
gc.freeze()  # as the program does
configure(RuntimeConfig(threads=1), 0)
import keras, numpy, tensorflow
from keras.src.callbacks import remote_monitor
from keras.src.trainers.data_adapters.array_slicing import ARRAY_TYPES
threads = tensorflow.config.threading.get_intra_op_parallelism_threads
assert threads() == 1
model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
model.compile("adam", "mse", jit_compile=True)
model.fit(numpy.zeros((8, 3)), numpy.zeros((8, 1)), verbose=0)
configure(RuntimeConfig(threads=2), 0)
assert threads() == 1
assert not isinstance(3, ARRAY_TYPES)
assert not {"pandas", "requests", "sklearn"} & sys.modules.keys()
import pandas, sklearn
rows, targets = pandas.DataFrame(numpy.zeros((8, 3))), pandas.Series(numpy.zeros(8))
assert all(isinstance(each, ARRAY_TYPES) for each in (rows, targets)) and not isinstance(3, ARRAY_TYPES)
model.fit(rows, targets, verbose=0)
assert "requests" not in sys.modules
met = startup._Later("pandas", ["Series"])
assert met.Series is pandas.Series and met.DataFrame is pandas.DataFrame
sys.modules["pandas"] = met
assert not isinstance(targets, met.Series)
assert met.Series is not pandas.Series and met.Series([1.0]).sum() == 1.0  # another thread, while Keras is imported
assert sys.modules["pandas"] is not met and met.Series.__module__ == pandas.Series.__module__
from dlcli.exports.to_onnx import to_onnx
inputs = keras.Input((3,), name="x")
to_onnx(keras.Model({"x": inputs}, keras.layers.Dense(1)(inputs)), ("y",), metadata={})
assert not {"requests", "urllib3", "tf2onnx.tfjs_utils"} & sys.modules.keys()
from tf2onnx import tfonnx, utils
from tf2onnx.tfjs_utils import graphs_from_tfjs
assert isinstance(utils.Retry(total=1), sys.modules["urllib3.util.retry"].Retry)
try:
    tfonnx.graphs_from_tfjs("none")
except OSError:
    pass
print("after", remote_monitor.requests.Session.__name__)
"""
    done = python(script, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\nafter Session\n", "")


def test_another_keras_backend_is_refused() -> None:
    script = """
from dlcli.backend import startup
from dlcli.errors import ModelError
try:
    startup.load()
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
from dlcli.backend import startup
from dlcli.errors import ModelError
try:
    startup.load()
except ModelError as error:
    print(error)
"""
    done = python(script, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.stderr == ""
    assert "libfoo.so" in done.stdout
    assert "no such CPU" in done.stdout
