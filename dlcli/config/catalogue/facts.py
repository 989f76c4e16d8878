"""What Keras's losses and metrics want: of the last layer, and of the target. One table for all who ask.

Names are in one spelling (`normal_name`): `mse`, `mean_squared_error` and `MeanSquaredError` are one. Which way a
metric is better stands in the catalogue, for Keras itself says it.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from dlcli.config.schema.component import Component, normal_name

__all__ = [
    "LOSSES",
    "MEASURES_OF_NUMBERS",
    "METRICS",
    "LossFacts",
    "LossFamily",
    "MetricFacts",
    "counts_matches",
    "counts_rows",
    "loss_facts",
    "metric_facts",
]

LossFamily = Literal["sparse", "embedding", "one_hot", "binary", "hinge", "number", "sequence", "other"]
"""What a loss wants as target: class indices, for a score of each or to compare embeddings by; one-hot vectors, 0/1,
-1/1, numbers, sequences of classes, or unknown."""


@dataclasses.dataclass(frozen=True, slots=True)
class LossFacts:
    """What a loss wants.

    Args:
        family: The target's form.
        probabilities: It is made for probabilities; raw scores must be declared as such, or get an activation.
        sum_to_one: Its probabilities are those of classes of which one is right: of a softmax.
        row_by_row: Each row has a value of its own, and the loss is their mean; of others (Dice, Tversky) a whole batch
            has one value.
        scales: It learns the same of a target that is scaled.
        own_unit: Its arguments that are in the target's unit.
    """

    family: LossFamily
    probabilities: bool = False
    sum_to_one: bool = False
    row_by_row: bool = True
    scales: bool = False
    own_unit: tuple[str, ...] = ()

    @property
    def of_classes(self) -> bool:
        """Whether the target is classes, each row's one."""
        return self.family in ("sparse", "embedding", "one_hot", "binary", "hinge")


@dataclasses.dataclass(frozen=True, slots=True)
class MetricFacts:
    """What a metric of classes wants to see.

    Args:
        target: `index`: class indices; `vector`: 0/1 for each number that the model gives.
        predicted: `probability`: it cuts, ranks or compares probabilities; `score`: the model's own numbers, of which
            the greatest counts or which it takes as they are; `class`: the index of the predicted class.
        each_class: It wants a number for each class, two for two classes, and says nothing of one alone.
        matches: It counts exact matches of classes.
        within_rows: It compares the numbers of a row with each other, and says nothing where there is one.
        counts_rows: It counts rows, or what it finds in them, whatever the batches.
    """

    target: Literal["index", "vector"] = "vector"
    predicted: Literal["probability", "score", "class"] = "probability"
    each_class: bool = False
    matches: bool = False
    within_rows: bool = False
    counts_rows: bool = True


_NUMBER = LossFacts("number")
_SCALED = LossFacts("number", scales=True)
_ONE_HOT = LossFacts("one_hot", probabilities=True, sum_to_one=True)
_SPARSE = LossFacts("sparse", probabilities=True, sum_to_one=True)
_BINARY = LossFacts("binary", probabilities=True)

LOSSES: dict[str, LossFacts] = {
    "sparsecategoricalcrossentropy": _SPARSE,
    "categoricalgeneralizedcrossentropy": dataclasses.replace(_SPARSE, row_by_row=False),
    "categoricalcrossentropy": _ONE_HOT,
    "categoricalfocalcrossentropy": _ONE_HOT,
    "kldivergence": _ONE_HOT,
    "dice": LossFacts("one_hot", probabilities=True, row_by_row=False),
    "tversky": LossFacts("one_hot", probabilities=True, row_by_row=False),
    "categoricalhinge": LossFacts("one_hot"),
    "cosinesimilarity": LossFacts("one_hot"),
    "binarycrossentropy": _BINARY,
    "binaryfocalcrossentropy": _BINARY,
    "hinge": LossFacts("hinge"),
    "squaredhinge": LossFacts("hinge"),
    "meansquarederror": _SCALED,
    "meanabsoluteerror": _SCALED,
    "meanabsolutepercentageerror": _NUMBER,
    "meansquaredlogarithmicerror": _NUMBER,
    "huber": LossFacts("number", scales=True, own_unit=("delta",)),
    "logcosh": _SCALED,
    "pinball": _SCALED,
    "poisson": _NUMBER,
    "circle": LossFacts("embedding", row_by_row=False),
    "ctc": LossFacts("sequence", row_by_row=False),
}
"""Every loss of Keras's with a target of one form, and our own."""

