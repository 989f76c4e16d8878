"""Writes the catalogue of Keras components (`dlcli/config/catalogue/catalogue.json`) from the installed Keras.

Run as `make catalogue`. Signatures give names and defaults (those that `**kwargs` hands on to
base classes included), docstrings give the texts and, where they leave no doubt, the types.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from dlcli.config.catalogue.entries import CATALOGUE_FILE, KERAS_KINDS, Argument
from dlcli.config.catalogue.values import is_plain_fit
from dlcli.files.replacing import write_file
from dlcli.model.introspection.constructors import LEGACY, REQUIRED, class_arguments, function_arguments
from dlcli.model.introspection.docstrings import ArgumentText, argument_text, argument_texts, first_sentence

__all__ = ["introspect", "render"]

JSON = dict[str, Any]

# An argument takes a component when its name ends like this; the name alone decides in all of Keras.
_TAKES_SUFFIX = {
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "activation": "activations",
}
_TAKES_NAME = {
    ("layers", "layer"): "layers",
    ("layers", "backward_layer"): "layers",
    ("layers", "cell"): "layers",
    ("layers", "cells"): "layers",
    ("layers", "layers"): "layers",
    ("optimizers", "learning_rate"): "schedules",
    ("optimizers", "inner_optimizer"): "optimizers",
    ("callbacks", "schedule"): "schedules",
}
_SEVERAL = {"cell", "cells", "layers"}

# What only Python can give: functions, and objects of other frameworks.
_PYTHON = {
    ("Lambda", "function"),
    ("Lambda", "mask"),
    ("JaxLayer", "call_fn"),
    ("JaxLayer", "init_fn"),
    ("FlaxLayer", "module"),
    ("TorchModuleWrapper", "module"),
    ("MeanMetricWrapper", "fn"),
    ("MultiOptimizer", "optimizer_map"),
    ("LambdaCallback", "on_epoch_begin"),
    ("LambdaCallback", "on_epoch_end"),
    ("LambdaCallback", "on_train_begin"),
    ("LambdaCallback", "on_train_end"),
    ("LambdaCallback", "on_train_batch_begin"),
    ("LambdaCallback", "on_train_batch_end"),
}

# What Keras does with a name that an argument holds (`catalogue/reach.py`). A test goes through all arguments that
# take a text, so that a new one of Keras is decided on before it is in the catalogue.
_REACH = {
    ("layers", "TFSMLayer", "filepath"): "program",
    ("layers", "IntegerLookup", "vocabulary"): "file",
    ("layers", "StringLookup", "vocabulary"): "file",
    ("layers", "TextVectorization", "vocabulary"): "file",
    ("callbacks", "BackupAndRestore", "backup_dir"): "run",
    ("callbacks", "CSVLogger", "filename"): "run",
    ("callbacks", "ModelCheckpoint", "filepath"): "run",
    ("callbacks", "OrbaxCheckpoint", "directory"): "run",
    ("callbacks", "RemoteMonitor", "path"): "network",
    ("callbacks", "RemoteMonitor", "root"): "network",
    ("callbacks", "TensorBoard", "embeddings_metadata"): "run",
    ("callbacks", "TensorBoard", "log_dir"): "run",
}

_OF_FUNCTIONS = ("activations", "applications")

# Inputs follow from the data, so an input layer has no place in a list of layers; a CallbackList is `fit`'s own.
_NO_COMPONENTS = {("layers", "InputLayer"), ("callbacks", "CallbackList")}

_OF_THE_GRAPH = ("input_tensor", "input_shape", "name")

# Keras raises without them, though they have a default.
_REQUIRED_ANYWAY = {("CategoryEncoding", "num_tokens")}

# Documented nowhere in Keras, or where a docstring says more than Keras means.
_TEXTS = {
    ("layers", "activity_regularizer"): "Regularizer of the layer's output.",
    ("layers", "autocast"): "Boolean. Cast the inputs to the layer's compute dtype.",
    ("layers", "implementation"): "Integer. Kept for old code; has no effect on the result.",
    ("optimizers", "name"): "String. The name of the optimizer.",
    ("losses", "name"): "String. The name of the loss.",
    ("metrics", "name"): "String. The name of the metric, as history shows it.",
    (
        "applications",
        "weights",
    ): "String. A file of weights, `imagenet` (those of Keras's cache), or `none`.",
    ("applications", "include_preprocessing"): "Boolean. Take pixels of 0 to 255; `false`: the numbers are prepared.",
}
_OPEN_TYPE = {("MixUp", "alpha")}
_OPEN_CHOICES = {("MelSpectrogram", "window")}
# Values that Keras accepts and its docstrings leave out.
_MORE_CHOICES = {("Resizing", "interpolation"): ["area"], ("UpSampling2D", "interpolation"): ["area"]}
_MORE_CHOICES_OF_LOSSES = {"reduction": ["none"]}

# Counts that Keras gives no direction. A Mean or a Sum is good or bad by what is counted, and has none.
_DIRECTIONS = {"FalseNegatives": "min", "FalsePositives": "min", "TrueNegatives": "max", "TruePositives": "max"}
# What metrics are made with to be asked for their direction.
_FILLERS: JSON = {"num_classes": 2, "target_class_ids": [0], "fn": len}

# Strings that Keras reads by the shape of the output (`keras/src/trainers/compile_utils.py`).
_SHORTHANDS = {
    "metrics": ("accuracy", ["acc"], "Accuracy as the output asks for it: binary, categorical or sparse."),
    "losses": ("crossentropy", ["ce"], "Crossentropy as the output asks for it: binary, categorical or sparse."),
}


def introspect() -> JSON:
    """The catalogue of the installed Keras, as JSON values."""
    import keras

    kinds: JSON = {}
    for kind in KERAS_KINDS:
        entries = {name: _entry(kind, name, thing) for name, thing in sorted(_members(kind).items())}
        aliases = _aliases(kind, set(entries))
        if kind in _SHORTHANDS:
            name, others, doc = _SHORTHANDS[kind]
            entries[name] = {"doc": doc, "shorthand": True, "default_name": name, "arguments": {}}
            if kind == "metrics":
                entries[name]["direction"] = "max"
            aliases |= dict.fromkeys(others, name)
            aliases.pop(name, None)
        kinds[kind] = {"common": _share(entries), "aliases": dict(sorted(aliases.items())), "entries": entries}
    return {"keras": keras.__version__, "kinds": kinds}


def render(catalogue: JSON) -> str:
    """The text of the file: an argument a line, so that a change of Keras is a readable diff."""
    lines = ["{", f'"keras": {_compact(catalogue["keras"])},', '"kinds": {']
    for kind, content in catalogue["kinds"].items():
        lines += [f'"{kind}": {{', '"common": {', *_rows(content["common"]), "},"]
        lines += ['"aliases": {', *_rows(content["aliases"]), "},", '"entries": {']
        for name, entry in content["entries"].items():
            lines.append(f'"{name}": {{')
            lines += [f"{_compact(key)}: {_compact(value)}," for key, value in entry.items() if key != "arguments"]
            lines += ['"arguments": {', *_rows(entry["arguments"]), "}},"]
        lines[-1] = lines[-1].rstrip(",")
        lines += ["}", "},"]
    lines[-1] = "}"
    return "\n".join([*lines, "}", "}", ""])


def _rows(mapping: JSON) -> list[str]:
    rows = [f"{_compact(key)}: {_compact(value)}," for key, value in mapping.items()]
    return [*rows[:-1], rows[-1].rstrip(",")] if rows else []


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _arguments(kind: str, thing: Any) -> tuple[JSON, bool]:
    if kind == "activations":
        return function_arguments(thing)
    if kind != "applications":
        return class_arguments(thing)
    # The input follows from the data, the name is the node's; what not every network has is offered for each.
    arguments, extra = function_arguments(thing, tensors=0)
    own = {name: default for name, default in arguments.items() if name not in _OF_THE_GRAPH}
    return own if _preprocessing(thing) == "included" else {**own, "include_preprocessing": True}, extra


def _preprocessing(network: Any) -> str:
    """What the module of a network does with pixels before it; `included`: nothing."""
    source = inspect.getsource(sys.modules[network.__module__].preprocess_input)
    mode = re.search(r'mode="(\w+)"', source)
    return mode[1] if mode else "included"


def _network(thing: Any) -> JSON:
    """What there is to know of a network beside its arguments: its preprocessing, and the least size of its images."""
    try:
        thing(input_shape=(1, 1, 3), weights=None, include_top=False)
    except ValueError as error:
        size = re.search(r"at least (\d+)", str(error))
    return {"preprocessing": _preprocessing(thing), "smallest": int(size[1]) if size else 1}


def _module(kind: str) -> ModuleType:
    import keras

    module: ModuleType = keras.optimizers.schedules if kind == "schedules" else getattr(keras, kind)
    return module


def _exports(kind: str) -> dict[str, Any]:
    """The public names of a kind, the abstract base class left out."""
    import keras

    module = _module(kind)
    if kind in _OF_FUNCTIONS:
        found = {name: thing for name, thing in vars(module).items() if inspect.isfunction(thing)}
        return {name: thing for name, thing in found.items() if name not in {"get", "serialize", "deserialize"}}
    base = {
        "layers": keras.layers.Layer,
        "optimizers": keras.optimizers.Optimizer,
        "losses": keras.losses.Loss,
        "metrics": keras.metrics.Metric,
        "callbacks": keras.callbacks.Callback,
        "initializers": keras.initializers.Initializer,
        "regularizers": keras.regularizers.Regularizer,
        "constraints": keras.constraints.Constraint,
        "schedules": keras.optimizers.schedules.LearningRateSchedule,
    }[kind]
    abstract = {base, keras.layers.Wrapper}
    return {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing)
        and issubclass(thing, base)
        and not (thing in abstract or (kind, name) in _NO_COMPONENTS)
    }


def _members(kind: str) -> dict[str, Any]:
    """One public name for each thing: its own where that is exported."""
    members: dict[str, Any] = {}
    names: dict[int, str] = {}
    for name, thing in sorted(_exports(kind).items(), key=lambda item: (item[0] != item[1].__name__, item[0])):
        if id(thing) not in names:
            names[id(thing)] = name
            members[name] = thing
    return members


def _aliases(kind: str, entries: set[str]) -> dict[str, str]:
    """The other names of entries: further exports, and the identifiers that Keras's `get` accepts."""
    canonical = {id(thing): name for name, thing in _members(kind).items()}
    functions = {_snake_case(name): name for name in entries}
    identifiers = dict(_exports(kind))
    source = sys.modules.get(f"keras.src.{kind}")
    identifiers |= getattr(source, "ALL_OBJECTS_DICT", {})
    if kind == "losses":
        identifiers |= {name: thing for name, thing in vars(_module(kind)).items() if inspect.isfunction(thing)}
    aliases: dict[str, str] = {}
    for identifier, thing in identifiers.items():
        name = canonical.get(id(thing)) or functions.get(getattr(thing, "__name__", ""))
        if name is not None and identifier != name:
            aliases[identifier] = name
    return aliases


