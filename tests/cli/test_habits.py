"""Words of Keras, pandas and scikit-learn: each that a person may write is told where it lives here."""

from __future__ import annotations

import inspect as python_inspect
import re
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.cli.main import app
from dlcli.config.catalogue import entries as catalogue
from dlcli.config.document.composer import compose
from dlcli.config.habits.advice import way_out
from dlcli.config.habits.homes import belongs, home
from dlcli.config.habits.notations import rewrite
from dlcli.config.habits.words import HABITS, VALUES, Habit, find_habit
from dlcli.config.inspection.inspection import inspect_value
from dlcli.config.options.types import feature_types, target_types
from dlcli.config.schema import LAYER_KEYS, Config
from dlcli.errors import Problem


def arguments_of_others() -> Iterator[tuple[str, str]]:
    """The section in which someone would write an argument, and the argument."""
    import keras
    import pandas as pd

    for section, function in (("fit", keras.Model.fit), ("compile", keras.Model.compile), ("data", pd.read_csv)):
        for name in python_inspect.signature(function).parameters:
            if name != "self":
                yield section, name


def problem_of(section: str, key: str) -> Problem | None:
    """What a config with the key in the section is told of it; None where the section has the key."""
    problems = inspect_value({section: {key: "x"}}, ".").problems
    return next((one for one in problems if one.path == f"{section}.{key}" and one.rule == "unknown-key"), None)


def is_known(word: str) -> bool:
    """Whether a word has an answer of its own, not one that only looks like it."""
    return find_habit(word) != Habit() or home(word) != ""


def test_every_argument_of_fit_compile_and_read_csv_has_an_answer_in_the_config() -> None:
    for section, name in arguments_of_others():
        problem = problem_of(section, name)
        if problem is not None:
            assert is_known(name), (section, name)
            assert problem.hint, (section, name)
            assert "the keys here are" not in problem.hint, (section, name)


def test_every_argument_has_an_answer_on_the_command_line(dlcli: Callable[..., CompletedProcess[str]]) -> None:
    for _, name in arguments_of_others():
        done = dlcli("train", "c.yaml", f"--{name.replace('_', '-')}", "5")
        assert done.returncode == 2
        assert "  → " in done.stderr, name
        assert "Possible options" not in done.stderr, name


