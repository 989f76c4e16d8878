"""Hostile data: CSV, JSON lines, NumPy archives and Parquet files."""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.corpus import Command, Hostile, Place
from tests.hostile.weights import Touch

__all__ = ["INPUTS"]

BOTH: tuple[Command, ...] = ("table", "predict")


def archive_of_pickles(place: Place) -> None:
    np.savez(place.input, x=np.array([Touch(place.marker)] * 4, dtype=object), label=np.arange(4))


def archive_of_a_giant_shape(place: Place) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    with zipfile.ZipFile(place.input, "w") as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(64))
        archive.writestr("label.npy", header.getvalue() + bytes(64))


def archive_of_a_header_of_code(place: Place) -> None:
    text = (
        f"{{'descr': __import__('os').system('touch {place.marker}'), 'fortran_order': False, 'shape': (4,)}}".encode()
    )
    with zipfile.ZipFile(place.input, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def archive_with_a_member_outside(place: Place) -> None:
    with zipfile.ZipFile(place.input, "w") as archive:
        archive.writestr("../marker", b"x")
        archive.writestr(f"{place.marker}.npy", b"x")


def archive_that_is_a_pickle(place: Place) -> None:
    import pickle

    place.input.write_bytes(pickle.dumps(Touch(place.marker)))


def table_of_nul_bytes(place: Place) -> None:
    place.input.write_bytes(b"a,b,label\n1,2,x\0\n" * 10)


def table_of_thousands_of_columns(place: Place) -> None:
    names = ",".join(f"c{i}" for i in range(3000))
    place.input.write_text(f"{names}\n{names}\n")


def table_with_an_open_quote(place: Place) -> None:
    place.input.write_text('a,b,label\n1,2,"x\n' + "3,4,y\n" * 1000)


def table_by_pipe(place: Place) -> None:
    os.mkfifo(place.input)


def table_of_a_giant_number(place: Place) -> None:
    place.input.write_text("a,b,label\n" + f"{'9' * 5000},1,x\n" * 6)


def table_that_is_no_archive(place: Place) -> None:
    rows = "".join(f"{i},{i * i},{i % 7}\n" for i in range(5000))
    place.input.write_bytes(gzip.compress(f"a,b,label\n{rows}".encode())[:5000])


def lines_nested_without_end(place: Place) -> None:
    place.input.write_text('{"a": ' + "[" * 200_000 + "\n")


def lines_of_a_giant_number(place: Place) -> None:
    place.input.write_text('{"a": ' + "9" * 100_000 + ', "b": 1, "label": "x"}\n')


def lines_with_a_key_twice(place: Place) -> None:
    keys = ", ".join(f'"k{i}": 1' for i in range(50_000))
    place.input.write_text(f'{{{keys}, "k49999": 2}}\n')


def parquet_that_is_cut(place: Place) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": [1, 2], "label": ["x", "y"]}), place.input)
    os.truncate(place.input, place.input.stat().st_size - 5)


def parquet_of_a_giant_footer(place: Place) -> None:
    place.input.write_bytes(b"PAR1" + bytes(40) + (2**31 - 1).to_bytes(4, "little") + b"PAR1")


INPUTS = [
    Hostile("holds Python objects, which are pickles", archive_of_pickles, BOTH, (), False, ".npz"),
    Hostile("says to have more numbers than any memory", archive_of_a_giant_shape, BOTH, (), False, ".npz"),
    Hostile(
        "has an expression of Python as the type of an array", archive_of_a_header_of_code, BOTH, (), False, ".npz"
    ),
    Hostile("has members that would be unpacked outside", archive_with_a_member_outside, BOTH, (), False, ".npz"),
    Hostile("is a pickle by the name of an archive", archive_that_is_a_pickle, BOTH, (), False, ".npz"),
    Hostile("has NUL bytes in its cells", table_of_nul_bytes, ("table",), (), False, ".csv"),
    Hostile("has thousands of columns", table_of_thousands_of_columns, ("predict",), (), False, ".csv"),
    Hostile("opens a quote that takes all of its rows", table_with_an_open_quote, BOTH, (), False, ".csv"),
    Hostile("is a pipe that never begins", table_by_pipe, ("table",), (), False, ".csv"),
    Hostile("has numbers of thousands of digits", table_of_a_giant_number, ("predict",), (), False, ".csv"),
    Hostile("is an archive that breaks off", table_that_is_no_archive, BOTH, (), False, ".csv.gz"),
    Hostile("is nested two hundred thousand deep", lines_nested_without_end, BOTH, (), False, ".jsonl"),
    Hostile("has a number of a hundred thousand digits", lines_of_a_giant_number, BOTH, (), False, ".jsonl"),
    Hostile("says a key twice among fifty thousand", lines_with_a_key_twice, BOTH, (), False, ".jsonl"),
    Hostile("is cut off", parquet_that_is_cut, BOTH, (), False, ".parquet"),
    Hostile("has a footer of two gigabytes", parquet_of_a_giant_footer, BOTH, (), False, ".parquet"),
]
