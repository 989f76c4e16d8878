"""Keras's data sets, from the files that Keras keeps: which these are, whether they are whole, and their arrays.

The files are read without Keras, and nothing is downloaded. Imports nothing heavy.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dlcli.config.options.sources import KerasData
from dlcli.data.sources.registry import format_of
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    from dlcli.data.arrays.stored import Blocks, StoredArray

__all__ = ["KERAS_COLUMNS", "keras_arrays", "keras_directory", "keras_files"]

KERAS_COLUMNS = ("x", "y")
"""What the columns of every data set are called."""

_GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"

TEST_SHARE = 0.2
SHUFFLE_SEED = 113
"""How Keras divides data sets that come in one piece."""


@dataclasses.dataclass(frozen=True)
class _Kept:
    """A file that Keras keeps.

    Args:
        name: Below Keras's directory of data sets.
        hashed: `sha256` or `md5` and the hash of the file; None where nobody publishes one.
    """

    name: str
    hashed: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class _DataSet:
    """A data set as Keras keeps it.

    Args:
        url: Where Keras gets it from.
        train: The files of the training split.
        test: Those of the test split, if they are others.
    """

    url: str
    train: tuple[_Kept, ...]
    test: tuple[_Kept, ...] = ()

    def files(self, split: str) -> tuple[_Kept, ...]:
        """Those of a split."""
        return self.test if split == "test" and self.test else self.train


def _archive(file: str, sha256: str) -> _DataSet:
    return _DataSet(f"{_GOOGLE}{file}", (_Kept(file, ("sha256", sha256)),))


def _idx(name: str) -> tuple[_Kept, ...]:
    kinds = ("images-idx3", "labels-idx1")
    return tuple(_Kept(f"fashion-mnist/{name}-{kind}-ubyte.gz") for kind in kinds)


def _batches(folder: str, **md5: str) -> tuple[_Kept, ...]:
    return tuple(_Kept(f"{folder}/{name}", ("md5", hashed)) for name, hashed in md5.items())


_CIFAR10 = "cifar-10-batches-py"
_CIFAR100 = "cifar-100-python"

_SETS = {
    "mnist": _archive("mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"),
    "fashion_mnist": _DataSet(f"{_GOOGLE}train-images-idx3-ubyte.gz (and three more)", _idx("train"), _idx("t10k")),
    "cifar10": _DataSet(
        f"{_TORONTO}cifar-10-python.tar.gz",
        _batches(
            _CIFAR10,
            data_batch_1="c99cafc152244af753f735de768cd75f",
            data_batch_2="d4bba439e000b95fd0a9bffe97cbabec",
            data_batch_3="54ebc095f3ab1f0389bbae665268c751",
            data_batch_4="634d18415352ddfa80567beed471001a",
            data_batch_5="482c414d41f54cd18b22e5b47cb7c3cb",
        ),
        _batches(_CIFAR10, test_batch="40351d587109b95175f43aff81a1287e"),
    ),
    "cifar100": _DataSet(
        f"{_TORONTO}cifar-100-python.tar.gz",
        _batches(_CIFAR100, train="16019d7e3df5f24257cddd939b257f8d"),
        _batches(_CIFAR100, test="f0ef6b0ae62326f3e7ffdfab6717acfc"),
    ),
    "california_housing": _archive(
        "california_housing.npz", "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
    ),
    "boston_housing": _archive(
        "boston_housing.npz", "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
    ),
    "imdb": _archive("imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    "reuters": _archive("reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
}

START, FIRST = 1, 3
"""Of the words of texts: the number that begins each, and what is added to the others, as Keras does by default."""


def keras_directory() -> Path:
    """Where Keras keeps data sets: as `KERAS_HOME` says, or in the home directory."""
    if home := os.environ.get("KERAS_HOME"):
        return Path(home).expanduser() / "datasets"
    home_ = Path("~").expanduser()
    return (home_ if os.access(home_, os.W_OK) else Path("/tmp")) / ".keras" / "datasets"


def keras_files(source: KerasData, *, path: str = "") -> tuple[Path, ...]:
    """The files of a split of a data set.

    Args:
        source: The data set and the split.
        path: Where in the config it stands, for messages.

    Raises:
        DataError: They are not there.
    """
    places = [_place(kept.name) for kept in _SETS[source.keras].files(source.split)]
    missing = [place for place in places if not place.is_file()]
    if not missing:
        return tuple(places)
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    raise DataError(
        Problem(
            f"the data set {source.keras} is not among those that Keras keeps: there is no file '{missing[0]}'{more}",
            path=path,
            hint=f'where there is a network, python -c "import keras; keras.datasets.{source.keras}.load_data()" '
            f"gets it from {_SETS[source.keras].url}; else copy it there",
            rule="keras-data",
        )
    )


def _place(name: str) -> Path:
    """Where a file is. Keras unpacks an archive into a folder of its own, and did not in earlier versions."""
    directory = keras_directory()
    folder, _, file = name.partition("/")
    unpacked = directory / f"{folder}-target" / folder / file
    return unpacked if file and unpacked.exists() else directory / name


def keras_arrays(source: KerasData, files: Sequence[Path]) -> dict[str, StoredArray]:
    """The arrays of a split, as Keras's `load_data` gives them; labels one a row.

    Raises:
        DataError: A file is not as Keras gets it, or cannot be read.
    """
    known = _SETS[source.keras].files(source.split)
    problems = [fault for file, kept in zip(files, known, strict=True) if (fault := _altered(file, kept.hashed))]
    if problems:
        raise DataError(problems)
    match source.keras:
        case "mnist":
            arrays = _members(files[0])
            return {column: arrays[f"{column}_{source.split}"] for column in KERAS_COLUMNS}
        case "fashion_mnist":
            found = [array for file in files for array in _members(file).values()]
            return dict(zip(KERAS_COLUMNS, found, strict=True))
        case "cifar10":
            return _pictures(files, b"labels")
        case "cifar100":
            return _pictures(files, f"{source.label_mode}_labels".encode())
        case "imdb" | "reuters":
            return _reviews(files[0], source.split)
    return _shuffled(files[0], source.split)


def _members(file: Path) -> dict[str, StoredArray]:
    read = format_of(file).arrays
    assert read is not None
    return dict(read(file))


def _altered(file: Path, hashed: tuple[str, str] | None) -> Problem | None:
    if hashed is None:
        return None
    found = file.stat()
    method, expected = hashed
    if _hash(file, method, found.st_size, found.st_mtime_ns) == expected:
        return None
    return Problem(
        f"'{file.name}' is not the file that Keras gets: its {method} is another",
        hint="remove it, and let Keras get it anew; a file of your own is a source of its own, such as "
        "{file: data.npz, columns: {x: x_train, y: y_train}}",
        file=file,
        rule="keras-data",
    )


@functools.lru_cache(maxsize=32)
def _hash(file: Path, method: str, size: int, modified: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, method).hexdigest()


def _shuffled(file: Path, split: str) -> dict[str, StoredArray]:
    """A data set in one piece, divided as Keras does: in the order of NumPy's old generator, which never changes."""
    import numpy as np

    from dlcli.data.arrays.stored import from_memory

    arrays = _members(file)
    rows = arrays["x"].shape[0]
    order = np.arange(rows)
    np.random.RandomState(SHUFFLE_SEED).shuffle(order)
    first = int(rows * (1 - TEST_SHARE))
    order = order[first:] if split == "test" else order[:first]
    whole = {column: next(arrays[column].blocks(rows)) for column in KERAS_COLUMNS}
    return {column: from_memory(file, values[order]) for column, values in whole.items()}


