"""The JSON Schema accepts what the language accepts, refuses typical mistakes, and documents everything."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pydantic
import pytest

from dlcli.config.catalogue.entries import load
from dlcli.config.document.composer import compose
from dlcli.config.published.json_schema import _argument, json_schema, schema_text

BASE = """
data: {train: iris.csv, target: species}
model: {layers: [{Dense: {units: 3, activation: softmax}}]}
"""

VALID = [
    "data: {train: a.csv, target: y, features: {age: {type: number, pad: auto}}}",
    "data: {train: a.csv, target: y, features: {age: {type: category, pad: 60, separator: '|'}}}",
    "data: {train: a.csv, target: y, features: {age: {type: number, pad: {length: 60, side: start, mask: false}}}}",
    "data: {train: a.csv, target: {y: {type: number, quantiles: [0.1, 0.5]}}}\ncompile: {loss: pinball}",
    "data: {train: a.csv, target: {y: {type: number, quantiles: 0.5}}}\ncompile: {loss: {Pinball: {quantiles: [0.5]}}}",
    "data: {train: a, rows: folders, target: y, features: {x: {type: video, size: 8, channels: gray}}}",
    "data: {train: a, target: y, features: {x: {type: image, size: 8, channels: 3}, z: {type: audio, channels: mono}}}",
    "",
    "name: x\nseed: 7",
    "data: {train: [a.csv, b.csv], target: [a, b], validation: 0.2, test: c.csv, split: {group: patient}}",
    "data: {train: a.csv, target: 4, features: [a, 1], batch_size: full}",
    "data: {train: a.csv, target: {y: number}, features: {f: {type: category, encode: {embedding: 8}}, g: null}}",
    "data: {train: a.csv, target: {y: {type: category, classes: [1, 2, x]}}, features: {age: number}}",
    "data: {train: a.csv, target: {y: auto}, features: {...: auto, age: {type: number, scale: min_max}}}",
    "data: {train: a.csv, target: y, features: [age, ...], exclude: id}",
    "data: {train: a.csv, target: y, features: {...: {type: category, encode: index}, b: auto, c: null}}",
    "data: {train: a.csv, target: y, defaults: {number: {missing: error}, category: {encode: {embedding: 4}}}}",
    "data: {train: a.csv, target: y, features: {p: {type: number, columns: px*, scale: {divide: 255}}}}",
    "model: {layers: [Flatten, {Dense: {units: 3}, name: a, inputs: x}, {Dense: null, for: {units: [3, 2]}}]}",
    "model: {layers: [{block: b, with: {units: 3}}], blocks: {b: [Dense, {Dense: null}, {Dense: {}}]}, outputs: a}",
    "model: {layers: [{layers: [{Dense: {units: 1}}]}, {shared: a, inputs: [b]}, {Dense: {units: 1}, repeat: 3}]}",
    "model: {layers: [{Bidirectional: {layer: {LSTM: {units: 4}}}}, {RNN: {cell: [{LSTMCell: {units: 3}}]}}]}",
    "model: {layers: [{Dense: {units: 1, kernel_regularizer: {L2: {l2: 0.1}}, kernel_initializer: he_normal}}]}",
    "model: {layers: [{Dense: {units: 1, kernel_regularizer: null, activation: {LeakyReLU: {negative_slope: 0.1}}}}]}",
    "model: {layers: [{Conv2D: {filters: 1, kernel_size: [3, 3], padding: SAME, use_bias: 0}}]}",
    "compile: {optimizer: adam, loss: mse, metrics: accuracy}",
    "compile: {optimizer: SGD, loss: {a: mse, b: {Huber: {delta: 2}}}, metrics: {a: [mae], b: [{AUC: {name: x}}]}}",
    "compile: {optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 1, decay_steps: 1}}}}}",
    "compile: {optimizer: {ADAM: {learning_rate: 1e-3}}, metrics: [ACC, {MeanIoU: {num_classes: 3}}], loss: CE}",
    "callbacks: [TerminateOnNaN, {EarlyStopping: {monitor: val_loss, patience: 3}}]",
    "callbacks: [{LearningRateScheduler: {schedule: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 10}}}}]",
    "fit: {epochs: 3, class_weight: balanced}\nruntime: {device: 'gpu:1'}\nlint: {ignore: [x]}",
    "code: [mine.py]\nmodel: {layers: [Mine, {Mine: {width: 3}}, {Dense: {units: 1, activation: mine}}]}",
    "code: [mine.py]\ncompile: {optimizer: Mine, loss: {Mine: {a: 1}}, metrics: [Mine]}\ncallbacks: [Mine]",
]

MISTAKES = [
    "data: {train: a.csv, target: y, features: {x: {type: image, channels: red}}}",
    "data: {train: a.csv, target: y, features: {x: {type: video, size: [8]}}}",
    "epoch: 3",
    "fit: {epochs: 0}",
    "fit: {epochs: '3'}",
    "data: {train: a.csv}",
    "data: {train: a.csv, target: y, features: {age: {type: number, pad: 0}}}",
    "data: {train: a.csv, target: y, features: {age: {type: number, pad: {len: 3}}}}",
    "data: {train: a.csv, target: {y: {type: number, quantiles: [2]}}}",
    "data: {train: a.csv, target: y, features: {age: numbr}}",
    "data: {train: a.csv, target: y, features: {age: {type: number, scal: none}}}",
    "data: {train: a.csv, target: y, features: {age: {scale: none}}}",
    "data: {train: a.csv, target: y, features: {...: atuo}}",
    "data: {train: a.csv, target: y, defaults: {number: {mising: error}}}",
    "data: {train: a.csv, target: y, defaults: {number: {columns: a}}}",
    "data: {train: a.csv, target: y, defaults: {numbers: {missing: error}}}",
    "data: {train: a.csv, target: y, validation: 1.5}",
    "model: {layers: []}",
    "model: {layers: [Dens]}",
    "model: {layers: [Dense]}",
    "model: {layers: [Adam]}",
    "model: {layers: [{Dens: {units: 1}}]}",
    "model: {layers: [{Dense: null}]}",
    "model: {layers: [{Dense: {}}]}",
    "model: {layers: [{Dense: {unit: 1, units: 1}}]}",
    "model: {layers: [{Dense: {units: ten}}]}",
    "model: {layers: [{Dense: {units: 0}}]}",
    "model: {layers: [{Dense: {units: 1, activation: rleu}}]}",
    "model: {layers: [{Dense: {units: 1, kernel_regularizer: 0.1}}]}",
    "model: {layers: [{Dense: {units: 1, kernel_regularizer: L3}}]}",
    "model: {layers: [{Dense: {units: 1, kernel_regularizer: {L2: {l3: 1}}}}]}",
    "model: {layers: [{Bidirectional: {layer: {LSTN: {units: 1}}}}]}",
    "model: {layers: [{Bidirectional: {layer: {LSTM: {unit: 1}}}}]}",
    "model: {layers: [{Dropout: {rate: 2}}]}",
    "model: {layers: [{Conv2D: {filters: 1, kernel_size: 3, padding: sam}}]}",
    "model: {layers: [{Lambda: {function: x}}]}",
    "model: {layers: [{layers: [{Dens: {units: 1}}]}]}",
    "model: {layers: [{block: b}], blocks: {b: [Dens]}}",
    "model: {layers: [{Dense: {units: 1}, with: {units: 3}}]}",
    "model: {layers: [{Dense: {units: 1}, repeat: 0}]}",
    "compile: {optimizer: adm}",
    "compile: {optimizer: {Adam: {lr: 0.1}}}",
    "compile: {optimizer: {Adam: {learning_rate: {ExponentialDecay: {initial_learning_rate: 0.1}}}}}",
    "compile: {loss: mean_square_error}",
    "compile: {loss: {a: mxe}}",
    "compile: {metrics: [acuracy]}",
    "callbacks: [EarlyStoping]",
    "callbacks: [{EarlyStopping: {patience: x}}]",
    "callbacks: [{ModelCheckpoint: {monitor: x}}]",
    "code: [mine.py]\nmodel: {layers: [{Dense: {unit: 1}}]}",
]


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


def config(text: str) -> dict[str, Any]:
    return {**read(BASE), **(read(text) if text else {})}


def read(text: str) -> dict[str, Any]:
    value = _text_keys(compose(text, source=None).value)
    assert isinstance(value, dict)
    return value


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", VALID)
def test_what_the_language_accepts_is_accepted(text: str) -> None:
    assert [error.message for error in validator().iter_errors(config(text))] == []


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_refused(text: str) -> None:
    assert not validator().is_valid(config(text))


def test_a_config_that_extends_another_may_leave_things_to_it() -> None:
    assert validator().is_valid({"extends": "base.yaml"})
    assert validator().is_valid({"extends": ["a.yaml"], "data": {"batch_size": 8}, "model": {"layers": ["Mine"]}})
    assert not validator().is_valid({"extends": "base.yaml", "data": {"batch_sise": 8}})
    assert not validator().is_valid({"data": {"train": "a.csv", "target": "y"}})


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[2].glob("configs/**/*.yaml")), ids=lambda file: file.name
)
def test_every_shipped_config_validates(file: Path) -> None:
    assert [error.message for error in validator().iter_errors(read(file.read_text(encoding="utf-8")))] == []


def _text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list) else value


def test_every_key_is_documented() -> None:
    def undocumented(node: Any, path: str) -> Iterator[str]:
        for key, value in node.get("properties", {}).items():
            target = schema["$defs"].get(value.get("$ref", "").removeprefix("#/$defs/"), {})
            if "description" not in {**target, **value} and key != "type":
                yield f"{path}/{key}"

    schema = json_schema()
    found = list(undocumented(schema, ""))
    for name, section in schema["$defs"].items():
        if "." not in name:
            found += undocumented(section, name)
    assert found == []


def test_every_component_and_argument_of_the_catalogue_is_there() -> None:
    definitions = json_schema()["$defs"]
    for kind in load().kinds:
        for entry in load().entries(kind):
            if entry.usable:
                assert set(definitions[f"{kind}.{entry.name}"]["properties"]) == set(entry.arguments)


def test_an_argument_is_said_once_and_means_the_same_in_all_its_places() -> None:
    definitions = json_schema()["$defs"]
    seen: set[tuple[str, str]] = set()
    for kind in load().kinds:
        for entry in load().entries(kind):
            for name, written in definitions.get(f"{kind}.{entry.name}", {"properties": {}})["properties"].items():
                assert definitions.get(written.get("$ref", "").removeprefix("#/$defs/"), written) == _argument(
                    entry.arguments[name]
                )
                text = json.dumps(written)
                assert "$ref" in written or len(text) < 60 or (name, text) not in seen
                seen.add((name, text))


def test_only_what_belongs_to_a_place_is_offered_there() -> None:
    """Editors offer each key under `properties`: what only refuses names stands under `patternProperties`."""
    schema = json_schema()

    def keys(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from node
            for value in node.values():
                yield from keys(value)
        elif isinstance(node, list):
            for value in node:
                yield from keys(value)

    refusing = [schema["allOf"], *(value for name, value in schema["$defs"].items() if name.startswith("known."))]
    assert "properties" not in set(keys(refusing))


ROOT = Path(__file__).resolve().parents[2]
PINNED = re.search(r"^pydantic==(\S+)", (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"), re.MULTILINE)


# Releases of pydantic differ in how they write the same schema (`const` with or without `enum`, 1 or 1.0).
@pytest.mark.skipif(
    PINNED is None or PINNED[1] != pydantic.VERSION, reason="the published schema is written with the pinned pydantic"
)
def test_the_published_schema_is_this_one() -> None:
    published = (ROOT / "configs" / "dlcli.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == json_schema()
    assert published == schema_text(json_schema()) + "\n"


def test_every_reference_leads_somewhere() -> None:
    schema = json_schema()

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(schema)):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]
