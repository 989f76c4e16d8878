"""Where weights come from that are not drawn, for the record of a run."""

from __future__ import annotations

import dataclasses

__all__ = ["Beginning"]


@dataclasses.dataclass(frozen=True)
class Beginning:
    """Weights that a training begins with.

    Args:
        layer: The layer that has them; empty for the whole model.
        source: The file or run that they were read from.
        sha256: Of that file.
    """

    layer: str
    source: str
    sha256: str

    def document(self) -> dict[str, str]:
        """As `run.json` has it."""
        return dataclasses.asdict(self)
