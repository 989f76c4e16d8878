"""A loss with from_logits applies softmax or sigmoid itself; doing it twice slows or stops learning."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.outputs.conventions import from_logits
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    if from_logits(output.loss) and output.head.activation in ("softmax", "sigmoid"):
        yield Finding(
            output.loss_path,
            f"from_logits is true, and the last layer already applies {output.head.activation}",
            "drop from_logits, or the activation",
        )
