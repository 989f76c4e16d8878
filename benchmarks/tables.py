"""The results as Markdown tables, and their place in the README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["training_table", "whole_table", "write_tables"]

BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"

Results = Mapping[str, Any]


def training_table(cases: Results, *, head: bool = True) -> str:
    """Rows a second after the first epoch."""
    lines = [
        "| rows a second after epoch 1 | Keras script | dlcli | ratio (least to most) | PyTorch | scikit-learn |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    rows = []
    for case in cases.values():
        speed, ratio = case["rows_per_second"], case["ratio"]
        beside = [f"{speed[name]:,.0f}" if name in speed else "" for name in ("torch", "sklearn")]
        rows.append(
            f"| {case['title']} | {speed['script']:,.0f} | {speed['dlcli']:,.0f} | **{ratio['median']:.1f}** "
            f"({ratio['least']:.1f} to {ratio['most']:.1f}) | {beside[0]} | {beside[1]} |"
        )
    return "\n".join([*lines, *rows] if head else rows)


def whole_table(results: Results, *, head: bool = True) -> str:
    """Wall time and memory of the whole command."""
    lines = [
        "| from a CSV to a saved model, 3 epochs | Keras script | dlcli | share (least to most) | peak memory, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    rows = []
    for count, result in results.items():
        seconds, share, peak = result["seconds"], result["share"], result["peak"]
        rows.append(
            f"| {int(count):,} rows of 20 numbers | {seconds['script']:.1f} s | {seconds['dlcli']:.1f} s "
            f"| **{share['median']:.2f}** ({share['least']:.2f} to {share['most']:.2f}) "
            f"| {peak['script'] / 1e6:,.0f} / {peak['dlcli'] / 1e6:,.0f} |"
        )
    return "\n".join([*lines, *rows] if head else rows)


def write_tables(readme: Path, results: Results) -> None:
    """Replace what stands between the markers.

    Raises:
        SystemExit: The README has no markers.
    """
    text = readme.read_text()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{readme} lacks the lines {BEGIN} and {END}")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    tables = f"{training_table(results['training'])}\n\n{whole_table(results['whole'])}"
    readme.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}")