@pytest.mark.parametrize(
    ("config", "path", "hint"),
    [
        ({"fit": {"batch_size": 8}}, "fit.batch_size", "it belongs below `data:`"),
        ({"fit": {"callbacks": []}}, "fit.callbacks", "it belongs at the top level"),
        ({"fit": {"validation_split": 0.1}}, "fit.validation_split", "write `data.validation`"),
        ({"data": {"validation_split": 0.1}}, "data.validation_split", "did you mean 'validation'?"),
        ({"data": {"sep": ";"}}, "data.sep", "did you mean 'delimiter'?"),
        ({"data": {"stratify": True}}, "data.stratify", "split: stratified"),
        ({"data": {"scale": "standard"}}, "data.scale", "features: {NAME: {type: number, scale: ...}}"),
        ({"lr": 0.1}, "lr", "optimizer: {Adam: {learning_rate: 0.001}}"),
        ({"compile": {"lr": 0.1}}, "compile.lr", "optimizer: {Adam: {learning_rate: 0.001}}"),
        ({"compile": {"optimizer": {"Adam": {"lr": 1}}}}, "compile.optimizer.Adam.lr", "did you mean 'learning_rate'?"),
        ({"compile": {"metrics": ["f1"]}}, "compile.metrics[0]", "F1Score: {average: macro}"),
        ({"compile": {"metrics": ["rmse"]}}, "compile.metrics[0]", "did you mean 'RootMeanSquaredError'?"),
        ({"model": {"layers": ["Relu"]}}, "model.layers[0]", "did you mean 'ReLU'?"),
        ({"model": {"layers": ["Dense(64)"]}}, "model.layers[0]", "write {Dense: {units: 64}}"),
        ({"model": {"layers": [{"Dense": 64}]}}, "model.layers[0]", "write {Dense: {units: 64}}"),
        ({"model": {"layers": ["l2"]}}, "model.layers[0]", "a regularizer is an argument of a layer"),
        (
            {"compile": {"optimizer": {"type": "SGD", "lr": 1}}},
            "compile.optimizer",
            "write {SGD: {learning_rate: 1}}",
        ),
        ({"model": {"layers": [{"type": "Dense", "units": 4}]}}, "model.layers[0]", "write {Dense: {units: 4}}"),
        ({"model": {"layers": [{"dense": 4}]}}, "model.layers[0]", "write {Dense: {units: 4}}"),
        (
            {"model": {"layers": [{"Dense": [4, "relu"]}]}},
            "model.layers[0]",
            "write {Dense: {units: 4, activation: relu}}",
        ),
        ({"model": {"layers": ["Linear"]}}, "model.layers[0]", "did you mean 'Dense'?"),
        ({"data": {"features": {"a": "float"}}}, "data.features.a", "did you mean 'number'?"),
        ({"data": {"features": {"a": {"dtype": "number"}}}}, "data.features.a.type", "write `type` for `dtype`"),
        ({"callbacks": {"EarlyStopping": {}, "TerminateOnNaN": {}}}, "callbacks", "begin each item with '- '"),
        ({"callbacks": ["early_stopping"]}, "callbacks[0]", "did you mean 'EarlyStopping'?"),
        ({"random_state": 1}, "random_state", "did you mean 'seed'?"),
        ({"train": {"epochs": 3}}, "train", "did you mean 'fit'? or, as `data.train`"),
        ({"training": {"epochs": 3}}, "training", "did you mean 'fit'?"),
        ({"fit": {"resume": True}}, "fit.resume", "dlcli train --resume RUN"),
        ({"data": {"header": 0}}, "data.header", "`true` says that the first row holds the names"),
        ({"data": {"header": "infer"}}, "data.header", "left out"),
        ({"data": {"delimiter": r"\s+"}}, "data.delimiter", "write `blanks`"),
        ({"data": {"delimiter": "tab"}}, "data.delimiter", r'write "\t"'),
        ({"data": {"batch_size": -1}}, "data.batch_size", "write `full`"),
        ({"data": {"features": "all"}}, "data.features", "leave the key out"),
        ({"runtime": {"device": "cuda"}}, "runtime.device", "write `gpu`"),
        ({"runtime": {"precision": 16}}, "runtime.precision", "write `mixed_float16`"),
    ],
)
def test_habits_in_a_config(config: dict[str, Any], path: str, hint: str) -> None:
    hints = [problem.hint for problem in inspect_value(config, ".").problems if problem.path == path]
    assert any(hint in each for each in hints), hints


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "c.yaml", "--epochs", "5"], "--set fit.epochs=5"),
        (["train", "c.yaml", "--epochs=5"], "--set fit.epochs=5"),
        (["check", "c.yaml", "--batch_size", "8"], "--set data.batch_size=8"),
        (["train", "c.yaml", "--sep", ";"], "--set 'data.delimiter=;'"),
        (["train", "c.yaml", "--lr", "0.1"], "--set compile.optimizer.Adam.learning_rate"),
        (["train", "c.yaml", "--verbose"], "--quiet"),
        (["train", "c.yaml", "-v"], "--quiet"),
        (["evaluate", "run", "-vv"], "--quiet"),
        (["--verbose", "train", "c.yaml"], "--quiet"),
        (["--quiet", "train", "c.yaml"], "it comes after the command: dlcli"),
        (["-v"], "did you mean --version?"),
        (["train", "c.yaml", "-e", "5"], "--set fit.epochs=5"),
        (["train", "c.yaml", "-lr", "0.1"], "--set compile.optimizer.Adam.learning_rate"),
        (["train", "c.yaml", "--force"], "did you mean --overwrite?"),
        (["train", "c.yaml", "--resume", "runs/a-001"], "leave c.yaml out"),
        (["train", "--resume", "runs/a-001", "--overwrite"], "leave --run-dir and --overwrite out"),
        (["train"], "Missing argument 'CONFIG'"),
        (["train", "c.yaml", "--resume-from", "runs/a-001"], "dlcli train --resume RUN"),
        (["resume", "runs/a-001"], "dlcli train --resume RUN"),
        (["export", "run", "--format", "torch"], "--format onnx"),
        (["export", "run", "--format", "tfjs"], "--format saved_model"),
        (["export", "run", "--format", "pickle"], "--format keras"),
        (["export", "run", "--format", "ONNX"], "did you mean 'onnx'?"),
        (["evaluate", "run", "--epochs", "5"], "the run was trained with: fit.epochs"),
        (["export", "run", "--format", "tflite"], "did you mean 'litert'?"),
        (["export", "run", "--format=h5"], "did you mean 'keras'?"),
        (["fit", "c.yaml"], "did you mean 'train'?"),
        (["eval", "run"], "did you mean 'evaluate'?"),
    ],
)
def test_habits_on_the_command_line(
    dlcli: Callable[..., CompletedProcess[str]], arguments: list[str], words: str
) -> None:
    done = dlcli(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


@pytest.mark.parametrize(
    "path", sorted({*Config.model_fields, "fit.epochs", "data.exclude", "data.features.NAME.scale"})
)
def test_a_home_is_the_schema_s(path: str) -> None:
    assert home(path.rpartition(".")[2]) == path
    assert belongs(path)


def test_what_a_habit_means_is_there() -> None:
    known = catalogue.load()
    names = {name for kind in catalogue.KINDS for name in known.identifiers(kind)}
    names |= {argument for kind in catalogue.KINDS for entry in known.entries(kind) for argument in entry.arguments}
    names |= {command.name or "" for command in app.registered_commands} | {"output", "overwrite"}
    names |= {"keras", "saved_model", "onnx", "litert", "type"}
    names |= {*feature_types(), *target_types(), *LAYER_KEYS}
    strangers = {each for habit in HABITS.values() for each in habit.means if each not in names and not home(each)}
    assert not strangers


def test_what_a_value_of_elsewhere_means_is_said_of_a_key_that_is_there() -> None:
    for key, habits in VALUES.items():
        section, _, name = home(key).rpartition(".")
        for value, says in habits.items():
            settings: dict[str, Any] = {section: {name: value or "strange"}} if section else {name: value}
            found = [one.hint for one in inspect_value(settings, ".").problems if one.path == home(key)]
            assert found in ([], [says]), (key, value)


def snippets() -> Iterator[tuple[str, dict[str, Any]]]:
    """The configs that the sentences show, with what stands around them."""
    for says in {habit.says for habit in HABITS.values()}:
        for text in re.findall(r"`([^`]*: [^`]*)`", says):
            value = compose(text.replace("...", "1"), source=None).value
            if isinstance(value, list):
                yield text, {"model": {"layers": value}}
            elif isinstance(value, dict):
                (key,) = value
                place = home(key)
                yield text, ({key: value[key]} if place == key else {place.split(".")[0]: value})


@pytest.mark.parametrize(("text", "config"), sorted(snippets(), key=str))
def test_what_a_sentence_shows_can_be_written(text: str, config: dict[str, Any]) -> None:
    strange = ("unknown-key", "unknown-component", "unknown-argument", "notation", "yaml-syntax")
    assert not [str(one) for one in inspect_value(config, ".").problems if one.rule in strange], text


def test_nobody_can_tell_what_is_no_word() -> None:
    assert way_out("qwzx", ["epochs"]) == ""


plain_values: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-9, 99) | st.floats(allow_nan=False, allow_infinity=False)
)
plain_values |= st.text("abc XYZ_-:,'\"\\é", max_size=8)
values = plain_values | st.lists(plain_values, max_size=3)
names_of_layers = st.sampled_from(["Dense", "Conv2D", "Embedding", "LSTM"])


@given(names_of_layers, st.dictionaries(st.sampled_from(["units", "filters", "rate"]), values, min_size=1))
def test_a_call_is_rewritten_as_what_it_says(name: str, arguments: dict[str, Any]) -> None:
    call = f"keras.layers.{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
    assert compose(rewrite(call), source=None).value == {name: arguments}


@given(names_of_layers, st.integers(1, 99))
def test_a_first_argument_gets_its_name(name: str, value: int) -> None:
    entry = catalogue.load().get("layers", name)
    assert entry is not None
    expected = {name: {next(iter(entry.arguments)): value}}
    assert compose(rewrite(f"{name}({value!r})"), source=None).value == expected


@pytest.mark.parametrize(
    "text", ["os.system('x')", "Dense(**a)", "Dense(", "a.b", "1.5", "Dense(x)", "Dense('many')", "(" * 500]
)
def test_what_is_no_component_is_left_alone(text: str) -> None:
    assert rewrite(text) == ""
