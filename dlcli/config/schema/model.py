"""The `model` section: a list of layers that is a graph."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.document.scalars import from_fraction
from dlcli.config.options.section import Section, Words
from dlcli.config.schema.component import Component
from dlcli.config.schema.value_text import received
from dlcli.errors import did_you_mean

__all__ = [
    "CALL_FLAGS",
    "LAYER_KEYS",
    "LAYER_KINDS",
    "LOOP_KEYS",
    "BlockConfig",
    "Inputs",
    "LayerItem",
    "ModelConfig",
    "WeightsOfRun",
    "is_glob",
    "layers_of",
]

LAYER_KEYS = (
    *("name", "inputs", "call", "repeat", "for", "block", "with", "layers", "outputs", "shared"),
    *("run", "output", "trainable", "vectors"),
)
"""The lower-case keys that a layer item may carry beside its component."""

CALL_FLAGS = ("return_attention_scores", "reverse", "training", "use_causal_mask")
"""The arguments of Keras's calls that are true or false; all others are tensors."""

_CALL_TENSORS = ("attention_mask", "initial_state", "key", "mask", "query", "sequence", "sequences", "value")

LAYER_KINDS = ("block", "layers", "shared", "run")
"""Those that stand in place of a component."""

LOOP_KEYS = ("inputs", "name")
"""What `for` goes over that is no argument of the layer: each copy has these of its own."""


def _not_one_layer(value: dict[str, Any], others: list[str], kinds: list[str]) -> PydanticCustomError:
    """The fault of an item with no layer, or with several; a stray key beside a layer is named."""
    layers = [key for key in kinds if key not in others or key[:1].isupper()]
    strays = [key for key in kinds if key not in layers]
    if len(layers) == 1 and strays:
        (layer,), stray = layers, strays[0]
        hint = did_you_mean(stray, LAYER_KEYS)
        if stray in (*CALL_FLAGS, *_CALL_TENSORS):
            what = f"call: {{{stray}: true}}" if stray in CALL_FLAGS else f"inputs: {{{stray}: ...}}"
            hint = f"it is an argument of the call: write `{what}`"
        elif layer in others and not isinstance(value[layer], dict):
            hint = hint or f"to make it an argument, indent it below {layer} or write {layer}: {{{stray}: ...}}"
        hint = hint or f"the keys here are {', '.join(LAYER_KEYS)}"
        context = {"key": stray, "layer": layer, "hint": hint}
        return PydanticCustomError("layer", "unknown key '{key}' beside {layer}", context)
    found = f"holds {', '.join(kinds)}" if kinds else "holds none"
    return PydanticCustomError(
        "layer",
        "a layer item is one layer, or one of `block`, `layers`, `shared` and `run`; this {found}",
        {"found": found, "hint": "begin each layer with its own '- '" if kinds else ""},
    )


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _loop(value: Any) -> Any:
    """`inputs: trunk` for every copy, `inputs: "price_*"` for a copy each: a list of one."""
    if not isinstance(value, dict):
        return value
    inputs = value.get("inputs")
    loop = {**value, "inputs": [inputs]} if isinstance(inputs, (str, dict)) else value
    return {
        key: list(map(from_fraction, values)) if isinstance(values, list) else values for key, values in loop.items()
    }


def _arguments(value: Any) -> Any:
    """The values of arguments, fractions as numbers."""
    return {key: from_fraction(item) for key, item in value.items()} if isinstance(value, dict) else value


InputName = Annotated[str, Field(min_length=1), Words("the name of a layer or feature")]

_InputNames = Annotated[list[InputName], Field(min_length=1)]

Inputs = _InputNames | Annotated[dict[str, InputName | _InputNames], Field(min_length=1)]
"""What a layer takes: in order, or by the arguments of its `call`."""

_NAME = r"^[A-Za-z0-9_.][A-Za-z0-9_.\-]*$"