def _pictures(files: Sequence[Path], labels: bytes) -> dict[str, StoredArray]:
    """Batches of pictures of 32 by 32 in three channels, channels last as Keras gives them."""
    import numpy as np

    from dlcli.data.arrays.stored import StoredArray, from_memory

    batches = [_batch(file) for file in files]
    classes = np.concatenate([np.asarray(batch[labels], np.uint8) for batch in batches])

    def blocks(step: int) -> Blocks:
        pictures = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
        for start in range(0, len(pictures), step):
            yield np.ascontiguousarray(pictures[start : start + step].transpose(0, 2, 3, 1))

    shape = (len(classes), 32, 32, 3)
    return {"x": StoredArray(files[0], shape, np.dtype(np.uint8), blocks), "y": from_memory(files[0], classes)}


def _reviews(file: Path, split: str) -> dict[str, StoredArray]:
    """Texts whose words are numbers: each row a text of its numbers with blanks between them, and its class; in the
    order in which Keras gives them."""
    import numpy as np

    from dlcli.data.arrays.stored import StoredArray, from_memory
    from dlcli.data.columns.arrays import texts_array

    with np.load(file, allow_pickle=False) as archive:
        parts = [f"_{each}" for each in ("train", "test")] if "x_train" in archive.files else [""]
        labels = {part: archive[f"y{part}"] for part in parts}
    random = np.random.RandomState(SHUFFLE_SEED)
    orders = {part: np.arange(len(values)) for part, values in labels.items()}
    for order in orders.values():
        random.shuffle(order)
    part = f"_{split}" if f"_{split}" in orders else ""
    order = orders[part]
    if not part:
        first = int(len(order) * (1 - TEST_SHARE))
        order = order[first:] if split == "test" else order[:first]

    def blocks(step: int) -> Blocks:
        rows = _unpickled_member(file, f"x{part}")
        for start in range(0, len(order), step):
            numbers = (rows[row] for row in order[start : start + step])
            texts = [" ".join(map(str, (START, *(word + FIRST for word in row)))) for row in numbers]
            yield texts_array(texts)

    kept = StoredArray(file, order.shape, np.dtype("U1024"), blocks)  # about as long as they are
    return {"x": kept, "y": from_memory(file, labels[part][order])}


def _unpickled_member(file: Path, name: str) -> Any:
    """An array of lists in an archive."""
    import numpy as np

    with zipfile.ZipFile(file) as archive:
        member = next(each for each in archive.namelist() if each.rpartition(".")[0] == name)
        stream = archive.open(member)
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        read(stream)
        return _unpickled(stream, file)


def _batch(file: Path) -> dict[bytes, Any]:
    """A pickled dictionary of bytes, lists and one array of NumPy."""
    with file.open("rb") as stream:
        batch: dict[bytes, Any] = _unpickled(stream, file, encoding="bytes")
    return batch


def _unpickled(stream: IO[bytes], file: Path, *, encoding: str = "ASCII") -> Any:
    """What is pickled in a file of Keras's. It is the file that is known by its hash; nothing else is unpickled, and of
    what a pickle may name only what an array needs is there.

    Raises:
        DataError: It names anything else, or is damaged.
    """
    import pickle

    import numpy as np

    allowed: dict[tuple[str, str], Any] = {
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    class Arrays(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) not in allowed:
                raise pickle.UnpicklingError(f"it names {module}.{name}")
            return allowed[module, name]

    try:
        return Arrays(stream, encoding=encoding).load()
    except (pickle.UnpicklingError, EOFError, ValueError) as error:
        message = f"'{file.name}' cannot be read: {error}"
        raise DataError(Problem(message, hint="let Keras get it anew", file=file, rule="keras-data")) from None
