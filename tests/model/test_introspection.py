"""The catalogue in the package is what the installed Keras gives."""

from __future__ import annotations

import inspect
import json

import pytest

from dlcli.config.catalogue.entries import CATALOGUE_FILE, KERAS_KINDS, SEARCH_FILE, load
from dlcli.model.introspection import search
from dlcli.model.introspection.catalogue import introspect, render
from dlcli.model.introspection.docstrings import argument_text, argument_texts, first_sentence


def test_the_shipped_catalogue_is_that_of_the_installed_keras() -> None:
    assert CATALOGUE_FILE.read_text(encoding="utf-8") == render(introspect()), "run `make catalogue`"


def test_the_samplers_and_pruners_are_those_of_the_installed_optuna() -> None:
    found = render(search.introspect()).replace('"keras":', '"optuna":', 1)
    assert SEARCH_FILE.read_text(encoding="utf-8") == found, "run `make catalogue`"


def test_the_text_is_json_of_the_same_content() -> None:
    catalogue = introspect()
    assert json.loads(render(catalogue)) == catalogue


def test_every_public_default_of_keras_is_the_catalogues() -> None:
    import keras

    compared = 0
    for kind in KERAS_KINDS:
        module = keras.optimizers.schedules if kind == "schedules" else getattr(keras, kind)
        for entry in load().entries(kind):
            if entry.shorthand or entry.own:
                continue
            for name, parameter in inspect.signature(getattr(module, entry.name)).parameters.items():
                if (
                    name not in entry.arguments
                    or parameter.default is parameter.empty
                    or entry.arguments[name].required
                ):
                    continue
                argument = entry.arguments[name]
                if not argument.default_text:
                    assert json.loads(json.dumps(parameter.default)) == argument.default, (kind, entry.name, name)
                    compared += 1
    assert compared > 1000


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Positive integer, dimensionality of the output space.", "positive_integer"),
        ("int, the dimension of the output space.", "integer"),
        ("int or tuple/list of 2 integers, specifying the strides.", None),
        ("int or tuple of 2 integers, or None.", None),
        ("Int or `None`. If an int, ...", "integer"),
        ("Float between 0 and 1. Fraction of the units to drop.", "fraction"),
        ("(Optional) Float in `[0, 1]`. When > 0, ...", "fraction"),
        ("Float or a list/tuple of 2 floats between -1.0 and 1.0.", None),
        ("A single float or a tuple of two floats between 0 and 1.", None),
        ("(Optional) Defaults to `0.5`. A float value, or a Python list/tuple of thresholds.", None),
        ("A float value or a constant float tensor, or a callable that takes no arguments.", "number"),
        ("Boolean, whether the layer uses a bias vector.", "boolean"),
        ('`"epoch"` or integer. When using `"epoch"`, ...', None),
        ("String, path of the directory.", "string"),
        ("string or `PathLike`, path to save the model file.", None),
        ("A function that takes an epoch index.", None),
    ],
)
def test_types_are_read_only_where_the_docstring_is_sure(text: str, kind: str | None) -> None:
    assert argument_text(text).type == kind


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ('string, either `"valid"` or `"same"` (case-insensitive).', ("valid", "same")),
        ('One of `{"auto", "min", "max"}`. In `min` mode, ...', ("auto", "min", "max")),
        ('Supported options are `"sum"`, `"mean"` or `None`. ...', ("sum", "mean", None)),
        ('Can be `"hann"` (default), `"hamming"`, or a custom window provided as an array_like.', ()),
        ('`"batch"` or `"epoch"` or integer. When ...', ()),
        ("Quantity to be monitored.", ()),
    ],
)
def test_choices_are_read_only_where_the_list_is_whole(text: str, choices: tuple[str | None, ...]) -> None:
    assert argument_text(text).choices == choices


def test_a_whole_docstring() -> None:
    def layer() -> None:
        """A layer.

        More of it.

        Args:
            units: Positive integer,
                the width.

            a, b: Boolean. Whether `a`
                or `b`.
            **kwargs: More.

        Returns:
            other: Not an argument.
        """

    texts = argument_texts(layer.__doc__)
    assert list(texts) == ["units", "a", "b", "kwargs"]
    assert texts["units"].doc == "Positive integer, the width."
    assert texts["b"].doc == "Boolean. Whether `a` or `b`."


def test_the_first_sentence_does_not_end_at_abbreviations() -> None:
    assert first_sentence("Norms (e.g. L2) of it. And more.") == "Norms (e.g. L2) of it."
    assert first_sentence("No stop") == "No stop."
    assert len(first_sentence("word " * 200)) < 250
