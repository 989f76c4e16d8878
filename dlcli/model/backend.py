"""TensorFlow and Keras, imported late and in silence, and set up as `runtime` asks."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from dlcli.config.schema import RuntimeConfig
from dlcli.errors import ModelError, Problem

__all__ = ["Backend", "Runtime", "configure", "load", "load_before_tables", "silence"]


@dataclasses.dataclass(frozen=True)
class Backend:
    """The two imported modules."""

    tensorflow: Any
    keras: Any


@dataclasses.dataclass(frozen=True)
class Runtime:
    """What the numbers are computed with.

    Args:
        device: `cpu`, or `gpu:0` by its number on this machine.
        device_name: What the device is, such as `NVIDIA H200`; `CPU` for the processor.
        gpus: The names of all GPUs of this machine, used or not.
        precision: Keras's dtype policy.
        deterministic: Whether only deterministic operations run.
        threads: CPU threads in use for one operation; None when TensorFlow takes all.
        tensorflow: TensorFlow's version.
        keras: Keras's version.
    """

    device: str
    device_name: str
    gpus: tuple[str, ...]
    precision: str
    deterministic: bool
    threads: int | None
    tensorflow: str
    keras: str


def load() -> Backend:
    """Import TensorFlow and Keras; the first call takes seconds, and nothing of what they print is shown.

    Raises:
        ModelError: They cannot be imported (with what they printed), or Keras is set to another backend.
    """
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        backend = Backend(sys.modules["tensorflow"], sys.modules["keras"])
        _require_tensorflow_backend(backend.keras.backend.backend())
        return backend
    # An environment variable wins over ~/.keras/keras.json, so that a file at home does not change a run.
    _require_tensorflow_backend(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
    # 3 silences the C++ side for good: XLA, CUDA and the optimizers log long after the import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "3")
    # What is logged before the level is read (oneDNN, CUDA's search) only a redirection of the descriptors stops.
    with silence() as captured, _without_collecting():
        try:
            tensorflow = importlib.import_module("tensorflow")
            keras = importlib.import_module("keras")
            tensorflow.config.list_physical_devices()
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            raise ModelError(_import_failure(error, _text(captured))) from error
    # Python's warnings of TensorFlow and Keras go through absl and logging to stderr.
    tensorflow.get_logger().setLevel("ERROR")
    return Backend(tensorflow, keras)


def load_before_tables() -> None:
    """On macOS, load TensorFlow now; whoever will need both calls this before anything imports pandas or pyarrow.

    Where these come first, `fit` hangs there (keras#23083, tensorflow#98563).
    """
    if sys.platform == "darwin":
        load()


def configure(runtime: RuntimeConfig, seed: int) -> Runtime:
    """Make the process ready to build and train one model; call it before each.

    Forgets the models built before, resets names, dtype policy and image format, and seeds Python, NumPy, TensorFlow
    and Keras. The choice of GPUs and threads is fixed once TensorFlow has run an operation: asking for another
    device then is an error, and other threads are left as they are.

    Args:
        runtime: The config's `runtime`.
        seed: The config's `seed`; the same seed gives the same initial weights.

    Raises:
        ModelError: The device is absent, or can no longer be chosen.
    """
    backend = load()
    tf, keras = backend.tensorflow, backend.keras
    device, gpus = _choose_device(tf, runtime.device)
    threads = _set_threads(tf, runtime.threads)
    keras.utils.clear_session()
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy(runtime.precision)
    keras.utils.set_random_seed(seed)
    _set_determinism(tf, runtime.deterministic)
    number = int(device.partition(":")[2] or 0)
    return Runtime(
        device=device,
        device_name=gpus[number] if device != "cpu" else "CPU",
        gpus=gpus,
        precision=runtime.precision,
        deterministic=runtime.deterministic,
        threads=threads,
        tensorflow=tf.__version__,
        keras=keras.__version__,
    )


def _choose_device(tf: Any, wanted: str) -> tuple[str, tuple[str, ...]]:
    """Show TensorFlow one device; returns it and the names of all GPUs."""
    gpus = tf.config.list_physical_devices("GPU")
    names = tuple(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)
    visible = tf.config.get_visible_devices("GPU")
    number = None
    if wanted == "auto":
        number = gpus.index(visible[0]) if visible else (0 if gpus and not _started() else None)
    elif wanted != "cpu":
        number = int(wanted.partition(":")[2] or 0)
        if number >= len(gpus):
            there = ", ".join(f"gpu:{index} ({name})" for index, name in enumerate(names))
            raise ModelError(
                Problem(
                    f"there is no {wanted} here; TensorFlow finds {there + ' and cpu' if there else 'only cpu'}",
                    path="runtime.device",
                    hint="use `auto` or `cpu`" if not gpus else "use one of these, or `auto`",
                    rule="device",
                )
            )
    chosen = [] if number is None else [gpus[number]]
    if chosen != visible:
        try:
            tf.config.set_visible_devices(chosen, "GPU")
        except RuntimeError:
            shown = ", ".join(f"gpu:{gpus.index(gpu)}" for gpu in visible) or "cpu"
            raise ModelError(
                Problem(
                    f"cannot change to {wanted}: TensorFlow already runs on {shown} in this process",
                    path="runtime.device",
                    hint="use another process for another device",
                    rule="device",
                )
            ) from None
    for gpu in chosen:
        if not _started():
            tf.config.experimental.set_memory_growth(gpu, True)
    return ("cpu" if number is None else f"gpu:{number}"), names


def _set_threads(tf: Any, wanted: int | None) -> int | None:
    """Limit the threads while that is possible; returns the number in use."""
    threading = tf.config.threading
    in_use = threading.get_intra_op_parallelism_threads()
    if in_use != (wanted or 0) and not _started():
        threading.set_intra_op_parallelism_threads(wanted or 0)
        threading.set_inter_op_parallelism_threads(wanted or 0)
        in_use = wanted or 0
    return in_use or None


def _started() -> bool:
    """Whether TensorFlow has fixed its devices and threads."""
    # There is no public way to ask; tf.config itself looks at this flag before it refuses a change.
    from tensorflow.python.eager import context

    return bool(context.context()._initialized)


def _set_determinism(tf: Any, wanted: bool) -> None:
    # Public TensorFlow can only switch determinism on; a later run in the process must be able to do without.
    from tensorflow.python.framework import config

    if wanted:
        tf.config.experimental.enable_op_determinism()
    elif config.is_op_determinism_enabled():
        config.disable_op_determinism()


def _require_tensorflow_backend(name: str) -> None:
    if name != "tensorflow":
        raise ModelError(
            Problem(
                f"Keras is set to the backend {name!r}, and dlcli trains with 'tensorflow'",
                hint="unset KERAS_BACKEND, or set it to tensorflow",
                rule="backend",
            )
        )


def _import_failure(error: Exception, printed: str) -> Problem:
    message = f"TensorFlow cannot be imported: {type(error).__name__}: {error}"
    if printed.strip():
        message += "; it printed: " + " | ".join(line.strip() for line in printed.splitlines() if line.strip())
    return Problem(message, hint="install it again: pip install --force-reinstall tensorflow keras", rule="backend")


@contextlib.contextmanager
def silence() -> Iterator[BinaryIO]:
    """Send file descriptors 1 and 2 to a temporary file: C++ knows nothing of `sys.stderr`."""
    with tempfile.TemporaryFile() as captured, contextlib.ExitStack() as stack:
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
            if stream is not None:
                stream.flush()
            try:
                saved = os.dup(descriptor)
            except OSError:  # a service may run with it closed
                continue
            stack.callback(os.close, saved)
            stack.callback(os.dup2, saved, descriptor)
            if stream is not None:
                stack.callback(stream.flush)
            os.dup2(captured.fileno(), descriptor)
        yield captured


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Import without looking for garbage: modules make hundreds of thousands of objects, and all of them stay.

    Measured: 1.8 s instead of 2.3 for the import, and a tenth of a second for every full collection afterwards, which
    leaves them out (`clear_session` makes one).
    """
    if not gc.isenabled():
        yield
        return
    gc.collect()  # what is garbage now would be kept for good
    gc.disable()
    try:
        yield
        if gc.get_freeze_count():  # whose process it is has frozen what was there: the program does
            gc.freeze()
    finally:
        gc.enable()


def _text(captured: BinaryIO) -> str:
    captured.seek(0)
    return captured.read().decode("utf-8", "replace")
