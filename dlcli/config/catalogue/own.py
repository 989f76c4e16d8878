"""What Keras has not and people look for: layers of Transformers and of tables, the loss of quantiles, schedules of a
whole training.

In the form of the catalogue. What makes them stands in `dlcli/model/own.py`. What KerasHub has too is called as there.
"""

from __future__ import annotations

from typing import Any

__all__ = ["MADE_OF_KERAS", "OWN", "OWN_LAYERS", "with_own"]

MADE_OF_KERAS = ("PositionEmbedding", "SinePositionEncoding")
"""The layers that are made of Keras's own, and are those in a saved model."""


def _given(kind: str, doc: str, **more: Any) -> dict[str, Any]:
    """An argument without a default."""
    return {"required": True, "type": kind, "doc": doc, **more}


def _optional(default: Any, kind: str | None, doc: str, **more: Any) -> dict[str, Any]:
    return {"default": default, **({"type": kind} if kind else {}), "doc": doc, **more}


def _choice(default: str, choices: list[str], doc: str) -> dict[str, Any]:
    return {"default": default, "type": "string", "choices": choices, "doc": doc}


_LAYER = {"name": _optional(None, "string", "String. The layer's name.", none=True)}
_TRAINING = {"call": ["inputs", "training"]}
_RATE = "Float. Learning rate of {}, relative to the optimizer's."
_DECAY = "Float. Weight decay of {}, relative to the optimizer's."
_STEPS = _given("positive_integer", "Integer. Updates in the whole training; `auto` counts them.", auto=True)
_UNITS = _given(
    "positive_integer",
    "Integer. How many numbers it gives; `auto` in an output: one for each class or number of the target, and the "
    "activation of these where none is given.",
    auto=True,
)
_PLACES = _optional(
    None,
    None,
    "List of integers. Which of the inputs; the others come last, as they are. All when omitted; `auto`: those that "
    "come from features of numbers.",
    none=True,
    auto=True,
)
_BOUND = {"required": True, "auto": True}
_FLAT = _optional(0.5, "fraction", "Float. The part of the training in which it stays.")


def _layer(doc: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"doc": doc, "own": True, "arguments": {**arguments, **_LAYER}, **more}


def _schedule(name: str, doc: str, arguments: dict[str, Any]) -> dict[str, Any]:
    named = {"name": _optional(name, "string", "String. Its name.")}
    return {"doc": doc, "own": True, "arguments": {**arguments, "steps": _STEPS, **named}}