class LayerItem(Section):
    """One entry of `layers`: a Keras layer, a block, a nested model, or a layer used again.

    In YAML the component stands beside the keys (`{Dense: {units: 8}, name: hidden}`); here it is `component`.
    """

    component: Component | None = Field(None, exclude=True)
    block: str | None = Field(None, description="The name of a list of layers in `model.blocks`.")
    with_: Annotated[dict[str, Any], BeforeValidator(_arguments)] | None = Field(
        None, alias="with", description="Arguments set on every layer of the block that takes them."
    )
    layers: Annotated[list[LayerItem], Field(min_length=1), Words("a list of layers, one or more")] | None = Field(
        None, description="A model used as a layer."
    )
    shared: str | None = Field(None, description="The name of an earlier layer, applied again with the same weights.")
    run: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="The directory of an earlier run, used as a layer with what it has learnt."
    )
    output: str | None = Field(None, description="The layer of the `run` whose result is taken; its last when omitted.")
    trainable: bool | None = Field(
        None,
        description="`false`: its weights stay as they are; of a block, model or network those of all inside.",
    )
    vectors: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="A file of the vectors that an Embedding begins with: a word and its numbers a line, as GloVe and "
        "word2vec have them, `.gz` too. `output_dim: auto` is their width.",
    )
    name: (
        Annotated[
            str,
            Field(pattern=_NAME),
            Words("a name of letters, digits, `_`, `.` and `-`"),
        ]
        | None
    ) = Field(None, description="The layer's name, for `inputs`, `outputs` and messages.")
    inputs: (
        Annotated[
            Inputs,
            BeforeValidator(_list),
            Words("the name of a layer or feature, a list of them, or a mapping from arguments of the call to them"),
        ]
        | None
    ) = Field(
        None,
        description="Names of layers or features, globs of features too; the layer before when omitted. `encoder.1` is "
        "the second tensor of a layer that gives several. A mapping names the arguments of the call: "
        "`{query: a, value: b}`.",
    )
    call: Annotated[dict[str, Any], Field(min_length=1), Words("a mapping such as {training: false}")] | None = Field(
        None, description="Other arguments of the call: `{use_causal_mask: true}`, `{training: false}`."
    )
    outputs: (
        Annotated[
            list[str], BeforeValidator(_list), Field(min_length=1), Words("the name of a layer, or a list of them")
        ]
        | None
    ) = Field(None, description="Of nested `layers`: the layers inside whose tensors it gives; the last when omitted.")
    repeat: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1, description="Copies, one after the other, each with its own weights."
    )
    for_: Annotated[dict[str, list[Any]], BeforeValidator(_loop), Field(min_length=1)] | None = Field(
        None,
        alias="for",
        description="One copy per value: `{units: [64, 32]}`; several lists run side by side. Over `inputs` the copies "
        'stand side by side too, and their common name means all of them: `{inputs: [a, b]}`, `{inputs: "px*"}`.',
    )

    @model_validator(mode="before")
    @classmethod
    def _notation(cls, value: Any) -> Any:
        if isinstance(value, (LayerItem, Component)):
            return value if isinstance(value, LayerItem) else {"component": value}
        if isinstance(value, str):
            return {"component": Component.parse(value)}
        if not isinstance(value, dict):
            reason = f"a layer is a name or {{Name: {{argument: value}}}}, got {received(value)}"
            raise PydanticCustomError("layer", "{reason}", {"reason": reason})
        keys = {key: item for key, item in value.items() if key in LAYER_KEYS}
        others = [key for key in value if key not in LAYER_KEYS]
        kinds = [*others, *(key for key in LAYER_KINDS if key in value)]
        if not others and all(value[key] is None for key in kinds):
            kinds = []
        if len(kinds) != 1:
            raise _not_one_layer(value, others, kinds)
        if others:
            try:
                keys["component"] = Component.parse({others[0]: value[others[0]]})
            except ValueError as error:
                raise PydanticCustomError("component", "{reason}", {"reason": str(error)}) from None
        return keys

    @model_validator(mode="after")
    def _keys_fit(self) -> LayerItem:
        if self.with_ is not None and self.block is None:
            raise PydanticCustomError("layer", "`with` sets the arguments of a `block`, and this item is none")
        if self.output is not None and self.run is None:
            raise PydanticCustomError("layer", "`output` names a layer of a `run`, and this item is none")
        if self.trainable is not None and self.shared is not None:
            raise PydanticCustomError("layer", "`trainable` stands where the layer is first used, not beside `shared`")
        self._check_vectors()
        if self.outputs is not None and self.layers is None:
            raise PydanticCustomError("layer", "`outputs` are those of nested `layers`, and this item has none")
        if self.call is not None and self.block is not None:
            raise PydanticCustomError("layer", "`call` belongs to one layer; write it beside that layer in the block")
        if self.for_ is not None:
            self._check_loop(self.for_)
        return self

    def _check_vectors(self) -> None:
        embedding = self.component if self.component is not None and self.component.name == "Embedding" else None
        if self.vectors is not None and embedding is None:
            raise PydanticCustomError("layer", "`vectors` are what an Embedding begins with, and this item is none")
        if self.vectors is None and embedding is not None and embedding.arguments.get("output_dim") == "auto":
            reason = "`output_dim: auto` is the width of `vectors`, and this item names none; write a number"
            raise PydanticCustomError("layer", "{reason}", {"reason": reason})

    def _check_loop(self, loop: dict[str, list[Any]]) -> None:
        lengths = {name: len(values) for name, values in loop.items()}
        if "inputs" in lengths and (lengths["inputs"] == 1 or any(map(is_glob, loop["inputs"]))):
            del lengths["inputs"]  # one for every copy; or as many as the data has features
        if len(set(lengths.values())) > 1 or 0 in lengths.values():
            raise PydanticCustomError(
                "layer",
                "the lists of `for` must have one length of at least 1, got {lengths}",
                {"lengths": ", ".join(f"{length} of {name}" for name, length in lengths.items())},
            )
        if "inputs" in loop and (self.inputs is not None or self.repeat > 1):
            other = "`inputs`" if self.inputs is not None else "`repeat`"
            reason = f"`for` goes over `inputs`, and {other} beside it would say something else"
            raise PydanticCustomError("layer", "{reason}", {"reason": reason})
        if "name" in loop and self.name is not None and "inputs" not in loop:
            raise PydanticCustomError("layer", "the copies have the names in `for`, and `name` beside it no use")
        for name in loop.get("name", ()):
            if not isinstance(name, str) or not re.fullmatch(_NAME, name):
                reason = f"a name is letters, digits, `_`, `.` and `-`, got {received(name)}"
                raise PydanticCustomError("layer", "{reason}", {"reason": reason})
        for inputs in loop.get("inputs", ()):
            if not _are_inputs(inputs):
                reason = f"`inputs` in `for` holds names, or lists or mappings of them, got {received(inputs)}"
                raise PydanticCustomError("layer", "{reason}", {"reason": reason})

    @model_serializer(mode="plain")
    def _as_notation(self) -> Any:
        keys: dict[str, Any] = {}
        if self.component is not None:
            keys[self.component.name] = self.component.arguments
        for key, value in (("block", self.block), ("with", self.with_), ("shared", self.shared)):
            if value is not None:
                keys[key] = value
        if self.layers is not None:  # of a run too: its layers are written out, and it is needed no more
            keys["layers"] = [layer.model_dump() for layer in self.layers]
        elif self.run is not None:
            keys |= {"run": self.run} | ({"output": self.output} if self.output is not None else {})
        beside = {"outputs": self.outputs, "name": self.name, "inputs": self.inputs, "call": self.call}
        for key, option in (
            *beside.items(),
            ("for", self.for_),
            ("trainable", self.trainable),
            ("vectors", self.vectors),
        ):
            if option is not None:
                keys[key] = option
        if self.repeat != 1:
            keys["repeat"] = self.repeat
        if self.component is not None and list(keys) == [self.component.name] and not self.component.arguments:
            return self.component.name
        return keys