def _snake_case(name: str) -> str:
    from keras.src.utils.naming import to_snake_case

    return str(to_snake_case(name))


def _entry(kind: str, name: str, thing: Any) -> JSON:
    docstring = inspect.getdoc(thing) or ""
    arguments, extra = _arguments(kind, thing)
    texts = _texts(kind, thing)
    records = {
        argument: _argument(kind, name, argument, default, texts.get(argument))
        for argument, default in arguments.items()
    }
    entry: JSON = {"doc": first_sentence(docstring.split("\n\n")[0])}
    if extra:
        entry["extra"] = True
    if kind in ("losses", "metrics"):
        default_name = arguments.get("name")
        entry["default_name"] = default_name if isinstance(default_name, str) else _snake_case(name)
    if kind == "metrics":
        direction = _direction(thing, arguments) or _DIRECTIONS.get(name)
        if direction is not None:
            entry["direction"] = direction
    if kind == "applications":
        entry |= _network(thing)
    if kind == "layers":
        inputs = _inputs(thing, docstring)
        if inputs != "one":
            entry["inputs"] = inputs
        call = _call(thing)
        if call != ["inputs"]:
            entry["call"] = call
        if ".layers.activations." in thing.__module__:
            entry["activation"] = True
    from_python = [record for record in records.values() if record.get("type") == "callable"]
    if from_python and (len(from_python) == len(records) or any("required" in record for record in from_python)):
        entry["needs_python"] = True
    entry["arguments"] = records
    return entry


