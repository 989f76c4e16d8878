"""Texts that a spreadsheet would run: cells of CSV that begin as formulas do.

A person who trains on the free text of strangers, and opens the predictions in a spreadsheet, must not run what the
strangers wrote. The remedy that spreadsheets understand is an apostrophe before the cell (OWASP, "CSV Injection").
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["neutralise"]

_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
"""What begins with a sign and is a number all the same; it is left alone."""


def neutralise(texts: pa.Array) -> pa.Array:
    """The texts, with an apostrophe before each that would run as a formula.

    Args:
        texts: An array or chunked array of strings.

    Example:
        >>> neutralise(pa.array(["=1+1", "-5", "-five", "a"])).to_pylist()
        ["'=1+1", '-5', "'-five", 'a']
    """
    suspect = pc.match_substring_regex(texts, _FORMULA)
    if not pc.any(suspect).as_py():
        return texts
    formula = pc.and_not(suspect, pc.match_substring_regex(texts, _NUMBER))
    return pc.if_else(formula, pc.replace_substring_regex(texts, "^", "'"), texts)
