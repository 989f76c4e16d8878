"""Every rule about a trained model has a training that it warns of, and one that it leaves in peace."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from dlcli.config.lint.rules import OF_RUNS, explanation, modules_of, rule_names
from dlcli.config.schema import Config
from dlcli.evaluation.trained_sight import TrainedSight, look_at_training

FALLS = [1 / (epoch + 1) for epoch in range(20)]
ENDS = [0.5 + 0.5 * 0.5**epoch for epoch in range(20)]


def sight(
    losses: list[float] = ENDS,
    validated: list[float] | None = None,
    report: dict[str, Any] | None = None,
    **config: Any,
) -> TrainedSight:
    curves = {"loss": losses, **({"val_loss": validated} if validated is not None else {})}
    history = [
        {"epoch": at + 1.0, **{name: values[at] for name, values in curves.items()}} for at in range(len(losses))
    ]
    section = {"data": {"train": "x.csv", "target": "y"}, "model": {"layers": ["Dense"]}, **config}
    reports = {"y": report} if report else {}
    return TrainedSight(Config.model_validate(section), history, len(losses), reports, "the test split")


def classes(matrix: list[list[int]], **more: Any) -> dict[str, Any]:
    return {"confusion_matrix": matrix, "classes": {"no": {}, "yes": {}}, "accuracy": 0.5, **more}


MAJORITY = {
    "baselines": {"majority": {"is": "always predicting 'no'", "accuracy": 0.75}},
    "worse_than": {"majority": ["accuracy"]},
}
RISES = [0.5, 0.4, 0.3, 0.5, 0.7, 0.9]
BETTER = [0.5, 0.3, 0.2, 0.1, 0.05, 0.01]
KEPT = [{"EarlyStopping": {"restore_best_weights": True}}]
VALIDATED = {"train": "x.csv", "target": "y", "validation": 0.2}
SCHEDULED = {"optimizer": {"SGD": {"learning_rate": {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 9}}}}}

CASES: dict[str, tuple[TrainedSight, TrainedSight]] = {
    "worse-than-mean": (sight(report={"r2": -0.5}), sight(report={"r2": 0.1})),
    "worse-than-majority": (
        sight(report=classes([[2, 1], [1, 2]], **MAJORITY)),
        sight(report=classes([[2, 1], [1, 2]])),
    ),
    "one-class-predicted": (sight(report=classes([[30, 0], [10, 0]])), sight(report=classes([[30, 0], [9, 1]]))),
    "loss-never-fell": (sight([0.6931] * 9 + [0.6930]), sight([0.69, 0.6, 0.5, 0.6, 0.7])),
    "learnt-by-heart": (sight(BETTER, RISES), sight(BETTER, RISES, callbacks=KEPT, data=VALIDATED)),
    "still-learning": (sight(ENDS, [1 - at / 40 for at in range(20)]), sight(ENDS, ENDS)),
}


def rules(of: TrainedSight) -> set[str]:
    return {each.rule for each in look_at_training(of).warnings}


def test_every_rule_has_its_case() -> None:
    assert set(CASES) == set(rule_names(*OF_RUNS))
    assert all(explanation(rule).endswith(".") for rule in modules_of(OF_RUNS).values())


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_tells_of_it_and_leaves_others_in_peace(rule: str) -> None:
    wrong, right = CASES[rule]
    assert rule in rules(wrong)
    assert rule not in rules(right)
    assert rule not in rules(TrainedSight(wrong.config))  # of which nothing is known


def test_a_training_that_comes_to_its_end_is_left_in_peace() -> None:
    assert rules(sight(ENDS, ENDS, classes([[20, 2], [1, 20]]))) == set()
    assert rules(sight(FALLS, FALLS, {"r2": 0.9})) == set()


def test_what_is_no_fault_of_the_training() -> None:
    late = [1 - at / 40 for at in range(20)]
    assert "still-learning" not in rules(sight(ENDS, late, compile=SCHEDULED))  # made for so many epochs
    assert "loss-never-fell" not in rules(sight([0.1] * 9, report={"r2": 0.9}))  # learnt within the first epoch
    assert "learnt-by-heart" not in rules(dataclasses.replace(sight(BETTER, RISES), num_validated=15))
    assert "learnt-by-heart" not in rules(sight(BETTER, RISES, fit={"class_weight": "balanced"}))
    assert rules(sight([0.5, float("nan"), 0.4], [0.4, 0.5, float("nan")])) == set()


def test_findings_about_a_trained_model_can_be_faults() -> None:
    found = look_at_training(sight(report={"r2": -0.5}, lint={"error": "worse-than-mean"}))
    assert [each.rule for each in found.faults] == ["worse-than-mean"]
    assert look_at_training(sight(report={"r2": -0.5}, lint={"ignore": ["worse-than-mean"]})).warnings == ()