def _direction(metric: Any, arguments: JSON) -> str | None:
    """Which way a metric is better, as Keras has it; None where it does not say."""
    required = {name: _FILLERS.get(name, 0.5) for name, default in arguments.items() if default is REQUIRED}
    return {"up": "max", "down": "min"}.get(getattr(metric(**required), "_direction", ""))


def _texts(kind: str, thing: Any) -> dict[str, ArgumentText]:
    """What the docstrings of the class and its bases say; the nearest wins."""
    told = {name: argument_text(text) for (of, name), text in _TEXTS.items() if of == kind}
    found = dict(told)
    shared: tuple[str, ...] = ("{{base_optimizer_keyword_args}}",)  # one docstring of 3.15 still has its placeholder
    if kind == "optimizers":
        from keras.src.optimizers.optimizer import base_optimizer_keyword_args

        found |= argument_texts("\nArgs:\n" + textwrap.indent(inspect.cleandoc(base_optimizer_keyword_args), "    "))
        # Where Keras has put it in, it stands further in than the rest from Python 3.13 on, which dedents docstrings.
        shared = (*shared, base_optimizer_keyword_args)
    for base in reversed(inspect.getmro(thing)) if inspect.isclass(thing) else (thing,):
        text = base.__doc__ or ""
        for part in shared:
            text = text.replace(part, "")
        found |= argument_texts(text)
    return {**found, **told} if kind == "applications" else found


