"""The device, the threads, the precision and the seed of a job, as the config's `runtime` asks."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import os
from collections.abc import Iterator
from typing import Any

from dlcli.backend import workers
from dlcli.backend.startup import load
from dlcli.config.schema import RuntimeConfig
from dlcli.errors import ModelError, Problem

__all__ = ["Runtime", "as_written", "configure", "full_precision", "in_turn", "keeping_kernels"]


_IN_TURN = "SINGLE_THREADED_EXECUTOR"
"""TensorFlow's executor that runs one operation after the other."""


@dataclasses.dataclass(frozen=True)
class Runtime:
    """Where the numbers are computed.

    Args:
        device: `cpu`, or `gpu:0` by its number on this machine.
        device_name: What the device is, such as `NVIDIA H200`; `CPU` for the processor.
        gpus: The names of all GPUs of this machine, used or not.
    """

    device: str
    device_name: str
    gpus: tuple[str, ...]


def configure(runtime: RuntimeConfig, seed: int, *, again: bool = False) -> Runtime:
    """Make the process ready to build and train one model; call it before each.

    Forgets the models built before, resets names, dtype policy and image format, and seeds Python, NumPy, TensorFlow
    and Keras. The choice of GPUs and threads is fixed once TensorFlow has run an operation: asking for another
    device then is an error, and other threads are left as they are.

    Args:
        runtime: The config's `runtime`.
        seed: The config's `seed`; the same seed gives the same initial weights.
        again: For a model that is built already, and is not to be forgotten.

    Raises:
        ModelError: The device is absent, or can no longer be chosen.
    """
    keras = load()
    import tensorflow as tf

    device, gpus = _choose_device(tf, runtime.device)
    _set_threads(tf, runtime.threads or _share_of_threads())
    workers.join()
    with _kernels_kept() if _KEEPS.get() else contextlib.nullcontext():
        if not again:
            keras.utils.clear_session(free_memory=not _KEEPS.get())
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
        keras.config.set_dtype_policy(runtime.precision)
        keras.utils.set_random_seed(seed)
    _set_determinism(tf, runtime.deterministic)
    number = int(device.partition(":")[2] or 0)
    return Runtime(device=device, device_name=gpus[number] if device != "cpu" else "CPU", gpus=gpus)


_KEEPS: contextvars.ContextVar[bool] = contextvars.ContextVar("keeps", default=False)


@contextlib.contextmanager
def keeping_kernels(keep: bool) -> Iterator[None]:
    """While it lasts, making the process ready lets go of nothing that is compiled, as Keras and TensorFlow would.

    They do so because a kernel may hold where its random numbers stand. Those of Keras's own layers do not: variables
    hold it.

    Args:
        keep: False changes nothing.
    """
    token = _KEEPS.set(keep)
    try:
        yield
    finally:
        _KEEPS.reset(token)


@contextlib.contextmanager
def _kernels_kept() -> Iterator[None]:
    # Both ask the context to clear its cache, and there is no other way to let them leave that out.
    from tensorflow.python.eager import context

    forget = context.pywrap_tfe.TFE_ContextClearCaches
    context.pywrap_tfe.TFE_ContextClearCaches = lambda handle: None
    try:
        yield
    finally:
        context.pywrap_tfe.TFE_ContextClearCaches = forget


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """While it lasts, no product is computed in TensorFloat-32, which on a GPU rounds its factors to ten bits."""
    load()
    import tensorflow as tf

    rounding = tf.config.experimental
    before = rounding.tensor_float_32_execution_enabled()
    rounding.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        rounding.enable_tensor_float_32_execution(before)


def in_turn(so: bool) -> contextlib.AbstractContextManager[None]:
    """While functions are traced and while they run: their loops are made for the one executor or for the other.

    Args:
        so: One operation runs after the other, in one thread: those of a small network take less time than another
            thread takes to begin. Else TensorFlow's own executor.
    """
    load()
    from tensorflow.python.eager import context

    return context.function_executor_type(_IN_TURN if so else "")  # type: ignore[no-any-return]


@contextlib.contextmanager
def as_written() -> Iterator[None]:
    """While it lasts, a function computes the operations that were traced, in turn, and no others in their place that
    would round otherwise: the same numbers as when they are called one by one."""
    load()
    import tensorflow as tf
    from tensorflow.python.eager import context

    there = context.context()
    before = there.function_call_options
    config = tf.compat.v1.ConfigProto.FromString(before.config_proto_serialized)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    there.function_call_options = context.FunctionCallOptions(_IN_TURN, config)
    try:
        yield
    finally:
        there.function_call_options = before


def _choose_device(tf: Any, wanted: str) -> tuple[str, tuple[str, ...]]:
    """Show TensorFlow one device; returns it and the names of all GPUs."""
    gpus = tf.config.list_physical_devices("GPU")
    names = tuple(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)
    visible = tf.config.get_visible_devices("GPU")
    number = None
    if wanted == "auto":
        first = where.local % len(gpus) if gpus and (where := workers.place()) is not None else 0
        number = gpus.index(visible[0]) if visible else (first if gpus and not _started() else None)
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


def _set_threads(tf: Any, wanted: int | None) -> None:
    """Limit the threads while that is possible; 0 leaves the number to TensorFlow."""
    threading = tf.config.threading
    if threading.get_intra_op_parallelism_threads() != (wanted or 0) and not _started():
        threading.set_intra_op_parallelism_threads(wanted or 0)
        threading.set_inter_op_parallelism_threads(wanted or 0)


def _share_of_threads() -> int | None:
    """How many threads a worker takes of a machine that it shares with others; None: all."""
    where = workers.place()
    return None if where is None or where.here == 1 else max(1, (os.cpu_count() or 1) // where.here)


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