Layers = Annotated[list[LayerItem], Field(min_length=1), Words("a list of layers, one or more")]


class WeightsOfRun(Section):
    """The weights of an earlier run, or some of them."""

    run: Annotated[str, Field(min_length=1)] = Field(description="The run directory, or a `.weights.h5` file.")
    layers: (
        Annotated[
            list[str], BeforeValidator(_list), Field(min_length=1), Words("the name of a layer, or a list of globs")
        ]
        | None
    ) = Field(None, description="The layers that begin with them, by name or glob; all when omitted.")


def _of_run(value: Any) -> Any:
    return {"run": value} if isinstance(value, str) else value


def is_glob(inputs: Any) -> bool:
    """Whether an item of `inputs` stands for as many features as it fits.

    Example:
        >>> is_glob("px*"), is_glob("px"), is_glob(["px*"])
        (True, False, False)
    """
    return isinstance(inputs, str) and any(letter in inputs for letter in "*?[")


def _are_inputs(value: Any) -> bool:
    """Whether one copy can take this: a name, a list of names, or a mapping from arguments to them."""
    if isinstance(value, dict):
        return bool(value) and all(map(_are_names, value.values()))
    return _are_names(value)


def _are_names(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name for name in names)


class BlockConfig(Section):
    """A block whose inputs have names of its own."""

    inputs: Annotated[
        list[Annotated[str, Field(pattern=_NAME)]],
        BeforeValidator(_list),
        Field(min_length=1),
        Words("a name, or a list of names"),
    ] = Field(description="What the block calls its inputs, in order.")
    layers: Layers = Field(description="Its layers; the first takes all inputs unless it says which.")


Block = Annotated[Layers | BlockConfig, Words("a list of layers, or {inputs: names, layers: a list of layers}")]


def layers_of(block: list[LayerItem] | BlockConfig) -> list[LayerItem]:
    """The layers of a block, in whichever form it is written."""
    return block.layers if isinstance(block, BlockConfig) else block


class ModelConfig(Section):
    """The network."""

    preset: str | dict[str, dict[str, Any] | None] | None = Field(
        None,
        exclude=True,
        description="A config that is known to work: `preset: realmlp`, `preset: {realmlp: {hidden: [128, 128]}}`. It "
        "is written out before all else, sections and layers; what the config says itself wins. "
        "`dlcli check --show-expanded` shows it.",
    )
    layers: Layers = Field(description="The layers in order; `name` and `inputs` make them a graph.")
    blocks: dict[str, Block] | None = Field(
        None,
        description="Lists of layers by name, used by `- block: name`. Inside, `input`, `input_2`, ... come in; "
        "`{inputs: x, layers: [...]}` gives them names.",
    )
    outputs: (
        Annotated[
            list[str], BeforeValidator(_list), Field(min_length=1), Words("the name of a layer, or a list of them")
        ]
        | None
    ) = Field(
        None, description="The names of the output layers, in the order of the targets; the last layer when omitted."
    )
    weights: Annotated[WeightsOfRun | None, BeforeValidator(_of_run)] = Field(
        None, description="What the weights begin with: an earlier run, such as `runs/teacher-001`, by names of layers."
    )
    class_: str | None = Field(
        None,
        alias="class",
        description="A `keras.Model` of your own from `code` that the layers are made into, for its `train_step`.",
    )
