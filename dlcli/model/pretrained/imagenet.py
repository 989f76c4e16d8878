"""The weights that Keras knows for its networks: looked for in Keras's cache, never fetched.

Keras downloads them in silence when a network is made. Here nothing is downloaded: a missing file is told of, with its
place, its address and its hash.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlcli.backend import startup
from dlcli.errors import Problem

__all__ = ["KnownFile", "asking", "missing"]


@dataclasses.dataclass(frozen=True)
class KnownFile:
    """A file that Keras would download.

    Args:
        name: What it is called in the cache.
        address: Where Keras finds it.
        hash: Its MD5 or SHA-256; empty when Keras knows none.
        folder: The folder of the cache.
    """

    name: str
    address: str
    hash: str
    folder: str

    @property
    def path(self) -> Path:
        """Where it lies, or is to lie."""
        home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
        return Path(home) / self.folder / self.name

    def fault(self) -> str:
        """What is wrong with the file that is there; empty for nothing."""
        if not self.hash:
            return ""
        digest = hashlib.md5(usedforsecurity=False) if len(self.hash) == 32 else hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
        found = digest.hexdigest()
        return "" if found == self.hash else f"its {digest.name.upper()} is {found}, and Keras knows {self.hash}"


@contextlib.contextmanager
def asking() -> Iterator[list[KnownFile]]:
    """While it lasts, Keras neither downloads nor loads the weights of a network; what it asks for is noted."""
    keras = startup.load()
    from unittest import mock  # late: it brings asyncio along, and so many commands import this module

    from keras.src.utils import file_utils

    wanted: list[KnownFile] = []

    def note(fname: str, origin: str = "", *, cache_subdir: str = "datasets", file_hash: Any = None, **_: Any) -> str:
        wanted.append(KnownFile(fname, origin, file_hash or "", cache_subdir))
        return fname

    patched = mock.patch.object(file_utils, "get_file", note), mock.patch.object(keras.Model, "load_weights", _nothing)
    with patched[0], patched[1], warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the size for which a network was trained
        yield wanted


def _nothing(*_: Any, **__: Any) -> None:
    return None


def missing(network: str, file: KnownFile, path: str) -> Problem:
    """The problem of a file that the cache does not have.

    Args:
        network: Whose weights they are.
        file: Which is wanted.
        path: Where the config asks for it.
    """
    known = f"; its {'MD5' if len(file.hash) == 32 else 'SHA-256'} is {file.hash}" if file.hash else ""
    return Problem(
        f"the weights that {network} learnt from ImageNet are not on this machine: there is no {file.path}{known}",
        path=path,
        hint=f"nothing is downloaded here; where there is a network: curl --create-dirs -o {file.path} {file.address}; "
        "or give `weights` a file of yours, or none",
        rule="weights-file",
    )
