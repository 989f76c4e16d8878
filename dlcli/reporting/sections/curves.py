"""How the training went: loss and metrics over the epochs, the best epoch marked."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlcli.config.checks.history_names import Direction, history_names
from dlcli.reporting.document import Block, Figure, Section, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.lines import Line, Mark, in_words, lines_plot, spans_decades
from dlcli.reporting.plots.svg import Plot, shortened
from dlcli.runs.history import OWN_COLUMNS

__all__ = ["curves", "names_in", "values_of"]

MOST_CHARTS = 12

Curve = NDArray[np.float64]


def curves(facts: Facts) -> Section | None:
    """The section; None where no epoch ended."""
    if not facts.history:
        return None
    return Section("curves", "How it learnt", tuple(_blocks(facts)), on_card=True)


def _blocks(facts: Facts) -> Iterator[Block]:
    names = names_in(facts)
    shown = [name for name in names if not name.startswith("val_")]
    directions = _directions(facts)
    for place, name in enumerate(shown[:MOST_CHARTS]):
        yield Figure(_chart(facts, name, f"curve-{place}", directions.get(name)))
    if len(shown) > MOST_CHARTS:
        yield Text(f"{len(shown) - MOST_CHARTS} more are in history.csv: {', '.join(shown[MOST_CHARTS:])}", "note")
    broken = [name for name in names if np.isnan(values_of(facts, name)).any() and _gapless(facts, name)]
    if broken:
        yield Text(f"There are epochs without a number for {', '.join(broken)}.", "note")
    if not any(name.startswith("val_") for name in names):
        yield Text(
            "There is no validation split, so nothing tells when the model began to learn its rows by heart.", "note"
        )


def names_in(facts: Facts) -> list[str]:
    """What History has, the loss first."""
    found = dict.fromkeys(name for row in facts.history for name in row if name not in OWN_COLUMNS)
    return sorted(found, key=lambda name: name not in ("loss", "val_loss"))


def _gapless(facts: Facts, name: str) -> bool:
    """Whether a missing number is more than an epoch that was not validated."""
    return any(name in row and not math.isfinite(row[name]) for row in facts.history)


def values_of(facts: Facts, name: str) -> Curve:
    values = np.array([row.get(name, math.nan) for row in facts.history], np.float64)
    return np.where(np.isfinite(values), values, math.nan)


def _directions(facts: Facts) -> dict[str, Direction]:
    compiled = facts.config.compile
    outputs = list(compiled.loss) if isinstance(compiled.loss, dict) else ["output"]
    return dict(history_names(compiled, outputs=outputs, validation=True).directions)


def _chart(facts: Facts, name: str, plot: str, direction: Direction | None) -> Plot:
    epochs = np.array([row.get("epoch", place + 1) for place, row in enumerate(facts.history)], np.float64)
    train, validation = values_of(facts, name), values_of(facts, f"val_{name}")
    has_validation = bool(np.isfinite(validation).any())
    lines = [Line("train", epochs, train, dots=_few(train))]
    if has_validation:
        there = np.isfinite(validation)  # under `validation_freq` some epochs have none, which breaks no line
        lines.append(Line("validation", epochs[there], validation[there], 1, dashed=True, dots=_few(validation)))
    marks = list(_marks(facts, epochs, validation if has_validation else train, direction, int(has_validation)))
    log = spans_decades([line.y for line in lines]) and name.endswith("loss")
    words = "; ".join([f"{name} over {len(epochs)} epochs", *map(in_words, lines), *(mark.text for mark in marks)])
    return lines_plot(
        plot,
        shortened(name, 60),
        words,
        lines,
        x_label="epoch",
        y_label=f"{shortened(name, 30)}{', log scale' if log else ''}",
        marks=marks,
        log_y=log,
        whole_x=True,
    )


def _few(values: Curve) -> bool:
    return int(np.isfinite(values).sum()) <= 12


def _marks(facts: Facts, epochs: Curve, values: Curve, direction: Direction | None, color: int) -> Iterator[Mark]:
    """The best epoch, and that of the model where it is another."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return
    best = None
    if direction is not None:
        best = int(known[values[known].argmin() if direction == "min" else values[known].argmax()])
        text = f"best {short_number(float(values[best]))} in epoch {epochs[best]:.0f}"
        yield Mark(float(epochs[best]), float(values[best]), text, color)
    of_model = facts.record.get("model_epoch")
    if not isinstance(of_model, int) or of_model == facts.record.get("epochs"):
        return
    place = int(np.searchsorted(epochs, of_model))
    if place != best and place < len(epochs) and math.isfinite(values[place]) and epochs[place] == of_model:
        yield Mark(float(of_model), float(values[place]), f"the model's epoch {of_model}", color)
