"""Images drawn for people: a sheet of them."""

from __future__ import annotations

from dlcli.data.media.sheet import sheet

__all__ = ["PICTURE"]

PICTURE = sheet