OWN_LAYERS: dict[str, dict[str, Any]] = {
    "PositionEmbedding": _layer(
        "A vector to learn for each position of a sequence (steps, size); to be added to it.",
        {
            "initializer": {
                "default": "glorot_uniform",
                "doc": "Initializer for the vectors.",
                "takes": "initializers",
            },
            "sequence_length": _optional(
                None, "integer", "Integer. The most steps that there are; those that come in when omitted.", none=True
            ),
        },
    ),
    "SinePositionEncoding": _layer(
        "Sines and cosines for each position of a sequence (steps, size); to be added to it.",
        {"max_wavelength": _optional(10000, "number", "Float. The longest wave, in steps.")},
    ),
    "Scaling": _layer(
        "A factor to learn for each number, 1 to begin with.",
        {
            "rate": _optional(6.0, "number", _RATE.format("the factors")),
            "decay": _optional(1.0, "number", _DECAY.format("the factors")),
        },
    ),
    "TangentDense": _layer(
        "A dense layer with weights of the size of 1, divided by the root of its inputs (neural tangent kernel).",
        {
            "units": _UNITS,
            "activation": {"default": None, "takes": "activations", "none": True, "doc": "Activation of the output."},
            "use_bias": _optional(True, "boolean", "Boolean. Whether a bias is added."),
            "initialize": _choice(
                "normal",
                ["normal", "zeros", "data"],
                "String. How weights begin: standard normal, zeros, or drawn to fit the training rows.",
            ),
            "bias_rate": _optional(1.0, "number", _RATE.format("the bias")),
            "bias_decay": _optional(0.0, "number", _DECAY.format("the bias")),
        },
    ),
    "ParametricActivation": _layer(
        "An activation f of which each number learns how much it takes: x + a (f(x) - x), a being 1 to begin with.",
        {
            "activation": {"required": True, "takes": "activations", "doc": "The activation."},
            "rate": _optional(0.1, "number", _RATE.format("a")),
            "decay": _optional(1.0, "number", _DECAY.format("a")),
        },
    ),
    "PeriodicEmbedding": _layer(
        "Several numbers made of each by cosines of learnt frequencies, and it itself (PBLD).",
        {
            "size": _optional(4, "positive_integer", "Integer. Numbers made of each, itself included; 2 or more."),
            "frequencies": _optional(16, "positive_integer", "Integer. How many cosines."),
            "sigma": _optional(0.1, "number", "Float. Deviation of the frequencies to begin with."),
            "rate": _optional(0.1, "number", _RATE.format("the weights")),
            "decay": _optional(1.0, "number", _DECAY.format("the weights")),
            "places": _PLACES,
        },
    ),
    "PiecewiseLinearEmbedding": _layer(
        "Several numbers made of each by how far into its bins it has come; bins are learnt from the training rows.",
        {
            "size": _optional(16, "positive_integer", "Integer. Numbers made of each."),
            "bins": _optional(48, "positive_integer", "Integer. At most so many bins for each number."),
            "boundaries": _optional(
                None, None, "List of lists of numbers. Boundaries of the bins; learnt when omitted.", none=True
            ),
            "places": _PLACES,
        },
    ),
    "EnsembleAffine": _layer(
        "The inputs once for each member of an ensemble, scaled by factors of its own (TabM).",
        {
            "members": _optional(32, "positive_integer", "Integer. How many members."),
            "initialize": _choice(
                "random_signs",
                ["random_signs", "normal"],
                "String. The factors to begin with; `normal` after embeddings of numbers.",
            ),
            "group": _optional(1, "positive_integer", "Integer. So many neighbours begin with the same factor."),
        },
    ),
    "EnsembleDense": _layer(
        "A dense layer for each member of an ensemble, and the mean of what they predict; ends what EnsembleAffine "
        "began.",
        {
            "units": _UNITS,
            "activation": {
                "default": None,
                "type": "string",
                "choices": [None, "linear", "softmax", "sigmoid"],
                "none": True,
                "doc": "String. Activation of the members' outputs.",
            },
        },
        **_TRAINING,
    ),
    "ScheduledDropout": _layer(
        "Dropout whose rate goes to 0 in the second part of the training.",
        {
            "rate": _given("fraction", "Float. The part that is dropped, to begin with."),
            "steps": _STEPS,
            "flat": _FLAT,
            "seed": _optional(None, "integer", "Integer. Seed of the draws.", none=True),
        },
        **_TRAINING,
    ),
    "RangeClip": _layer(
        "Keeps predictions to a range; `auto` is that of the training rows. Does nothing in training.",
        {
            "minimum": {**_BOUND, "doc": "Float, or a list. The least."},
            "maximum": {**_BOUND, "doc": "Float, or a list. The greatest."},
        },
        **_TRAINING,
    ),
    "Patches": _layer(
        "An image as a sequence of its square patches, as Vision Transformers begin.",
        {"size": _given("positive_integer", "Integer. Height and width of a patch.")},
    ),
    "TransformerEncoder": _layer(
        "A block of a Transformer: self-attention and two dense layers, each added to what came in.",
        {
            "intermediate_dim": _given("positive_integer", "Integer. Units of the first dense layer."),
            "num_heads": _given("positive_integer", "Integer. Heads of the attention."),
            "dropout": _optional(0.0, "fraction", "Float. Dropout of what each part adds."),
            "activation": {
                "default": "relu",
                "takes": "activations",
                "doc": "Activation of the first dense layer.",
            },
            "normalize_first": _optional(False, "boolean", "Boolean. Normalize what comes to a part, not its result."),
            "layer_norm_epsilon": _optional(1e-5, "number", "Float. Epsilon of the normalizations."),
        },
        call=["inputs", "mask", "training"],
    ),
}

