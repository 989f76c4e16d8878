"""Every lint rule has a config that it warns of, one that it leaves in peace, and can be silenced."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from dlcli.config.lint.linting import lint
from dlcli.config.lint.output import Known
from dlcli.config.lint.rules import OF_CONFIG, explanation, modules_of
from dlcli.config.schema import Config
from dlcli.config.signature import TargetSpec

CLASSES = TargetSpec("y", "category", classes=("a", "b", "c"))
MASK = TargetSpec("y", "category", classes=("a", "b", "c"), axes=(8, 8))
NUMBER = TargetSpec("y", "number")


def spec(units: int, activation: str | None, *, loss: Any = None, metrics: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "data": {"train": "x.csv", "target": "y", **more.pop("data", {})},
        "model": {"layers": [{"Dense": {"units": units, "activation": activation}}]},
        "compile": {key: value for key, value in (("loss", loss), ("metrics", metrics)) if value is not None},
        **more,
    }


def texts(missing: str) -> dict[str, Any]:
    found = spec(
        3, "softmax", data={"features": {"t": {"type": "text", "encode": {"sequence": 4}, "missing": missing}}}
    )
    embedding = {"Embedding": {"input_dim": 9, "output_dim": 4, "mask_zero": True}}
    found["model"]["layers"] = [embedding, "GlobalAveragePooling1D", *found["model"]["layers"]]
    return found


def normalised(units: int, **compile_: Any) -> dict[str, Any]:
    found = spec(units, None, **compile_)
    found["model"]["layers"].append("UnitNormalization")
    return found


def network(scale: str) -> dict[str, Any]:
    found = spec(3, "softmax")
    found["data"] |= {"features": {"x": {"type": "image", "scale": scale}}}
    small = {"MobileNetV2": {"include_top": False, "weights": "none"}}
    found["model"]["layers"] = ["RandomFlip", small, "GlobalAveragePooling2D", *found["model"]["layers"]]
    return found


def moved(by: str) -> dict[str, Any]:
    return spec(3, "softmax", data={"features": {"x": {"type": "image", "augment": [by]}}})


def resized(image: str) -> dict[str, Any]:
    return spec(
        3,
        "softmax",
        data={
            "target": {"y": {"type": "image", "classes": "auto", "size": [8, 8], "resize": "crop"}},
            "features": {"x": {"type": "image", "size": [8, 8], "resize": image}},
        },
    )


def optimized(optimizer: Any) -> dict[str, Any]:
    return spec(1, None) | {"compile": {"optimizer": optimizer}}


def batches_of(size: Any) -> dict[str, Any]:
    found = spec(1, None, data={"batch_size": size})
    found["model"]["layers"].insert(0, {"layers": ["BatchNormalization"]})
    return found


STOPPING = [{"EarlyStopping": {"monitor": "loss", "restore_best_weights": True}}]


def mel(**arguments: Any) -> dict[str, Any]:
    """A spectrogram of sounds of 8,000 samples a second."""
    config = spec(3, "softmax", data={"features": {"path": {"type": "audio", "rate": 8000}}})
    layers = ["Flatten", {"MelSpectrogram": arguments}, "Flatten"]
    return config | {"model": {"layers": [{"layers": layers}, *config["model"]["layers"]]}}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[TargetSpec] | None]] = {
    "softmax-one-unit": (spec(1, "softmax"), spec(1, "sigmoid"), None),
    "sigmoid-categorical-crossentropy": (
        spec(3, "sigmoid", loss="categorical_crossentropy"),
        spec(3, "softmax", loss="categorical_crossentropy"),
        None,
    ),
    "activation-before-logits": (
        spec(3, "softmax", loss={"SparseCategoricalCrossentropy": {"from_logits": True}}),
        spec(3, None, loss={"SparseCategoricalCrossentropy": {"from_logits": True}}),
        None,
    ),
    "logits-without-from-logits": (
        spec(3, None, loss="sparse_categorical_crossentropy"),
        spec(3, "softmax", loss="sparse_categorical_crossentropy"),
        None,
    ),
    "classes-with-number-loss": (spec(3, "softmax", loss="mse"), spec(3, None, loss="mse"), None),
    "accuracy-of-numbers": (
        spec(1, None, loss="mse", metrics=["accuracy"]),
        spec(1, None, loss="mse", metrics=["mae"]),
        [NUMBER],
    ),
    "units-not-classes": (spec(5, "softmax"), spec(3, "softmax"), [CLASSES]),
    "embedding-without-length": (spec(4, None, loss="Circle"), normalised(4, loss="Circle"), [CLASSES]),
    "restore-without-validation": (
        spec(1, None, callbacks=STOPPING),
        spec(1, None, callbacks=STOPPING, data={"validation": 0.2}),
        None,
    ),
    "mode-against-metric": (
        spec(1, "sigmoid", metrics=["AUC"], callbacks=[{"EarlyStopping": {"monitor": "auc", "mode": "min"}}]),
        spec(1, "sigmoid", metrics=["AUC"], callbacks=[{"EarlyStopping": {"monitor": "auc", "mode": "max"}}]),
        None,
    ),
    "trials-not-comparable": (
        spec(1, None, loss="mse", sweep={"space": {"compile.loss": ["mse", "mae"]}}, data={"validation": 0.2}),
        spec(
            1,
            None,
            loss="mse",
            metrics=["mae"],
            sweep={"space": {"compile.loss": ["mse", "mae"]}, "metric": "val_mae"},
            data={"validation": 0.2},
        ),
        None,
    ),
    "masked-average-of-nothing": (texts("empty"), texts("error"), None),
    "scaled-pixels": (network("unit"), network("none"), None),
    "moved-pixels": (moved("RandomFlip"), moved("RandomContrast"), [MASK]),
    "resized-apart": (resized("fit"), resized("crop"), [MASK]),
    "mel-rate": (mel(top_db=300), mel(sampling_rate=8000, top_db=300), None),
    "mel-of-batch": (mel(sampling_rate=8000), mel(power_to_db=False), None),
    "callback-cannot-act": (
        spec(1, None, fit={"epochs": 10}, callbacks=[{"EarlyStopping": {"start_from_epoch": 10, "patience": 1}}]),
        spec(1, None, fit={"epochs": 10}, callbacks=[{"EarlyStopping": {"start_from_epoch": 5, "patience": 1}}]),
        None,
    ),
    "one-quantile": (
        spec(1, None, data={"target": {"y": {"type": "number", "quantiles": [0.9]}}}),
        spec(2, None, data={"target": {"y": {"type": "number", "quantiles": [0.1, 0.9]}}}),
        None,
    ),
    "bounded-quantiles": (
        spec(3, "relu"),
        spec(3, "softplus"),
        [TargetSpec("y", "number", quantiles=(0.1, 0.5, 0.9))],
    ),
    "stopping-by-training": (
        spec(1, None, callbacks=["EarlyStopping", {"EarlyStopping": {"monitor": "loss"}}], data={"validation": 0.2}),
        spec(1, None, callbacks=[{"EarlyStopping": {"monitor": "loss"}}]),
        None,
    ),
    "stopping-without-restore": (
        spec(1, None, callbacks=[{"EarlyStopping": {"patience": 5}}], data={"validation": 0.2}),
        spec(
            1,
            None,
            callbacks=[
                {"EarlyStopping": {"patience": 5}},
                {"ModelCheckpoint": {"filepath": "b.keras", "save_best_only": True}},
            ],
            data={"validation": 0.2},
        ),
        None,
    ),
    "learning-rate-far-off": (
        optimized("Adadelta"),
        optimized({"SGD": {"learning_rate": {"ExponentialDecay": {"initial_learning_rate": 0.5}}}}),
        None,
    ),
    "batch-normalization-of-few": (batches_of(2), batches_of("full"), None),
    "nothing-to-restore": (
        spec(1, None, callbacks=[{"BackupAndRestore": {"backup_dir": "backup"}}]),
        spec(1, None, callbacks=["ModelCheckpoint"]),
        None,
    ),
}


def test_every_rule_has_its_case() -> None:
    assert set(CASES) | {"unscaled-inputs"} == set(modules_of(OF_CONFIG))
    assert all(explanation(rule).endswith(".") for rule in modules_of(OF_CONFIG).values())


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_warns_and_can_be_silenced(rule: str) -> None:
    wrong, right, targets = CASES[rule]
    warnings = [warning for warning in lint(Config.model_validate(wrong), targets).warnings if warning.rule == rule]
    assert len(warnings) == 1
    assert warnings[0].path
    assert f"ignore: [{rule}]" in warnings[0].hint
    assert rule not in {warning.rule for warning in lint(Config.model_validate(right), targets).warnings}
    silenced = copy.deepcopy(wrong) | {"lint": {"ignore": [rule]}}
    assert rule not in {warning.rule for warning in lint(Config.model_validate(silenced), targets).warnings}


def test_a_loss_that_spells_wants_a_unit_for_no_class() -> None:
    def hints(units: int) -> list[str]:
        found = lint(Config.model_validate(spec(units, None, loss="CTC")), [CLASSES]).warnings
        return [warning.hint for warning in found if warning.rule == "units-not-classes"]

    assert hints(len(CLASSES.classes) + 1) == []
    (hint,) = hints(len(CLASSES.classes) + 2)
    assert f"units: {len(CLASSES.classes) + 1};" in hint


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (
            {"data": {"features": {"a": {"type": "image", "augment": ["RandomFlip"]}}}},
            "data.features.a.augment[0]",
        ),
        ({"model": {"layers": ["RandomRotation"]}}, "model.layers[0]"),
    ],
)
def test_pixels_are_moved_by_other_ways_too(place: dict[str, dict[str, list[Any]]], path: str) -> None:
    config = spec(3, "softmax")
    config["data"] |= place.get("data", {})
    config["model"]["layers"] = [*place.get("model", {}).get("layers", []), *config["model"]["layers"]]
    found = {warning.rule: warning.path for warning in lint(Config.model_validate(config), [MASK]).warnings}
    assert found["moved-pixels"] == path
    assert "moved-pixels" not in {warning.rule for warning in lint(Config.model_validate(config), [CLASSES]).warnings}


def test_a_mask_is_moved_with_one_image() -> None:
    config = spec(3, "softmax")
    config["data"] |= {
        "target": {MASK.name: {"type": "image", "classes": "auto", "moved_with": "a"}},
        "features": {name: {"type": "image", "augment": ["RandomFlip"]} for name in ("a", "b")},
    }
    found = [
        warning for warning in lint(Config.model_validate(config), [MASK]).warnings if warning.rule == "moved-pixels"
    ]
    assert [warning.path for warning in found] == ["data.features.b.augment[0]"]
    assert "'a'" in found[0].hint


def test_a_single_output_may_be_called_by_its_layer() -> None:
    plain = spec(3, "softmax", loss="mse", metrics=["accuracy"])
    named = spec(3, "softmax", loss={"out": "mse"}, metrics={"out": ["accuracy"]})
    named["model"]["layers"][-1]["name"] = "out"
    found = {warning.rule: warning.path for warning in lint(Config.model_validate(plain), [NUMBER]).warnings}
    assert found == {"classes-with-number-loss": "compile.loss", "accuracy-of-numbers": "compile.metrics"}
    found = {warning.rule: warning.path for warning in lint(Config.model_validate(named), [NUMBER]).warnings}
    assert found == {"classes-with-number-loss": "compile.loss.out", "accuracy-of-numbers": "compile.metrics"}


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        ({"Adam": {"learning_rate": 1.0}}, True),
        ({"Adam": {"learning_rate": 0.05}}, False),
        ({"SGD": {"learning_rate": 100}}, True),
        ({"SGD": {"learning_rate": 1.0, "momentum": 0.9}}, False),
        ({"Adam": {"learning_rate": {"CosineDecay": {"initial_learning_rate": 9, "decay_steps": 5}}}}, True),
        (
            {
                "Adam": {
                    "learning_rate": {
                        "CosineDecay": {"initial_learning_rate": 0.0, "warmup_target": 1e-3, "warmup_steps": 5}
                    }
                }
            },
            False,
        ),
        ("AdamW", False),
        ("RMSprop", False),
    ],
)
def test_a_learning_rate_is_held_against_its_optimizer(rate: Any, told: bool) -> None:
    found = lint(Config.model_validate(optimized(rate))).warnings
    assert ("learning-rate-far-off" in {warning.rule for warning in found}) is told


def test_numbers_that_come_as_they_are_and_are_wide() -> None:
    def rules(*before: Any, most: float = 5000) -> set[str]:
        config = spec(1, None)
        config["model"]["layers"] = [*before, *config["model"]["layers"]]
        known = Known([NUMBER], {"income": (0.0, most), "age": (0.0, 90.0)})
        return {warning.rule for warning in lint(Config.model_validate(config), known=known).warnings}

    assert "unscaled-inputs" in rules()
    assert "unscaled-inputs" not in rules(most=99)
    assert "unscaled-inputs" not in rules({"Rescaling": {"scale": 0.01}})
    assert "unscaled-inputs" not in rules({"layers": ["Normalization"]})


def test_findings_can_be_faults_one_by_one_or_all() -> None:
    config = spec(1, "softmax", callbacks=STOPPING)
    both = ["restore-without-validation", "softmax-one-unit"]

    def judged(**said: Any) -> tuple[list[str], list[str]]:
        found = lint(Config.model_validate(config | {"lint": said}))
        return sorted(each.rule for each in found.warnings), sorted(each.rule for each in found.faults)

    assert judged() == (both, [])
    assert judged(error="all") == (both, both)
    assert judged(error=["softmax-one-unit"]) == (both, ["softmax-one-unit"])
    assert judged(error="all", ignore=["softmax-one-unit"]) == (both[:1], both[:1])
    assert judged(ignore="all", error=["softmax-one-unit"]) == (["softmax-one-unit"], ["softmax-one-unit"])
    assert judged(ignore="all") == ([], [])


@pytest.mark.parametrize(
    ("path", "metric", "data", "found"),
    [
        ("compile.loss.Huber.delta", "val_loss", {}, True),
        ("compile.loss_weights", "loss", {}, True),
        ("model.layers.0.Dense.kernel_regularizer.L2.l2", "val_loss", {}, True),
        ("model.layers.0.Dense.kernel_regularizer.L2.l2", "val_mae", {}, False),
        ("model.layers.0.Dense.units", "val_loss", {}, False),
        ("data.target.y.scale", "val_loss", {}, True),
        ("data.target", "val_mae", {}, True),
        ("data.batch_size", "val_loss", {}, False),
        ("data.validation", "val_mae", {}, True),
        ("data.validation", "loss", {}, False),
        ("data.split", "val_mae", {}, True),
        ("seed", "val_mae", {}, True),
        ("seed", "val_mae", {"seed": 1}, False),
        ("seed", "val_mae", {"validation": "other.csv"}, False),
        ("data.seed", "val_mae", {"split": "ordered"}, False),
    ],
)
def test_trials_are_measured_alike(path: str, metric: str, data: dict[str, Any], found: bool) -> None:
    from dlcli.config.lint.training.trials_not_comparable import find
    from dlcli.config.schema import Config

    value = spec(1, None, loss="mse", metrics=["mae"], data={"validation": 0.2, **data}, name="c")
    config = Config.model_validate({**value, "sweep": {"space": {path: [1, 2]}, "metric": metric}})
    assert bool(list(find(config, None))) is found  # type: ignore[arg-type]
