"""Files of vectors: what is read of them, and what is refused with the number of its line."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.errors import ModelError
from dlcli.model.pretrained.vectors import Vectors, read_vectors


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vectors.txt"


def read(file: Path, text: str | bytes, *words: str, width: int | None = None) -> Vectors:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_vectors(file, words, width=width, path="model.layers[0].vectors")


def refused(file: Path, text: str | bytes, width: int | None = None) -> list[tuple[str, str]]:
    """The rule and the message of each problem."""
    with pytest.raises(ModelError) as caught:
        read(file, text, "a", "b", width=width)
    assert all(problem.path == "model.layers[0].vectors" for problem in caught.value.problems)
    return [(problem.rule, problem.message) for problem in caught.value.problems]


letters = st.text(st.characters(codec="utf-8", exclude_categories=("Zs", "Zl", "Zp", "Cc")), min_size=1, max_size=5)
rows = st.dictionaries(
    letters, st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=rows, packed=st.booleans(), header=st.booleans(), end=st.sampled_from(["\n", " \n", "\r\n"]))
def test_what_was_written_is_read(
    rows: dict[str, list[float]], packed: bool, header: bool, end: str, file: Path
) -> None:
    lines = [f"{len(rows)} 3"] if header else []
    lines += [" ".join([word, *map(repr, row)]) for word, row in {"first": [0.0, 1.0, 2.0], **rows}.items()]
    content = "".join(line + end for line in lines).encode()
    content = gzip.compress(content) if packed else content
    words = [*rows, "not there at all"]
    vectors = read(file, content, *words)
    assert vectors.found.tolist() == [True] * len(rows) + [False]
    wanted = [rows.get(word, [0.0] * 3) for word in words]
    np.testing.assert_array_equal(vectors.matrix, np.array(wanted, np.float32).reshape(len(words), 3))
    assert vectors.sha256 == hashlib.sha256(content).hexdigest()


def test_a_word_may_hold_blanks(file: Path) -> None:
    """As some of GloVe's do."""
    assert read(file, "a 1 2\n. . . 3 4\n", ". . .").matrix.tolist() == [[3, 4]]
    assert read(file, ". . . 3 4\na 1 2\n", ". . .", "a", width=2).matrix.tolist() == [[3, 4], [1, 2]]


def test_bytes_that_are_no_utf8_are_words_that_nobody_asks_for(file: Path) -> None:
    assert read(file, b"caf\xe9 1 2\na 3 4\n", "a").matrix.tolist() == [[3, 4]]


def test_the_first_of_two_counts_and_is_told(file: Path) -> None:
    vectors = read(file, "a 1 2\nx 1 1\na 3 4\nx 5 5\n", "a")
    assert vectors.matrix.tolist() == [[1, 2]]
    assert vectors.repeated == "'a' (lines 1 and 3)"


def test_another_width_is_an_error(file: Path) -> None:
    (found,) = refused(file, "a 1 2\n", width=3)
    assert found[0] == "vectors-width"
    assert "have 2 numbers (line 1), and output_dim is 3" in found[1]


def test_broken_lines_are_named(file: Path) -> None:
    found = refused(file, "x 1 2\nb 1\na 1 word\nb 1 nan\ny 1 2 3\na 1 1e99\n")
    assert [rule for rule, _ in found] == ["vectors-line"] * 5
    assert [message.split(" of ")[0] for _, message in found] == ["line 2", "line 3", "line 4", "line 5", "line 6"]


def test_of_many_broken_lines_the_first_are_named(file: Path) -> None:
    found = refused(file, "x 1 2\n" + "b 1\n" * 3000)
    assert len(found) == 6
    assert found[-1][1] == "2,995 more lines are broken"


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"4 3\n", gzip.compress(b"a 1 2\n" * 99, mtime=0)[:-9], b"\x1f\x8b\x08 no"]
)
def test_what_is_no_file_of_vectors(content: bytes, file: Path) -> None:
    assert [rule for rule, _ in refused(file, content)] == ["vectors-file"]


def test_a_line_that_never_ends_takes_no_memory(file: Path) -> None:
    found = refused(file, b"a 1 2\n" + b"x" * 3_000_000)
    assert {rule for rule, _ in found} == {"vectors-line"}
