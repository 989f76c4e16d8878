"""Blanks around cells: NumPy's way through whole blocks and the exact way through cells are one."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.data.sources.delimited import cleaning
from dlcli.data.sources.delimited.blanks import tidy, tidy_lines
from dlcli.data.sources.delimited.cleaning import clean
from dlcli.data.sources.delimited.dialect import Dialect
from dlcli.data.sources.delimited.stream import CleanStream

pytestmark = pytest.mark.slow

PIECES = [
    "a",
    "b",
    " ",
    "\t",
    ",",
    ";",
    '"',
    '""',
    "\n",
    "\r",
    "\r\n",
    "é",
    "#",
    ' "',
    '", ',
    ',\n"',
    '"\n',
    "\n#",
    "'",
]

texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
delimiters = st.sampled_from([",", ";", "\t", "blanks"])
comments = st.sampled_from([None, "#"])


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("x, y\n1,  yes \n", ",", "x,y\n1,yes\n"),
        ('1, "a, b" ,2\n', ",", '1,"a, b",2\n'),
        ('" a ", "b"\n', ",", '" a ","b"\n'),
        ('1,"two\n lines" , 3\n', ",", '1,"two\n lines",3\n'),
        ('5" pipe , x\n', ",", '5" pipe,x\n'),
        ('"a" b , c\n', ",", '"a" b,c\n'),
        ('"say ""hi"" " , c\n', ",", '"say ""hi"" ",c\n'),
        ("a \t b\n", "\t", "a\tb\n"),
        ("a, \n \t\n,b", ",", "a,\n\n,b"),
        ('  18.0   8\t"chevy malibu"  \n', "blanks", '18.0\t8\t"chevy malibu"\n'),
        ("a  b\r\n c d \r\n", "blanks", "a\tb\r\nc\td\r\n"),
        ('1, "open\n 2, 3 ', ",", '1,"open\n 2, 3 '),
    ],
)
def test_blanks_go_and_quoted_ones_stay(text: str, delimiter: str, expected: str) -> None:
    assert tidy(text, delimiter) == (expected, "")
    assert clean(text.encode(), delimiter) == (expected.encode(), b"")


@pytest.mark.parametrize("text", ["a,b\r1,2\r3,4\r", "a,b\r1,2\r3,", "a,b\n1,2\r3,4\r", 'a,"b"\r1,2\r3,4\r'])
def test_only_a_row_that_may_go_on_is_left_for_the_next_piece(text: str) -> None:
    rows, rest = tidy(text, ",", final=False)
    assert rows + rest == text
    assert rest in ("3,4\r", "3,")


def test_comments_become_empty_lines() -> None:
    text = '# it"s one\na,b\n # another\n1,"\n# none"\n'
    expected = '\na,b\n\n1,"\n# none"\n'
    assert tidy(text, ",", comment="#")[0] == expected
    assert clean(text.encode(), ",", comment="#")[0] == expected.encode()


@settings(max_examples=400)
@given(texts, delimiters, comments)
def test_both_ways_are_one(text: str, delimiter: str, comment: str | None) -> None:
    expected = tidy(text, delimiter, comment=comment)[0].encode()
    assert clean(text.encode(), delimiter, comment=comment) == (expected, b"")


@settings(max_examples=400)
@given(texts, delimiters, comments, st.integers(0, 60))
def test_in_two_pieces_as_in_one(text: str, delimiter: str, comment: str | None, cut: int) -> None:
    expected = tidy(text, delimiter, comment=comment)[0]
    data = text.encode()
    first, rest = clean(data[:cut], delimiter, comment=comment, final=False)
    second, nothing = clean(rest + data[cut:], delimiter, comment=comment)
    assert (first + second, nothing) == (expected.encode(), b"")
    assert "".join(tidy_lines([text[:cut], text[cut:]], delimiter, comment=comment)) == expected


@settings(max_examples=400)
@given(texts, delimiters, st.integers(1, 8))
def test_by_the_piece_as_at_once(text: str, delimiter: str, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "_PIECE", piece)
        assert clean(text.encode(), delimiter) == (tidy(text, delimiter)[0].encode(), b"")


@settings(max_examples=200)
@given(texts, delimiters)
def test_tidy_text_stays_as_it_is(text: str, delimiter: str) -> None:
    once = tidy(text, delimiter)[0]
    again = "\t" if delimiter == "blanks" else delimiter
    assert tidy(once, again)[0] == once


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("zipped", [False, True])
def test_files_come_as_tidy_utf8(tmp_path: Path, encoding: str, size: int, zipped: bool) -> None:
    rows = [f'{number}, "größer, als" ,é {number} ' for number in range(20)]
    text = "above\r\n" + "\n".join(rows)
    file = tmp_path / ("a.csv.gz" if zipped else "a.csv")
    data = text.encode(encoding)
    file.write_bytes(gzip.compress(data) if zipped else data)
    seen: list[bytes] = []
    found = b""
    with CleanStream(file, Dialect(encoding.removesuffix("-sig"), ",", skipped=1), watch=[seen.append]) as stream:
        while piece := bytes(stream.read(size)):
            assert len(piece) <= size
            found += piece
    assert found.decode() == "\n".join(f'{number},"größer, als",é {number}' for number in range(20))
    assert b"".join(seen) == found
    assert stream.quotes == 40
