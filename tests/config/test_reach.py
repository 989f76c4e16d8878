"""A name in a config opens no file, runs no program and calls no address; and a new Keras cannot add one unseen."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dlcli.config.catalogue.entries import Argument, Entry, load
from dlcli.config.document.file_names import leaves
from dlcli.config.validation.components import check_components

CATALOGUE = load()
ENTRIES = [entry for kind in CATALOGUE.kinds for entry in CATALOGUE.entries(kind)]

REVIEWED = frozenset(
    re.findall(
        r"\w+",
        """
    addition_factor all_ops alpha antialias approximate attention_axes axes axis b baseline beta bias_axes
    bin_boundaries boundaries bounding_box_format brightness_factor call_endpoint call_training_endpoint
    class_aggregation contrast_factor cropping curve data_format decay_steps default_value delta depth_multiplier
    dilation_rate dims dropout dropout_rate dtype embeddings_freq encoding epsilon equation exclude_layers factor
    field fill_mode fill_value flash_attention from_logits from_sorted_ids gain gamma gptq_unpacked_column_size
    headers height_factor histogram_freq hue_factor idf_weights ignore_class initial_accumulator_value
    initial_value_threshold input_axes interpolation invert kernel_size l1 l2 label_weights logit_soft_cap
    lora_alpha margin mask_token mask_value max_number max_resource max_value maximum mean min_delta min_resource
    min_value minimalistic minimum momentum monitor name negative_slope ngrams noise_shape num_bins num_classes
    num_tokens oov_method oov_token output_axes output_padding output_sequence_length output_shape output_size
    pad_to_max_tokens padding periodic places pool_size precision profile_batch quantization_config rate recall
    ref_power renorm renorm_clipping renorm_momentum reset_after reverse_dtype salt saturation_factor save_best_only
    save_freq save_weights_only scale seed send_as_json sensitivity separator shared_axes sigma size specificity
    split standardize strides summation_method synchronized target_class_ids target_shape threshold threshold_factor
    thresholds tile_grid_size update_freq use_bias use_cudnn value_range values variance verbose vocabulary_dtype
    weights width_factor window write_graph x_factor y_factor
""",
    )
)
"""Arguments that may be given a text, and whose text Keras's source was read for: nothing is opened, called or run."""

SUSPICIOUS_NAME = re.compile(
    r"path|file|dir$|directory|folder|ur[il]$|host|port$|root|server|address|vocab|module|callable|func|^fn$|_fn$"
    r"|program|command|script|import|checkpoint|^log_|_log$|metadata|hub|preset"
)
SUSPICIOUS_DOC = re.compile(
    r"\b(paths?|file ?names?|files?|director(y|ies)|folders?|URLs?|URIs?|server|TF-?Hub|SavedModel|pickle|import)\b",
    re.IGNORECASE,
)

INNOCENT = {
    ("CSVLogger", "append"): "a boolean",
    ("CSVLogger", "separator"): "stands between cells",
    ("TensorBoard", "profile_batch"): "numbers",
    ("IntegerLookup", "vocabulary_dtype"): "the name of a dtype",
    ("IntegerLookup", "vocabulary_size"): "a number",
    ("IntegerLookup", "has_input_vocabulary"): "a boolean",
    ("StringLookup", "vocabulary_size"): "a number",
    ("StringLookup", "has_input_vocabulary"): "a boolean",
    ("TextVectorization", "vocabulary_size"): "a number",
    ("TextVectorization", "has_input_vocabulary"): "a boolean",
    ("BackupAndRestore", "double_checkpoint"): "a boolean",
    ("BackupAndRestore", "delete_checkpoint"): "a boolean",
}


def takes_text(argument: Argument) -> bool:
    """Whether `check` would let any text pass."""
    return argument.takes is None and not argument.choices and argument.type in (None, "string")


def problems(entry: Entry, arguments: dict[str, Any]) -> list[tuple[str, str]]:
    """Rules and paths, for a component where its kind stands."""
    value = {entry.name: arguments}
    layer = {"Dense": {"units": 1}}
    places: dict[str, Any] = {
        "layers": {"model": {"layers": [value]}},
        "applications": {"model": {"layers": [value]}},
        "optimizers": {"compile": {"optimizer": value}},
        "losses": {"compile": {"loss": value}},
        "metrics": {"compile": {"metrics": [value]}},
        "callbacks": {"callbacks": [value]},
        "schedules": {"compile": {"optimizer": {"SGD": {"learning_rate": value}}}},
        "activations": {"model": {"layers": [{"Dense": {**layer["Dense"], "activation": value}}]}},
        "initializers": {"model": {"layers": [{"Dense": {**layer["Dense"], "kernel_initializer": value}}]}},
        "regularizers": {"model": {"layers": [{"Dense": {**layer["Dense"], "kernel_regularizer": value}}]}},
        "samplers": {"sweep": {"sampler": value}},
        "pruners": {"sweep": {"pruner": value}},
        "constraints": {"model": {"layers": [{"Dense": {**layer["Dense"], "kernel_constraint": value}}]}},
    }
    return [(problem.rule, problem.path) for problem in check_components(places[entry.kind], {})]


