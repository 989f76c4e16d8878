"""Where rows come from, as a config says it: files, arrays as columns, columns by other names, Keras's data sets."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from dlcli.config.options.section import ColumnName, Section, Words

__all__ = ["KERAS_NAMES", "ArrayFiles", "FileColumns", "KerasData", "Paths", "Source", "Sources"]


def _list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


_Path = Annotated[str, Field(min_length=1), Words("a path or glob")]

Paths: TypeAlias = Annotated[
    list[_Path], BeforeValidator(_list), Field(min_length=1), Words("a path or glob, or a list of them")
]
"""One path or glob, or a list of them; relative to the config file."""


_KerasName = Literal[
    "mnist", "fashion_mnist", "cifar10", "cifar100", "california_housing", "boston_housing", "imdb", "reuters"
]

KERAS_NAMES: tuple[str, ...] = get_args(_KerasName)


class KerasData(Section):
    """One of Keras's data sets, from the files that Keras keeps: columns `x` and `y`, and Keras's own two splits."""

    keras: _KerasName = Field(
        description="The data set, by Keras's name. Its files are never downloaded here: Keras does that."
    )
    split: Literal["train", "test"] = Field(
        "test", description="Which of Keras's splits; when omitted that for training under `train`, else the other."
    )
    label_mode: Literal["fine", "coarse"] = Field(
        "fine", description="Of `cifar100`: its 100 classes, or the 20 that they belong to."
    )


class FileColumns(Section):
    """Some columns of files, by other names: of an `.npz` that holds its splits as `x_train` and `x_test`."""

    file: Paths = Field(description="A path, a glob or a list of them.")
    columns: Annotated[dict[ColumnName, ColumnName], Field(min_length=1), Words("a mapping of names to columns")] = (
        Field(description="From the name of each column to what it is called in the file.")
    )


def _no_other_form(value: dict[str, str]) -> dict[str, str]:
    """Keys that stand for a form of their own are no columns, so that a slip there is told as one."""
    if "keras" in value or "file" in value:
        raise ValueError("this is another form of source")
    return value


ArrayFiles: TypeAlias = Annotated[
    dict[ColumnName, Annotated[str, Field(min_length=1), Words("a path")]],
    Field(min_length=1),
    AfterValidator(_no_other_form),
    Words("a mapping of columns to array files"),
]
"""From a column to the file of its array."""

Sources: TypeAlias = (
    Paths
    | Annotated[KerasData, Words("`{keras: NAME}`")]
    | Annotated[FileColumns, Words("`{file: PATH, columns: {...}}`")]
    | ArrayFiles
)
"""Where rows come from."""

Source: TypeAlias = list[str] | KerasData | FileColumns | dict[str, str]
"""What `Sources` gives."""
