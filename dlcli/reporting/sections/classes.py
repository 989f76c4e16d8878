"""Of classes: who was taken for whom, how well scores part them, and whether probabilities are what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.document import Block, Figure, Folded, Section, Table, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.looking import Look
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.lines import Line, lines_plot
from dlcli.reporting.plots.matrix import matrix_plot
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.seen import Seen

__all__ = ["classes"]

MOST_CURVES = 8
MOST_CONFUSED = 15
MOST_PLACES = 200_000
"""Of pixels or steps that curves are drawn from."""

BINS = 10
MOST_CLASSES = 1_000
"""A matrix of more is left to the JSON file."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scores of one class.

    Args:
        name: The class.
        scores: `(rows,)`
        is_class: Whether each row is of it: `(rows,)`.
    """

    name: str
    scores: Floats
    is_class: Flags

    @property
    def has_both(self) -> bool:
        """Whether there are rows of the class, and others."""
        return bool(self.is_class.any() and not self.is_class.all())


def classes(facts: Facts) -> Section | None:
    """The section; None where no target is of classes."""
    blocks = tuple(_blocks(facts))
    return Section("classes", "Classes", blocks) if blocks else None


def _blocks(facts: Facts) -> Iterator[Block]:
    for place, (name, report) in enumerate(facts.reports().items()):
        if isinstance(report.get("confusion_matrix"), list) and isinstance(report.get("classes"), Mapping):
            yield from _confusion(name, facts.subject, report, place)
    if facts.look is None:
        return
    if facts.evaluation is None:
        yield from _confusions_seen(facts.look)
    told = False
    for place, seen in enumerate(facts.look.seen):
        scored = _scored(seen)
        if scored:
            told = True
            yield from _curves(seen, scored, place)
    if told:
        yield Text(f"The curves are of {facts.look.all_of_them}.", "note")


def _confusion(target: str, subject: str, report: Mapping[str, Any], place: int) -> Iterator[Block]:
    names = list(report["classes"])
    counts = np.asarray(report["confusion_matrix"], np.int64)
    if len(names) > MOST_CLASSES or counts.shape != (len(names),) * 2:
        return
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = [divmod(int(each), len(names)) for each in np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]]
    pairs = [
        (names[row], names[column], int(wrong[row, column]), float(wrong[row, column] / max(counts[row].sum(), 1)))
        for row, column in order
        if wrong[row, column]
    ]
    right = int(np.diag(counts).sum())
    most = f"; most often {pairs[0][0]} was taken for {pairs[0][1]}, {pairs[0][2]:,} times" if pairs else ""
    words = f"{right:,} of {int(counts.sum()):,} are right{most}"
    title = f"{target}: true class and predicted class, {subject}"
    table = None
    if len(names) <= 25:
        rows = [(name, *map(int, row)) for name, row in zip(names, counts, strict=True)]
        table = Table(f"{target}: true class (rows) and predicted class (columns)", ("true", *names), rows)
    yield Figure(matrix_plot(f"confusion-{place}", title, words, names, counts), table)
    if pairs and len(names) > 2:
        columns = ("true class", "was taken for", "times", "share of the class")
        yield Folded(f"{target}: what is confused most", (Table("", columns, pairs),))


def _confusions_seen(look: Look) -> Iterator[Block]:
    """Of rows that were not evaluated, as those of a training without other splits: those that are looked at."""
    for place, seen in enumerate(look.seen):
        indices, size = seen.decoded.indices, len(seen.decoded.classes)
        if indices is None or seen.decoded.chosen is not None:
            continue
        true, predicted = seen.true.reshape(-1), indices.reshape(-1)
        known = (true >= 0) & (predicted >= 0)
        counts = np.bincount(true[known] * size + predicted[known], minlength=size * size).reshape(size, size)
        report = {"classes": dict.fromkeys(seen.decoded.classes), "confusion_matrix": counts.tolist()}
        yield from _confusion(seen.name, look.name, report, place)


def _scored(seen: Seen) -> list[Scored]:
    """The scores of each class that there are; of two classes those of the second."""
    decoded = seen.decoded
    if decoded.probabilities is None or (decoded.indices is None and decoded.chosen is None):
        return []
    probabilities = np.asarray(decoded.probabilities, np.float64)
    probabilities = probabilities.reshape(-1, probabilities.shape[-1])
    is_class = seen.true.reshape(probabilities.shape) if decoded.chosen is not None else None
    true = None if is_class is not None else seen.true.reshape(-1)
    known = np.isfinite(probabilities).all(axis=1) & (True if true is None else true >= 0)
    places = np.flatnonzero(known)
    if len(places) > MOST_PLACES:
        places = np.random.default_rng(0).choice(places, MOST_PLACES, replace=False)
    wanted = range(1, 2) if true is not None and len(decoded.classes) == 2 else range(len(decoded.classes))
    return [
        Scored(
            str(decoded.classes[each]),
            probabilities[places, each],
            is_class[places, each].astype(bool) if is_class is not None else true[places] == each,  # type: ignore[index]
        )
        for each in wanted
    ]


def _curves(seen: Seen, scored: Sequence[Scored], place: int) -> Iterator[Block]:
    both = [each for each in scored if each.has_both]
    shown = sorted(both, key=lambda each: -int(each.is_class.sum()))[:MOST_CURVES]
    if shown:
        yield _roc(seen.name, shown, place)
        yield _precision_recall(seen.name, shown, place)
        if len(both) > len(shown):
            yield Text(f"The curves of the {len(shown)} classes with most rows, of {len(both)}.", "note")
    yield from _calibration(seen, scored, place)


def _ranked(scored: Scored) -> tuple[Floats, Floats]:
    """How many rows of the class, and how many others, have at least each score; from none to all."""
    order = np.argsort(-scored.scores, kind="stable")
    own = np.cumsum(scored.is_class[order])
    ends = np.flatnonzero(np.append(np.diff(scored.scores[order]) != 0, True))
    found = np.concatenate([[0], own[ends]]).astype(np.float64)
    false = np.concatenate([[0], ends + 1 - own[ends]]).astype(np.float64)
    return found, false


def roc(scored: Scored) -> tuple[Floats, Floats, float]:
    """False and true positives as shares, and the area below.

    Example:
        >>> _, _, area = roc(Scored("a", np.array([0.9, 0.6, 0.3, 0.6]), np.array([True, True, False, False])))
        >>> area
        0.875
    """
    found, false = _ranked(scored)
    x, y = false / max(false[-1], 1), found / max(found[-1], 1)
    return x, y, float(np.trapezoid(y, x))


def _roc(target: str, shown: Sequence[Scored], place: int) -> Figure:
    curves = [(each.name, *roc(each)) for each in shown]
    lines = [
        Line(f"{shortened(name, 16)} {area:.3f}", x, y, color, dashed=color % 2 == 1)
        for color, (name, x, y, area) in enumerate(curves)
    ]
    words = "area under the curve: " + "; ".join(f"{name} {area:.3f}" for name, *_, area in curves)
    plot = lines_plot(
        f"roc-{place}",
        f"{target}: ROC",
        words,
        lines,
        x_label="false positives, share of the others",
        y_label="true positives, share of the class",
        x=(0.0, 1.0),
        y=(0.0, 1.0),
        diagonal=True,
    )
    return Figure(plot, Table("Area under the curve", ("class", "area"), [(name, area) for name, *_, area in curves]))


def precision_recall(scored: Scored) -> tuple[Floats, Floats, float]:
    """Recall, precision, and the average precision: the mean of the precision over the rows that are found.

    Example:
        >>> *_, average = precision_recall(Scored("a", np.array([0.9, 0.6, 0.3]), np.array([True, False, True])))
        >>> round(average, 4)
        0.8333
    """
    found, false = _ranked(scored)
    recall = found[1:] / max(found[-1], 1)
    precision = found[1:] / np.maximum(found[1:] + false[1:], 1)
    average = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return np.concatenate([[0.0], recall]), np.concatenate([precision[:1], precision]), average


def _precision_recall(target: str, shown: Sequence[Scored], place: int) -> Figure:
    curves = [(each.name, *precision_recall(each), float(each.is_class.mean())) for each in shown]
    lines = [
        Line(f"{shortened(name, 16)} {average:.3f}", x, y, color, dashed=color % 2 == 1)
        for color, (name, x, y, average, _) in enumerate(curves)
    ]
    words = "average precision: " + "; ".join(f"{name} {average:.3f}" for name, _, _, average, _ in curves)
    plot = lines_plot(
        f"precision-recall-{place}",
        f"{target}: precision and recall",
        words,
        lines,
        x_label="recall",
        y_label="precision",
        x=(0.0, 1.0),
        y=(0.0, 1.0),
    )
    rows = [(name, average, share) for name, _, _, average, share in curves]
    return Figure(plot, Table("Average precision", ("class", "average precision", "share of the rows"), rows))


def _calibration(seen: Seen, scored: Sequence[Scored], place: int) -> Iterator[Block]:
    """What was said with a probability, and how often it was so. Of several classes of one row: of that predicted."""
    single = seen.decoded.chosen is None and len(scored) > 1
    if single:
        scores = np.stack([each.scores for each in scored])
        best = scores.argmax(axis=0)
        said = scores[best, np.arange(len(best))]
        was = np.stack([each.is_class for each in scored])[best, np.arange(len(best))]
        of = "the predicted class"
    else:
        said = np.concatenate([each.scores for each in scored])
        was = np.concatenate([each.is_class for each in scored])
        of = "each class" if len(scored) > 1 else repr(scored[0].name)
    if not len(said):
        return
    bins = np.clip((said * BINS).astype(np.int64), 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    there = counts > 0
    mean = np.bincount(bins, said, minlength=BINS)[there] / counts[there]
    share = np.bincount(bins, was, minlength=BINS)[there] / counts[there]
    error = float(np.average(np.abs(mean - share), weights=counts[there]))
    title = f"{seen.name}: calibration of {shortened(of, 40)}"
    words = f"probabilities and shares are {short_number(error)} apart on average"
    plot = lines_plot(
        f"calibration-{place}",
        title,
        words,
        [Line(f"off by {short_number(error)} on average", mean, share, 0, dots=True)],
        x_label="probability that was said",
        y_label="share that was so",
        x=(0.0, 1.0),
        y=(0.0, 1.0),
        diagonal=True,
    )
    rows = list(zip(mean.tolist(), share.tolist(), counts[there].tolist(), strict=True))
    yield Figure(plot, Table("Calibration", ("mean probability", "share that was so", "cases"), rows))
