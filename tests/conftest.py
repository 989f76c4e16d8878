"""What all tests share: the places of the project, a specimen of every layer, and TensorFlow kept quiet."""

from __future__ import annotations

import dataclasses
import gc
import importlib.abc
import os
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, Literal

import hypothesis
import pytest

from dlcli.config.catalogue.entries import Entry, load

# How long an example takes says nothing on a machine that others use too.
hypothesis.settings.register_profile("dlcli", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.load_profile("dlcli")

# Before anything can import TensorFlow: no start-up noise, and the CPU, where numbers are the same on every machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# A shell starts a job in the background with Ctrl-C ignored, which the programs under test would inherit and respect.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root: `configs/`, `data/` and `docs/` are in it."""
    return PROJECT


class _NoTensorFlow(importlib.abc.MetaPathFinder):
    """Refuses TensorFlow where it is meant to stay out: no test that loads it slips in among the quick ones."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname in ("tensorflow", "keras"):
            raise AssertionError("a test that loads TensorFlow is marked: pytestmark = pytest.mark.tensorflow")


WITH_TENSORFLOW = ("backend", "cli", "configs", "exports", "model", "training")
"""Folders all of whose tests load TensorFlow, or start programs that do."""


LONG = ("drafting", "test_architecture.py")
"""Folders and files that take long without TensorFlow too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in these folders, and run files that take long first, so that no process waits for another."""
    for item in items:
        if item.path.relative_to(PROJECT / "tests").parts[0] in WITH_TENSORFLOW:
            item.add_marker(pytest.mark.tensorflow)
    long = [{item.path for item in items if item.get_closest_marker(mark)} for mark in ("tensorflow", "slow")]
    long.append({item.path for item in items if item.path.relative_to(PROJECT / "tests").parts[0] in LONG})
    items.sort(key=lambda item: [item.path not in files for files in long])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files in these folders, some of which import TensorFlow themselves."""
    parts = collection_path.relative_to(PROJECT).parts
    return True if _is_without(config) and parts[1:2] and parts[1] in WITH_TENSORFLOW else None


def pytest_configure(config: pytest.Config) -> None:
    """Hold `make quick` to what it promises: no TensorFlow, and an answer soon. `make test` tries more examples."""
    if _is_without(config):
        sys.meta_path.insert(0, _NoTensorFlow())
        hypothesis.settings.load_profile("quick")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is imported and collected: all of it stays.

    Keras collects garbage whenever a model is forgotten. With six thousand tests and TensorFlow in memory that took a
    quarter of a second each time, two thirds of what many files of tests took.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        _leave_out_what_stays()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Nor among what a file of tests has imported late."""
    result = yield
    if nextitem is None or nextitem.path != item.path:
        _leave_out_what_stays()
    return result


def _leave_out_what_stays() -> None:
    gc.collect()
    gc.freeze()


def _is_without(config: pytest.Config) -> bool:
    return "not tensorflow" in config.getoption("markexpr")


RANKS: dict[str, tuple[int, ...]] = {"1D": (12, 4), "2D": (12, 12, 3), "3D": (8, 8, 8, 2)}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "AutoContrast": {},
    "CategoryEncoding": {"num_tokens": 5},
    "CenterCrop": {"height": 4, "width": 4},
    "Dot": {"axes": 1},
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": [None, 7]},
    "Hashing": {"num_bins": 4},
    "Permute": {"dims": [2, 1]},
    "Reshape": {"target_shape": [4, 12]},
    "Resizing": {"height": 4, "width": 4},
    "RandomCrop": {"height": 4, "width": 4},
    "RepeatVector": {"n": 3},
    "Rescaling": {"scale": 0.5},
    "Discretization": {"bin_boundaries": [0.0, 1.0]},
    "Bidirectional": {"layer": {"LSTM": {"units": 2}}},
    "TimeDistributed": {"layer": {"Dense": {"units": 2}}},
    "SpectralNormalization": {"layer": {"Dense": {"units": 2}}},
    "RNN": {"cell": {"LSTMCell": {"units": 2}}},
    "Embedding": {"input_dim": 9, "output_dim": 2},
    "GroupNormalization": {"groups": 2},
    "MelSpectrogram": {"fft_length": 32},
    "STFTSpectrogram": {"frame_length": 8, "frame_step": 4, "fft_length": 8, "window": None},
    "RandomPosterization": {"factor": 4},
    "ParametricActivation": {"activation": "selu"},
    "Patches": {"size": 2},
    "PiecewiseLinearEmbedding": {"boundaries": [[-1.0, 0.0, 2.0]] * 4},
    "RangeClip": {"minimum": -1.0, "maximum": 1.0},
    "ScheduledDropout": {"steps": 9},
    "TransformerEncoder": {"intermediate_dim": 3},
    "Pipeline": {"layers": [{"Rescaling": {"scale": 2}}, "Flatten"]},
}
"""What the layers of the sweep need beside the numbers that fit nearly every layer."""

FITTING: dict[str, Any] = {
    "units": 4,
    "filters": 2,
    "kernel_size": 3,
    "num_heads": 2,
    "num_query_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 3,
    "key_dim": 3,
    "rate": 0.1,
    "factor": 0.1,
    "height_factor": 0.1,
    "width_factor": 0.1,
    "pool_size": 2,
    "output_size": 2,
    "stddev": 0.1,
    "dim": 1,
}

NOT_FOR_A_LIST = {
    "Equalization": "returns its input itself",
    "InputLayer": "made from the data",
    "Layer": "an abstract class",
    "Wrapper": "an abstract class",
    "StackedRNNCells": "a cell, for RNN",
    "GRUCell": "a cell, for RNN",
    "LSTMCell": "a cell, for RNN",
    "SimpleRNNCell": "a cell, for RNN",
    "TFSMLayer": "loads a SavedModel",
    "FlaxLayer": "wraps a Python object",
    "JaxLayer": "wraps a Python object",
    "TorchModuleWrapper": "wraps a Python object",
    "Lambda": "wraps a Python function",
    "StringLookup": "takes text",
    "TextVectorization": "takes text",
    "HashedCrossing": "takes text or whole numbers",
    "IntegerLookup": "takes whole numbers",
    "MaxNumBoundingBoxes": "takes bounding boxes",
    "ReversibleEmbedding": "takes whole numbers",
}


def _shape(entry: Entry) -> tuple[int, ...]:
    """A sample that the layer can take."""
    spatial = next((shape for digit, shape in RANKS.items() if digit in entry.name), None)
    if entry.name.startswith("ConvLSTM") and spatial is not None:
        return (3, *spatial)
    if spatial is not None:
        return spatial
    if entry.name in ("EnsembleAffine", "PeriodicEmbedding", "PiecewiseLinearEmbedding"):
        return (4,)
    images = (
        "Patches",
        "Random",
        "Crop",
        "Mix",
        "Contrast",
        "Resizing",
        "Solarization",
        "Equalization",
        "Aug",
        "Erasing",
    )
    if any(word in entry.name for word in images) or entry.name in ("DepthwiseConv2D", "Patches"):
        return (12, 12, 3)
    return (
        (4,)
        if entry.name in ("RepeatVector", "CategoryEncoding")
        else (64,)
        if entry.name == "MelSpectrogram"
        else (12, 4)
    )


@dataclasses.dataclass(frozen=True)
class Specimen:
    """A layer of the catalogue as it may stand in a model.

    Args:
        arguments: What it is made with.
        shape: A sample that it takes.
        dtype: The type of the sample's numbers.
        inputs: How many such samples it takes.
    """

    arguments: dict[str, Any]
    shape: tuple[int, ...]
    dtype: Literal["float32", "int32"]
    inputs: int


@pytest.fixture(scope="session")
def specimen() -> Callable[[str], Specimen]:
    """The specimen of a layer by its name in the catalogue; the test is skipped where it cannot stand alone."""

    def of(name: str) -> Specimen:
        if name in NOT_FOR_A_LIST:
            pytest.skip(NOT_FOR_A_LIST[name])
        entry = load().get("layers", name)
        assert entry is not None
        arguments = {argument: FITTING[argument] for argument in entry.required if argument in FITTING}
        whole = name in ("Embedding", "CategoryEncoding", "Hashing")
        shape = _shape(entry)
        return Specimen(
            arguments | ARGUMENTS.get(name, {}),
            shape[:1] if whole else shape,
            "int32" if whole else "float32",
            {"list": 2, "arguments": 2}.get(entry.inputs, 1),
        )

    return of