_LOSSES: dict[str, dict[str, Any]] = {
    "Pinball": {
        "doc": "Computes the pinball (quantile) loss between numbers & the quantiles predicted of them.",
        "own": True,
        "default_name": "pinball",
        "arguments": {
            "quantiles": {
                "default": None,
                "doc": "List of numbers between 0 and 1, ascending. Those of the target when omitted.",
                "none": True,
                "type": "fractions",
            },
            "reduction": "common",
            "name": {"default": "pinball", "doc": "String. The name of the loss.", "none": True, "type": "string"},
        },
    },
}

_SCHEDULES = {
    "CosineLog": _schedule(
        "CosineLog",
        "A rate that rises and falls in cycles over the whole training, each twice as long as the one before.",
        {
            "learning_rate": _given("number", "Float. The greatest."),
            "cycles": _optional(4, "positive_integer", "Integer. How many cycles."),
        },
    ),
    "FlatCosine": _schedule(
        "FlatCosine",
        "A value that stays for the first part of the training, and then goes to 0 on half a cosine.",
        {"value": _given("number", "Float. The value to begin with."), "flat": _FLAT},
    ),
}

_OPTIMIZERS = {
    "AdamOfSchedules": {
        "doc": "Adam whose weight decay may follow a schedule, and leaves out what layers say: biases of TangentDense.",
        "own": True,
        "arguments": {
            **dict.fromkeys(("learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad"), "common"),
            "weight_decay": {
                "default": None,
                "takes": "schedules",
                "type": "number",
                "none": True,
                "doc": "Float or schedule. Weights decay by it times the learning rate.",
            },
            **dict.fromkeys(
                ("clipnorm", "clipvalue", "global_clipnorm", "gradient_accumulation_steps", "name"), "common"
            ),
        },
    },
}

_CALLBACKS = {
    "KeepBest": {
        "doc": "Train to the end and then take the weights of the best epoch; of equals the last.",
        "own": True,
        "arguments": {
            "monitor": _optional("val_loss", "string", "Quantity that is to be best."),
            "mode": _choice("auto", ["auto", "min", "max"], 'One of `{"auto", "min", "max"}`.'),
            "verbose": "common",
        },
    },
}

OWN: dict[str, dict[str, dict[str, Any]]] = {
    "layers": OWN_LAYERS,
    "losses": _LOSSES,
    "schedules": _SCHEDULES,
    "optimizers": _OPTIMIZERS,
    "callbacks": _CALLBACKS,
}
"""By their kinds."""

_ALIASES = {"losses": {"pinball": "Pinball"}}

_WHOLE = "`auto` is the whole training."
_AUTO = (
    ("layers", "Dense", "units", "`auto` in an output: as many as its target has."),
    ("schedules", "CosineDecay", "decay_steps", _WHOLE),
    ("schedules", "PolynomialDecay", "decay_steps", _WHOLE),
)
"""Arguments of Keras's that the data may decide here; `dlcli/jobs/filling.py` does it."""


def with_own(kinds: dict[str, Any]) -> dict[str, Any]:
    """The kinds of the catalogue with what is ours."""
    for kind, entries in OWN.items():
        kinds[kind]["entries"] |= entries
        kinds[kind]["aliases"] |= _ALIASES.get(kind, {})
    for kind, name, argument, said in _AUTO:
        record = kinds[kind]["entries"][name]["arguments"][argument]
        common = kinds[kind]["common"][argument] if record == "common" else record
        doc = f"{common['doc']} {said}"
        kinds[kind]["entries"][name]["arguments"][argument] = {**common, "doc": doc, "auto": True}
    return kinds