def test_every_argument_that_takes_a_text_was_looked_at() -> None:
    unseen = {
        f"{entry.kind} {entry.name}.{argument.name}"
        for entry in ENTRIES
        if not entry.needs_python
        for argument in entry.arguments.values()
        if takes_text(argument) and argument.reach is None and argument.name not in REVIEWED and not argument.deprecated
    }
    assert unseen == set(), (
        "say in `_REACH` of dlcli/model/introspection/catalogue.py what Keras does with these, or list them here"
    )


def test_every_argument_with_the_name_or_the_words_of_a_file_was_looked_at() -> None:
    unseen = {
        f"{entry.kind} {entry.name}.{argument.name}: {argument.doc}"
        for entry in ENTRIES
        if not entry.needs_python
        for argument in entry.arguments.values()
        if argument.takes is None and argument.reach is None and (entry.name, argument.name) not in INNOCENT
        if SUSPICIOUS_NAME.search(argument.name) or SUSPICIOUS_DOC.search(argument.doc)
    }
    assert unseen == set()


@pytest.mark.parametrize("name", ["TFSMLayer", "RemoteMonitor"])
def test_what_runs_a_file_or_calls_an_address_is_refused(name: str) -> None:
    entry = CATALOGUE.get("layers", name) or CATALOGUE.get("callbacks", name)
    assert entry is not None
    assert not entry.usable
    for arguments in ({}, dict.fromkeys(entry.arguments, "x")):
        assert {rule for rule, _ in problems(entry, arguments)} == {"reaches-out"}


def test_no_file_is_opened_by_its_name() -> None:
    readers = [(entry, each) for entry in ENTRIES for each in entry.arguments.values() if each.reach == "file"]
    assert {entry.name for entry, _ in readers} == {"IntegerLookup", "StringLookup", "TextVectorization"}
    for entry, argument in readers:
        for name in ("words.txt", "/etc/hostname", "gs://bucket/words.txt", "../words.txt"):
            assert problems(entry, {argument.name: name}) == [
                ("reaches-out", f"model.layers[0].{entry.name}.{argument.name}")
            ]
        assert problems(entry, {argument.name: [1, 2]}) == []


def test_what_callbacks_write_stays_in_the_run() -> None:
    writers = [(entry, each) for entry in ENTRIES for each in entry.arguments.values() if each.reach == "run"]
    assert len(writers) == 6
    for entry, argument in writers:
        needed = dict.fromkeys(entry.required, "name")
        for name in ("/tmp/x", "../x", "gs://bucket/x", "C:\\x", "a/../../x"):
            values = [name, {"embedding": name}] if argument.name == "embeddings_metadata" else [name]
            for value in values:
                assert [rule for rule, _ in problems(entry, {**needed, argument.name: value})] == ["outside-run"]
        assert problems(entry, {**needed, argument.name: "below/x"}) == []


def test_the_places_that_callbacks_write_to_are_all_confined() -> None:
    from dlcli.training.callbacks import PLACES

    named = {
        (entry.name, argument.name)
        for entry in ENTRIES
        for argument in entry.arguments.values()
        if argument.reach == "run"
    }
    # TensorBoard writes this name down and opens nothing.
    assert named - {("TensorBoard", "embeddings_metadata")} == {
        (name, place.argument) for name, place in PLACES.items()
    }


SERIALIZED = {"class_name": "Popen", "module": "subprocess", "config": {"args": "true"}, "registered_name": None}


def test_no_argument_takes_an_object_in_the_form_of_keras() -> None:
    """Keras makes it by importing the module that it names (`Masking`, the seeds of initializers, dtypes ...)."""
    for entry in ENTRIES:
        if not entry.usable or entry.shorthand:
            continue
        for argument in entry.arguments.values():
            for value in (SERIALIZED, [SERIALIZED], {"a": {"b": SERIALIZED}}):
                found = problems(entry, {argument.name: value})
                assert [rule for rule, path in found if f".{argument.name}" in path], (entry.name, argument.name, value)


def test_what_for_and_with_set_is_looked_at_as_well() -> None:
    config = {
        "model": {
            "blocks": {"b": [{"StringLookup": {}}]},
            "layers": [
                {"block": "b", "with": {"vocabulary": "words.txt"}},
                {"Masking": {}, "for": {"mask_value": [SERIALIZED]}},
                {"TimeDistributed": {"layer": {"TFSMLayer": {"filepath": "model"}}}},
            ],
        }
    }
    assert [(problem.rule, problem.path) for problem in check_components(config, {})] == [
        ("reaches-out", "model.layers[0].with.vocabulary"),
        ("reaches-out", "model.layers[1].for.mask_value[0]"),
        ("reaches-out", "model.layers[2].TimeDistributed.layer.TFSMLayer"),
    ]


@pytest.mark.parametrize(
    ("name", "outside"),
    [("a/b.csv", False), ("a..b", False), ("..", True), ("a/../b", True), ("\\\\host\\x", True), ("hf://a", True)],
)
def test_names_that_leave_a_directory(name: str, outside: bool) -> None:
    assert leaves(name) is outside
