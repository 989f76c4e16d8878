"""A trained model's file, in the fullest form that Keras can write: what cannot be written whole is not lost.

A layer, a schedule or a loss of the user's own may have no `get_config`, and then Keras writes neither it nor what it
is part of. dlcli builds models from their YAML and reads weights alone: those are enough for everything that it does.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src.saving import saving_lib

from dlcli.errors import Problem, RunError
from dlcli.files.replacing import replacing
from dlcli.model.faults import model_faults
from dlcli.model.losses.pinball import is_own
from dlcli.runs.layout import ROOM_FOR_THE_END, RunDirectory

__all__ = ["Saver", "save_initial", "save_trained", "unsavable"]

WAY_OUT = "give {whose} class a get_config that returns its arguments"


def save_trained(model: Any, run: RunDirectory) -> Problem | None:
    """Write `model.keras`; without how it was compiled, or `model.weights.h5` instead, where Keras can do no more.

    Args:
        model: The model.
        run: Where to.

    Returns:
        What could not be written, and why.

    Raises:
        RunError: The disk is full or the file cannot be written.
    """
    run.make_room(keep=ROOM_FOR_THE_END)
    run.forget_evaluations()
    try:
        return _save_whole(model, run, None)
    except _FAULTS as error:
        problem = unsavable(model) or _weights_alone(error)
    if problem.rule == "saved-uncompiled":
        try:
            return _save_whole(model, run, problem)
        except _FAULTS as error:
            problem = _weights_alone(error)
    with _writing(run.weights), replacing(run.weights) as draft:
        _write_weights(model, draft)
    return problem


def _save_whole(model: Any, run: RunDirectory, problem: Problem | None) -> Problem | None:
    """Write `model.keras` without what cannot be written; that is returned."""
    with _writing(run.model), replacing(run.model) as draft, _as_far_as_possible(model, problem), _skips_known():
        model.save(draft)
    return problem


def save_initial(model: Any, run: RunDirectory) -> None:
    """Write what the weights are before training: where they were read may be gone when the run goes on.

    The optimizer's numbers are left out, which are none yet: two or three times the weights, and of each trial others.

    Raises:
        RunError: The file cannot be written.
    """
    with _writing(run.initial), replacing(run.initial) as draft:
        _write_weights(model, draft, without={id(model.optimizer)})


def _write_weights(model: Any, draft: Path, *, without: Collection[int] = ()) -> None:
    """As `model.save_weights` does, but by way of memory: where HDF5 itself meets the end of a disk, or of what a file
    may have, it ends the process (h5py 3.14.0: a segmentation fault when the file is closed).

    Args:
        model: The model.
        draft: Where to.
        without: Parts of the model that are left out, by their `id`, where Keras itself writes the others.

    Raises:
        OSError: There is no room.
    """
    if getattr(type(model), "save_weights", None) is not keras.Model.save_weights:
        model.save_weights(draft)
        return
    content = io.BytesIO()
    store = saving_lib.H5IOStore(content, mode="w")
    with _skips_known():
        left_out = set(without)
        saving_lib._save_state(model, weights_store=store, assets_store=None, inner_path="", visited_saveables=left_out)
    store.close()
    draft.write_bytes(content.getbuffer())


def unsavable(model: Any) -> Problem | None:
    """What of a model Keras cannot write, if anything; nothing is written to find out."""
    try:
        keras.saving.serialize_keras_object(model)
        return None
    except _FAULTS as error:
        whole = error
    problem = Problem(
        f"{_reason(whole)}; model.keras is written without the optimizer, the loss and the metrics",
        hint=f"{WAY_OUT.format(whose='that')}; dlcli needs neither to predict nor to evaluate",
        rule="saved-uncompiled",
    )
    try:
        with _as_far_as_possible(model, problem):
            keras.saving.serialize_keras_object(model)
    except _FAULTS as error:
        return _weights_alone(error)
    return problem


class Saver:
    """A model for a callback that saves it: each file is whole or not there, and the one before it stays until then.

    Args:
        model: The model that is trained.
        require: Called before each file is written; raises what forbids it.
    """

    def __init__(self, model: Any, *, require: Callable[[], None] = lambda: None) -> None:
        self._model = model
        self._require = require
        self._problem = unsavable(model)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def save(self, filepath: str, **_: Any) -> None:
        """Write the whole model, as far as Keras can."""
        self._require()
        with replacing(Path(filepath)) as draft, _as_far_as_possible(self._model, self._problem), _skips_known():
            self._model.save(draft)

    def save_weights(self, filepath: str, **_: Any) -> None:
        """Write the weights."""
        self._require()
        with replacing(Path(filepath)) as draft:
            _write_weights(self._model, draft)


_FAULTS = tuple(fault for fault in model_faults() if fault is not OSError)
"""What a class that cannot be saved raises. NotImplementedError is a RuntimeError."""


@contextlib.contextmanager
def _as_far_as_possible(model: Any, problem: Problem | None) -> Iterator[None]:
    """While it lasts, Keras writes no more of the model than it can, and nothing that plain Keras could not read."""
    if problem is None and not any(map(is_own, keras.tree.flatten(model.loss))):
        yield
        return
    model.get_compile_config = lambda: None
    try:
        yield
    finally:
        del model.get_compile_config


_skipped = functools.cache(saving_lib.get_attr_skipset)


@contextlib.contextmanager
def _skips_known() -> Iterator[None]:
    """While it lasts, Keras finds out once what of each kind of object is no state, and makes no optimizer, layer and
    metric for that each time: it keeps the answer under another name than it asks for (3.15.1)."""
    find = saving_lib.get_attr_skipset
    saving_lib.get_attr_skipset = _skipped
    try:
        yield
    finally:
        saving_lib.get_attr_skipset = find


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(Problem(f"cannot write {path}: {error.strerror or error}", rule="not-writable")) from error


def _weights_alone(error: Exception) -> Problem:
    return Problem(
        f"{_reason(error)}; the weights alone are written, into model.weights.h5, and no model.keras",
        hint=f"{WAY_OUT.format(whose='the')}; predict and evaluate work without",
        rule="saved-weights",
    )


def _reason(error: Exception) -> str:
    """The first sentence of what Keras says: whole classes follow as an example."""
    text = re.sub(r" at 0x[0-9a-f]+", "", " ".join(str(error).split()))
    first = text.split(". ")[0].split(": ```")[0] if text else type(error).__name__
    return f"Keras cannot save the model: {first.rstrip('.')}"