_EACH_NUMBER = MetricFacts()
_EACH_CLASS = MetricFacts(each_class=True)
_GREATEST = MetricFacts(predicted="score", each_class=True)
_ACCURACY = MetricFacts(predicted="score", each_class=True, matches=True)
_ACCURACY_OF_INDICES = MetricFacts("index", "score", each_class=True, matches=True)
_SIGNED = MetricFacts(predicted="score")

METRICS: dict[str, MetricFacts] = {
    "iou": MetricFacts("index", "class"),
    "meaniou": MetricFacts("index", "class"),
    "onehotiou": _GREATEST,
    "onehotmeaniou": _GREATEST,
    "sparsecategoricalaccuracy": _ACCURACY_OF_INDICES,
    "sparsecategoricalcrossentropy": MetricFacts("index", each_class=True),
    "sparsetopkcategoricalaccuracy": _ACCURACY_OF_INDICES,
    "categoricalaccuracy": _ACCURACY,
    "categoricalhinge": _GREATEST,
    "topkcategoricalaccuracy": _ACCURACY,
    "categoricalcrossentropy": _EACH_CLASS,
    "cosinesimilarity": MetricFacts(each_class=True, within_rows=True),
    "f1score": _EACH_CLASS,
    "fbetascore": _EACH_CLASS,
    "kldivergence": _EACH_CLASS,
    "hinge": _SIGNED,
    "squaredhinge": _SIGNED,
    "auc": _EACH_NUMBER,
    "binaryaccuracy": MetricFacts(matches=True),
    "binarycrossentropy": _EACH_NUMBER,
    "binaryiou": _EACH_NUMBER,
    "concordancecorrelation": MetricFacts(within_rows=True, counts_rows=False),
    "falsenegatives": _EACH_NUMBER,
    "falsepositives": _EACH_NUMBER,
    "logcosherror": _EACH_NUMBER,
    "meanabsoluteerror": _EACH_NUMBER,
    "meanabsolutepercentageerror": _EACH_NUMBER,
    "meansquarederror": _EACH_NUMBER,
    "meansquaredlogarithmicerror": _EACH_NUMBER,
    "pearsoncorrelation": MetricFacts(within_rows=True, counts_rows=False),
    "poisson": _EACH_NUMBER,
    "precision": _EACH_NUMBER,
    "precisionatrecall": _EACH_NUMBER,
    "r2score": _EACH_NUMBER,
    "recall": _EACH_NUMBER,
    "recallatprecision": _EACH_NUMBER,
    "rootmeansquarederror": _EACH_NUMBER,
    "sensitivityatspecificity": _EACH_NUMBER,
    "specificityatsensitivity": _EACH_NUMBER,
    "truenegatives": _EACH_NUMBER,
    "truepositives": _EACH_NUMBER,
}
"""Every metric of Keras's that compares a target with a prediction; `accuracy` is one of these, by the output."""

MEASURES_OF_NUMBERS = frozenset(
    {
        "concordancecorrelation",
        "cosinesimilarity",
        "logcosherror",
        "meanabsoluteerror",
        "meanabsolutepercentageerror",
        "meansquarederror",
        "meansquaredlogarithmicerror",
        "pearsoncorrelation",
        "poisson",
        "r2score",
        "rootmeansquarederror",
    }
)
"""Those of them that compare one number with another, and say something of numbers of any size."""

_UNKNOWN = LossFacts("other", row_by_row=False)


def loss_facts(loss: Component | None) -> LossFacts:
    """What a loss wants; of one that is not Keras's, nothing is known."""
    return _UNKNOWN if loss is None else LOSSES.get(normal_name(loss), _UNKNOWN)


def metric_facts(metric: Component) -> MetricFacts | None:
    """What a metric of Keras's wants; None when nothing is known of it."""
    return METRICS.get(normal_name(metric))


def counts_matches(metric: Component) -> bool:
    """Whether a metric counts how often the class is right."""
    facts = metric_facts(metric)
    return normal_name(metric) == "accuracy" or (facts is not None and facts.matches)


def counts_rows(metric: Component) -> bool:
    """Whether a metric, which may be a loss, is the same however rows are divided into batches."""
    facts = metric_facts(metric)
    if facts is not None:
        return facts.counts_rows
    return normal_name(metric) == "accuracy" or loss_facts(metric).row_by_row
