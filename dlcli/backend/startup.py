"""Keras and what computes for it, imported late and in silence."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import tempfile
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from dlcli.errors import ModelError, Problem

__all__ = ["PACKAGES", "imported_later", "load", "load_before_tables", "silence"]

PACKAGES = ("keras", "tensorflow")
"""What is loaded."""

LATER: Mapping[str, Sequence[str]] = {"pandas": ("DataFrame", "Series"), "requests": ()}
"""Packages that are installed with these, which they import only to know what is of them when they are given it: by
these classes. Nothing here gives them any, and pandas alone takes a fifth of a second."""

WRAPPED = "sklearn"
"""What Keras imports where it is installed, for nearly a second, to offer its models as those of that package: to those
who import dlcli, but not to the program, which has no use for them."""


def load() -> Any:
    """Import TensorFlow and Keras; the first call takes seconds, and nothing of what they print is shown.

    Returns:
        The module `keras`.

    Raises:
        ModelError: They cannot be imported (with what they printed), or Keras is set to another backend.
    """
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        keras = sys.modules["keras"]
        _require_tensorflow_backend(keras.backend.backend())
        return keras
    # An environment variable wins over ~/.keras/keras.json, so that a file at home does not change a run.
    _require_tensorflow_backend(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
    # 3 silences the C++ side for good: XLA, CUDA and the optimizers log long after the import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "3")
    # What is logged before the level is read (oneDNN, CUDA's search) only a redirection of the descriptors stops.
    with silence() as captured, _without_collecting(), _later():
        try:
            tensorflow = importlib.import_module("tensorflow")
            keras = importlib.import_module("keras")
            tensorflow.config.list_physical_devices()
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            raise ModelError(_import_failure(error, _text(captured))) from error
    # Python's warnings of TensorFlow and Keras go through absl and logging to stderr.
    tensorflow.get_logger().setLevel("ERROR")
    return keras


def load_before_tables() -> None:
    """On macOS, load TensorFlow now; whoever will need both calls this before anything imports pandas or pyarrow.

    Where these come first, `fit` hangs there (keras#23083, tensorflow#98563).
    """
    if sys.platform == "darwin":
        load()


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
        if _is_programs():
            gc.freeze()
    finally:
        gc.enable()


def _is_programs() -> bool:
    """Whether the process is the program's, and of nobody who imports the package: it has frozen what was there."""
    return gc.get_freeze_count() > 0


@contextlib.contextmanager
def _later() -> Iterator[None]:
    """Import without what is wanted later or never: in its place they are given what imports it when it is used."""
    hidden = _is_programs() and WRAPPED not in sys.modules
    if hidden:
        sys.modules[WRAPPED] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        with imported_later(LATER):
            yield
    finally:
        if hidden:
            sys.modules.pop(WRAPPED, None)


@contextlib.contextmanager
def imported_later(packages: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """While it lasts, who imports one of these modules gets what imports it when it is used.

    Args:
        packages: The modules, each with the classes and functions that are taken from it by name.
    """
    given = {name: _Later(name, classes) for name, classes in packages.items() if name not in sys.modules}
    sys.modules.update(given)
    try:
        yield
    finally:
        for each in given.values():
            each.give_way()


class _Later(types.ModuleType):
    """A package that is imported when something of it is used.

    Args:
        name: Its name.
        classes: Those of which there can be nothing before somebody has imported it.
    """

    def __init__(self, name: str, classes: Sequence[str]) -> None:
        super().__init__(name)
        self._classes = {each: _LaterClass(each, (), {"__module__": name}) for each in classes}

    def __getattr__(self, name: str) -> Any:
        if name in self._classes and sys.modules.get(self.__name__) in (None, self):
            return self._classes[name]
        if name == "__path__" and "." in self.__name__:
            raise AttributeError(name)  # asked by who imports something of it: it is no package
        return getattr(_imported(self.__name__), name)

    def give_way(self) -> None:
        """From here on, who imports it gets the package itself."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


def _imported(name: str) -> Any:
    """A package itself."""
    there = sys.modules.get(name)
    if isinstance(there, _Later):
        there.give_way()
    return importlib.import_module(name)


class _LaterClass(type):
    """In the place of a class of a package: tells what is of it, and imports nothing for that. Another thread may have
    met it in that place, and make something of it."""

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        return getattr(_imported(cls.__module__), cls.__name__)(*arguments, **options)

    def __instancecheck__(cls, instance: Any) -> bool:
        package = sys.modules.get(cls.__module__)
        there = package is not None and not isinstance(package, _Later)
        return there and isinstance(instance, getattr(package, cls.__name__, ()))


def _text(captured: BinaryIO) -> str:
    captured.seek(0)
    return captured.read().decode("utf-8", "replace")
