"""What all tests share: the places of the project, and TensorFlow kept quiet and off the network."""

from __future__ import annotations

import importlib.abc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says nothing on a machine that others use too.
hypothesis.settings.register_profile("dlcli", deadline=None)
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


def pytest_configure(config: pytest.Config) -> None:
    """Hold `make quick` to what it promises."""
    if "not tensorflow" in config.getoption("markexpr"):
        sys.meta_path.insert(0, _NoTensorFlow())
