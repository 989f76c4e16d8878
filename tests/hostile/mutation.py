"""Real files made slightly wrong: what finds more faults of a reader than text drawn at random does."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

__all__ = ["Mutator"]

TOKENS: tuple[bytes, ...] = (
    *(b"null", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"-0", b"1e-400", b"9" * 30, b"9" * 5000),
    *(b"-1", b"0", b"true", b"~", b"[]", b"{}", b"[[[[[[[[", b"{a: {a: ", b'""', b"''", b'"', b"'", b"\\", b"\\ud800"),
    *(b"&a", b"*a", b"<<: *a", b"!!python/object/apply:os.system", b"!!binary", b"!!float", b"? ", b"- ", b": ", b"#"),
    *(b"|\n", b">\n", b"---\n", b"...\n", b"%YAML 9.9\n", b"@", b"`", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\x1b[2J"),
    *(b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\x9b"),
    *(
        b",",
        b";",
        b"|",
        b'","',
        b'"""',
        b"=",
        b".",
        b"..",
        b"../../x",
        b"/dev/zero",
        b"[0]",
        b".0.",
        b"[-1]",
        b"[9999]",
    ),
    *(b"0x1F", b"1_000", b"0o17", b"12:30:45", b"2001-01-01", b"yes", b"no", b"NA", b"inf", b"nan", b"1.5.2", b"1,5"),
    *(
        b"extends: x.yaml\n",
        b"type",
        b"columns",
        b"shape",
        b"format",
        b"epochs",
        b"sha256",
        b"units",
        b"\xf0\x9f\x98\x80",
    ),
)
"""What readers trip over: ends of ranges, other notations, marks of syntax, halves of characters."""

Change = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


class Mutator:
    """Changes real inputs, a few times each.

    Args:
        seeds: The inputs.
        most: Bytes of a result.
    """

    def __init__(self, seeds: Sequence[bytes], *, most: int = 50_000) -> None:
        self._seeds, self._most = seeds, most

    def draw(self, chance: random.Random) -> bytes:
        """One input, changed one to six times."""
        content = chance.choice(self._seeds)
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            content = chance.choice(CHANGES)(chance, content, self._seeds)
        return content[: self._most]


def _flip(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    place = _place(chance, content)
    return content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]


def _flip_bit(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    place = _place(chance, content)
    old = content[place : place + 1]
    return content[:place] + (bytes([old[0] ^ 1 << chance.randrange(8)]) if old else b"") + content[place + 1 :]


def _cut(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    return content[: _place(chance, content)]


def _remove(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _part(chance, content)
    return content[:start] + content[end:]


def _repeat(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _part(chance, content)
    return content[:end] + content[start:end] * chance.choice((1, 1, 2, 50)) + content[end:]


def _splice(chance: random.Random, content: bytes, seeds: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    start, end = _part(chance, other)
    place = _place(chance, content)
    return content[:place] + other[start:end] + content[place + chance.choice((0, end - start)) :]


def _token(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    place = _place(chance, content)
    return content[:place] + chance.choice(TOKENS) + content[place:]


def _value(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    """A word or number of the input becomes a token: its syntax stays whole, and its meaning goes."""
    start = _place(chance, content)
    while start < len(content) and not content[start : start + 1].isalnum():
        start += 1
    while start > 0 and content[start - 1 : start].isalnum():
        start -= 1
    end = start
    while end < len(content) and (content[end : end + 1].isalnum() or content[end : end + 1] in b"._-"):
        end += 1
    return content[:start] + chance.choice(TOKENS) + content[end:]


def _line(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    """A line goes, comes twice, or goes elsewhere."""
    lines = content.splitlines(keepends=True) or [b""]
    one = lines.pop(chance.randrange(len(lines)))
    for _each in range(chance.choice((0, 1, 2))):
        lines.insert(chance.randint(0, len(lines)), one)
    return b"".join(lines)


CHANGES: tuple[Change, ...] = (_flip, _flip_bit, _cut, _remove, _repeat, _splice, _token, _token, _value, _value, _line)


def _place(chance: random.Random, content: bytes) -> int:
    return chance.randint(0, len(content))


def _part(chance: random.Random, content: bytes) -> tuple[int, int]:
    start = _place(chance, content)
    return start, min(len(content), start + chance.choice((1, 4, 16, 64, 256)))
