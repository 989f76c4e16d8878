"""What goes to the process that tries an exported model arrives as it was."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlcli.exports.reload import packed, unpacked


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=9))
def test_texts_of_any_script_arrive(texts: list[str]) -> None:
    """With a NUL at the end, too, which arrays of NumPy's own texts lose."""
    values = np.array([*texts, "a\0"], np.object_)[:, np.newaxis]
    name, array = packed("note", values)
    file = io.BytesIO()
    np.savez(file, **{name: array})  # type: ignore[arg-type]
    with np.load(io.BytesIO(file.getvalue())) as archive:
        (found,) = (unpacked(each, archive[each]) for each in archive.files)
    assert found[0] == "note"
    assert found[1].tolist() == values.tolist()


def test_numbers_stay_as_they_are(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float64).reshape(3, 2)
    assert unpacked(*packed("x", values))[1] is values
