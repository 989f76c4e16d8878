"""Accuracy counts exact matches, which numbers hardly ever are; those between 0 and 1 of a sigmoid are rounded."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue.facts import counts_matches
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    accuracies = [metric.name for metric in output.metrics if counts_matches(metric)]
    if (
        accuracies
        and output.head.activation != "sigmoid"
        and output.target is not None
        and output.target.kind == "number"
    ):
        yield Finding(
            "compile.metrics",
            f"{accuracies[0]} counts exact matches, and the target {output.target.name!r} is a number",
            "use mae, RootMeanSquaredError or R2Score, or declare the target {type: category}",
        )