def _argument(kind: str, entry: str, name: str, default: Any, text: ArgumentText | None) -> JSON:
    record: JSON = {}
    if default is REQUIRED or (entry, name) in _REQUIRED_ANYWAY:
        record["required"] = True
    elif default is LEGACY:
        record["deprecated"] = True
    else:
        record |= _default(default)
    takes = _TAKES_NAME.get((kind, name)) or next(
        (takes for suffix, takes in _TAKES_SUFFIX.items() if name == suffix or name.endswith("_" + suffix)), None
    )
    if (entry, name) in _PYTHON:
        record["type"] = "callable"
    elif takes:
        record["takes"] = takes
        if name in _SEVERAL:
            record["several"] = True
        if kind == "optimizers" and takes == "schedules":
            record["type"] = "number"
    elif text is not None and (entry, name) not in _OPEN_TYPE:
        if text.type:
            record["type"] = "positive_integer" if name in _POSITIVE and text.type == "integer" else text.type
        if text.choices and (entry, name) not in _OPEN_CHOICES:
            more = _MORE_CHOICES.get((entry, name)) or (_MORE_CHOICES_OF_LOSSES.get(name) if kind == "losses" else None)
            record["choices"] = [*text.choices, *(more or ())]
    if (default is None and "required" not in record) or (text is not None and text.none):
        record["none"] = True
    if default is not None and "default" in record and not is_plain_fit(_as_argument(name, record), record["default"]):
        record.pop("type", None)  # the docstring does not tell all: `use_cudnn` is a boolean or "auto"
        record.pop("choices", None)
    if (kind, name) == ("applications", "weights"):
        record |= {"none": True, "reach": "weights"}
    if (kind, name) == ("applications", "pooling"):
        record |= {"choices": ["avg", "max"]}  # Keras takes any other word for none, in silence
    if (entry, name) in _AUTO:
        record["auto"] = True
    if (kind, entry, name) in _REACH:
        record["reach"] = _REACH[kind, entry, name]
    if text is not None and text.doc:
        record["doc"] = text.doc
    return record


_AUTO = {("Embedding", "input_dim"), ("Embedding", "output_dim"), ("ReversibleEmbedding", "input_dim")}
"""What the data knows better than its user."""

_POSITIVE = {"filters", "input_dim", "output_dim", "n", "height", "width"}


def _default(value: Any) -> JSON:
    """The default as JSON, or its text where JSON has no such value."""
    plain = [list(item) if isinstance(item, tuple) else item for item in value] if isinstance(value, tuple) else value
    try:
        return {"default": json.loads(json.dumps(plain, allow_nan=False))}
    except (TypeError, ValueError):
        return {"default_text": getattr(value, "__name__", None) or re.sub(r" at 0x\w+", "", repr(value))}


def _as_argument(name: str, record: JSON) -> Argument:
    plain = record.get("takes") is None
    return Argument(name=name, type=record.get("type") if plain else None, choices=tuple(record.get("choices", ())))


def _inputs(cls: type, docstring: str) -> str:
    """How a layer takes several tensors: `list` (one argument), `arguments` (one each), or `one`: it does not."""
    from keras.src.layers.merging.base_merge import Merge

    call: Any = vars(cls).get("call") or getattr(cls, "call")  # noqa: B009
    names = [
        parameter.name
        for parameter in list(inspect.signature(call).parameters.values())[1:]
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if len(names) > 1 and not {"states", "sequences"} & set(names):
        return "arguments"
    if issubclass(cls, Merge) or re.search(r"^\s*inputs: (A )?(List|tuple)\b", docstring, re.MULTILINE | re.IGNORECASE):
        return "list"
    return "one"


def _call(cls: type) -> list[str]:
    """The arguments of a layer's `call` by name; as of most when it takes any."""
    call: Any = cls.call  # type: ignore[attr-defined]
    parameters = list(inspect.signature(call).parameters.values())[1:]
    named = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    return named or ["inputs"]


def _share(entries: JSON) -> JSON:
    """Move arguments that several entries describe alike to one table; an entry then says `"common"`."""
    counted = Counter(
        (name, _compact(record)) for entry in entries.values() for name, record in entry["arguments"].items()
    )
    common: dict[str, str] = {}
    for (name, text), count in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        if count > 1:
            common.setdefault(name, text)
    for entry in entries.values():
        for name, record in entry["arguments"].items():
            if common.get(name) == _compact(record):
                entry["arguments"][name] = "common"
    return {name: json.loads(common[name]) for name in sorted(common)}


if __name__ == "__main__":
    write_file(Path(CATALOGUE_FILE), render(introspect()))
