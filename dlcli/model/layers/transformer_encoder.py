"""A block of a Transformer that reads a sequence: attention to all of it, then two dense layers at each step."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup

__all__ = ["TransformerEncoder"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class TransformerEncoder(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """Self-attention and a feed-forward part, each with a normalization and added to what came in.

    Shapes: `(batch, steps, size)` to the same; a mask is heeded and handed on. Arguments are called as KerasHub's.

    Args:
        intermediate_dim: Units of the first dense layer.
        num_heads: Heads of the attention; size must be a multiple of it.
        dropout: Of what each part adds.
        activation: Of the first dense layer.
        normalize_first: Normalize what comes to a part (trains more steadily), or what comes out.
        layer_norm_epsilon: Of the normalizations.
    """

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        activation: Any = "relu",
        normalize_first: bool = False,
        layer_norm_epsilon: float = 1e-5,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.intermediate_dim, self.num_heads = int(intermediate_dim), int(num_heads)
        self.dropout, self.activation = float(dropout), keras.activations.get(activation)
        self.normalize_first, self.layer_norm_epsilon = bool(normalize_first), float(layer_norm_epsilon)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """The layers inside."""
        size = input_shape[-1]
        if len(input_shape) != 3 or size is None or size % self.num_heads:
            message = f"it takes (batch, steps, size), size a multiple of {self.num_heads}, got {tuple(input_shape)}"
            raise ValueError(message)
        layers, dtype = keras.layers, self.dtype_policy
        self.attention = layers.MultiHeadAttention(
            self.num_heads, size // self.num_heads, dropout=self.dropout, dtype=dtype, name="attention"
        )
        self.attention.build(input_shape, input_shape)
        self.norms = [layers.LayerNormalization(epsilon=self.layer_norm_epsilon, dtype=dtype) for _ in range(2)]
        self.drops = [layers.Dropout(self.dropout, dtype=dtype) for _ in range(2)]
        self.wide = layers.Dense(self.intermediate_dim, self.activation, dtype=dtype, name="wide")
        self.narrow = layers.Dense(size, dtype=dtype, name="narrow")
        for norm in self.norms:
            norm.build(input_shape)
        self.wide.build(input_shape)
        self.narrow.build((*input_shape[:-1], self.intermediate_dim))
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool | None = False) -> Any:
        """`(batch, steps, size)`."""
        heeded = None if mask is None else keras.ops.expand_dims(mask, 1)

        def attend(sequence: Any) -> Any:
            return self.attention(sequence, sequence, attention_mask=heeded, training=training)

        def feed(sequence: Any) -> Any:
            return self.narrow(self.wide(sequence))

        sequence = inputs
        for part, norm, drop in zip((attend, feed), self.norms, self.drops, strict=True):
            if self.normalize_first:
                sequence = sequence + drop(part(norm(sequence)), training=training)
            else:
                sequence = norm(sequence + drop(part(sequence), training=training))
        return sequence

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        names = ("intermediate_dim", "num_heads", "dropout", "normalize_first", "layer_norm_epsilon")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}
