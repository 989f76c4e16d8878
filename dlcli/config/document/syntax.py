"""YAML's syntax errors in words for people: what is wrong on that line, and what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from dlcli.errors import Problem

__all__ = ["explain_syntax_error", "find_control_character"]

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OUT_OF_LINE = re.compile(r"did not find expected (key|'-' indicator)|expected <block end>")
_TAB_INDENTATION = re.compile(r" *\t")
_ITEM = re.compile(r"( *)- +([^\s:#{\[&*!|>'\"%@`][^:#]*?) *(#.*)?")
_KEY = re.compile(r"( *)[\w.\-]+:( |$)")

# The parser's phrase (libyaml's or PyYAML's own), what to say, the way out, and whether the fault lies where the
# construct opened rather than where the parser gave up.
_PHRASES: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"mapping values are not allowed",
        "a ':' stands where no key can be",
        "check the indentation, or quote text that holds ': '",
        False,
    ),
    (
        r"sequence entries are not allowed",
        "a '- ' stands where no list can begin",
        "put the list on its own lines below the key, or write it as [a, b]",
        False,
    ),
    (
        r"expected node content|expected the node content",
        "a value is missing here, or a bracket is closed that was never opened",
        "remove the ',' or bracket, or put it in quotes when it is text",
        False,
    ),
    (r"could not find expected ':'", "a key without ':' after it", "write `key: value`", True),
    (
        r"did not find expected '-' indicator|expected <block end>, but found '?(<block mapping start>|-)",
        "this line does not line up with the list around it",
        "begin every item of a list with '- ' in the same column",
        False,
    ),
    (
        r"did not find expected key|expected <block end>",
        "this line does not line up with the keys around it, or the line before is not finished",
        "keys of one mapping begin in the same column",
        False,
    ),
    (r"expected ',' or '\]'", "a '[' is not closed, or a ',' is missing", "write a list as [a, b, c]", True),
    (r"expected ',' or '\}'", "a '{' is not closed, or a ',' is missing", "write a mapping as {a: 1, b: 2}", True),
    (r"unexpected end of stream", "a quote is opened and never closed", "close it, or double it inside: 'it''s'", True),
    (
        r"unknown escape character|hexadecimal|invalid Unicode character escape",
        "a '\\' in double quotes begins an escape, and this is none",
        "use single quotes for paths and patterns, or double the '\\'",
        False,
    ),
    (
        r"alphabetic or numeric character",
        "a '*' or '&' begins an alias or an anchor of YAML",
        'quote a glob: "*.csv"',
        False,
    ),
    (
        r"cannot start any token",
        "text cannot begin with '@', '`' or '%'",
        "put it in quotes",
        False,
    ),
    (
        r"tag handle|tag directive|parsing a tag|scanning a tag",
        "a '!' begins a tag of YAML",
        "put text that begins with '!' in quotes",
        False,
    ),
    (r"expected the document start|expected '?<document start>", "text follows the end of the document", "", False),
    (r"block scalar|chomping or indentation", "text after '|' or '>' begins on the next line", "", False),
)


def explain_syntax_error(error: yaml.YAMLError, text: str, source: Path | str | None) -> Problem:
    """A problem for a fault that stops the parser.

    Args:
        error: What the parser raised.
        text: The whole YAML text.
        source: Where the text comes from.
    """
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(f"this is not YAML: {error}", file=source, line=1, rule="yaml-syntax")
    lines = text.splitlines()
    mark = error.problem_mark
    if mark.line < len(lines) and (tab := _TAB_INDENTATION.match(lines[mark.line])):
        return Problem(
            "the line is indented with a tab",
            hint="YAML takes only spaces; replace each tab by two spaces",
            file=source,
            line=mark.line + 1,
            column=tab.end(),
            rule="tab-indentation",
        )
    message, hint = f"this is not YAML: {error.problem}", ""
    if mark.line >= len(lines) and "node content" in (error.problem or ""):
        hint = "close every '[' and '{'"
        return Problem(
            "the text ends inside a list or mapping", hint=hint, file=source, line=len(lines), rule="yaml-syntax"
        )
    if item := _item_without_colon(lines, mark.line):
        line, name, indent = item
        return Problem(
            f"`{name}` is a list item without ':', and keys stand below it",
            hint=f"write `- {name}:`, and the keys below it in column {indent + 1}, below the `{name[0]}`",
            file=source,
            line=line + 1,
            column=indent + 1,
            rule="yaml-syntax",
        )
    if mark.line < len(lines) and lines[mark.line][: mark.column].strip() and _OUT_OF_LINE.search(error.problem or ""):
        message = "the value is complete before this point"
        hint = "remove what follows; a quote inside single quotes is doubled: 'it''s'"
        return Problem(message, hint=hint, file=source, line=mark.line + 1, column=mark.column + 1, rule="yaml-syntax")
    for pattern, words, way_out, at_opening in _PHRASES:
        if re.search(pattern, f"{error.context or ''} {error.problem or ''}"):
            message, hint = words, way_out
            if at_opening and error.context_mark is not None:
                mark = error.context_mark
            break
    return Problem(message, hint=hint, file=source, line=mark.line + 1, column=mark.column + 1, rule="yaml-syntax")


def _item_without_colon(lines: list[str], line: int) -> tuple[int, str, int] | None:
    """The item of a list to which the key of a line was meant to belong, as in `- Flatten` above `name: flat`.

    Returns:
        The item's line, its text, and the column in which the text begins; None when the key belongs to no item.
    """
    key = _KEY.match(lines[line]) if line < len(lines) else None
    above = line - 1
    while above >= 0 and not lines[above].split("#")[0].strip():
        above -= 1
    item = _ITEM.fullmatch(lines[above]) if above >= 0 else None
    if key is None or item is None or len(key[1]) <= len(item[1]):
        return None
    return above, item[2], item.start(2)


def find_control_character(text: str, source: Path | str | None) -> Problem | None:
    """A problem for the first character that YAML cannot hold as it is, or None."""
    found = _CONTROL.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    return Problem(
        f"the character U+{ord(found[0]):04X} is not printable",
        hint=f'remove it, or write it in double quotes as "\\u{ord(found[0]):04x}"',
        file=source,
        line=before.count("\n") + 1,
        column=len(before) - (before.rfind("\n") + 1) + 1,
        rule="yaml-syntax",
    )
