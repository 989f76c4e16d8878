"""A loss of probabilities takes raw scores for such; a cross-entropy can be told by from_logits."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.lint.output import Finding, Output
from dlcli.config.outputs.conventions import from_logits
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    if loss_facts(output.loss).probabilities and not from_logits(output.loss) and output.head.activation == "linear":
        assert output.loss is not None
        entry = catalogue.load().get("losses", output.loss.name)
        told = ", or from_logits: true" if entry is not None and "from_logits" in entry.arguments else ""
        yield Finding(
            output.loss_path,
            f"{output.loss.name} expects probabilities, and the last layer has no activation",
            f"add activation: softmax (or sigmoid for one unit){told}",
        )
