"""Which small runtime: the same Keras models through ONNX Runtime and LiteRT; what converts, what agrees, how fast.

    pip install 'dlcli[litert]' && python benchmarks/portable.py

The evidence of docs/decisions/0009-portable-model.md.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import keras
import numpy as np
from keras import layers as L

from dlcli.errors import ModelError
from dlcli.exports.draft import write_model
from dlcli.exports.formats import find_format
from dlcli.exports.parity import judge
from dlcli.exports.reference import reference_outputs
from dlcli.exports.saved_model import tensor_names

MANY = 1000


def stack(shape: tuple[int, ...], *layers: Any, dtype: str = "float32") -> Any:
    """A model of one input and a stack of layers."""
    source = keras.Input(shape, dtype=dtype, name="features")
    tensor = source
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model({"features": source}, tensor)


def attention() -> Any:
    """Self-attention with a residual connection."""
    source = keras.Input((12, 8), name="features")
    mixed = L.LayerNormalization()(L.MultiHeadAttention(2, 4)(source, source) + source)
    return keras.Model({"features": source}, L.Dense(3, "softmax")(L.GlobalAveragePooling1D()(mixed)))


def several() -> Any:
    """Numbers and an embedded category; two outputs."""
    numbers, place = keras.Input((4,), name="numbers"), keras.Input((), dtype="int32", name="place")
    embedded = L.Flatten()(L.Embedding(10, 4)(keras.ops.expand_dims(place, -1)))
    joined = L.Concatenate()([L.Dense(8, "relu")(numbers), embedded])
    outputs = [L.Dense(1, name="price")(joined), L.Dense(3, "softmax", name="kind")(joined)]
    return keras.Model({"numbers": numbers, "place": place}, outputs)


MODELS: dict[str, Callable[[], Any]] = {
    "MLP 64-64-1": lambda: stack((20,), L.Dense(64, "relu"), L.Dense(64, "relu"), L.Dense(1, "sigmoid")),
    "BatchNormalization, Dropout": lambda: stack(
        (20,), L.Dense(64), L.BatchNormalization(), L.ReLU(), L.Dropout(0.5), L.Dense(3, "softmax")
    ),
    "CNN 28x28": lambda: stack(
        (28, 28, 1),
        L.Conv2D(16, 3, padding="same", activation="relu"),
        L.BatchNormalization(),
        L.MaxPooling2D(),
        L.Conv2D(8, 3, strides=2),
        L.Flatten(),
        L.Dense(10, "softmax"),
    ),
    "Conv1D": lambda: stack((32, 8), L.Conv1D(8, 3, activation="relu"), L.GlobalMaxPooling1D(), L.Dense(2)),
    "LSTM": lambda: stack((32, 8), L.LSTM(16), L.Dense(1)),
    "GRU": lambda: stack((32, 8), L.GRU(16), L.Dense(1)),
    "SimpleRNN": lambda: stack((32, 8), L.SimpleRNN(16), L.Dense(1)),
    "Bidirectional": lambda: stack(
        (32, 8), L.Bidirectional(L.LSTM(8, return_sequences=True)), L.Bidirectional(L.GRU(8)), L.Dense(1)
    ),
    "Embedding, average": lambda: stack(
        (20,), L.Embedding(1000, 16), L.GlobalAveragePooling1D(), L.Dense(1, "sigmoid"), dtype="int32"
    ),
    "Embedding with mask, LSTM": lambda: stack(
        (20,), L.Embedding(1000, 16, mask_zero=True), L.LSTM(8), L.Dense(1, "sigmoid"), dtype="int32"
    ),
    "MultiHeadAttention": attention,
    "two inputs, two outputs": several,
    "gelu, selu, silu, mish, PReLU": lambda: stack(
        (6,),
        *(L.Dense(8, name) for name in ("gelu", "selu", "silu", "softplus", "mish")),
        L.PReLU(),
        L.UnitNormalization(),
        L.Dense(2, "tanh"),
    ),
}


def rows(model: Any, count: int) -> dict[str, Any]:
    """Random inputs."""
    random = np.random.default_rng(count)
    return {
        tensor.name: random.integers(0, 10, (count, *tensor.shape[1:])).astype(np.int32)
        if "int" in tensor.dtype
        else random.normal(size=(count, *tensor.shape[1:])).astype(np.float32)
        for tensor in model.inputs
    }


def onnx(file: Path, outputs: list[str]) -> Callable[[dict[str, Any]], list[Any]]:
    """The model in ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(outputs, inputs)


def litert(file: Path, outputs: list[str]) -> Callable[[dict[str, Any]], list[Any]]:
    """The model in LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(file), num_threads=os.cpu_count()).get_signature_runner("serving_default")
    legal = list(tensor_names(outputs).values())

    def run(inputs: dict[str, Any]) -> list[Any]:
        given = runner(**inputs)
        return [given[name] for name in legal]

    return run


def seconds(run: Callable[[dict[str, Any]], Any], inputs: dict[str, Any]) -> float:
    """The time of a call, the median of thirty."""
    times = []
    for _ in range(30):
        started = time.perf_counter()
        run(inputs)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def main() -> None:
    """Convert, compare and time every model in both."""
    for name, make in MODELS.items():
        keras.utils.set_random_seed(0)
        model = make()
        outputs = [f"output_{place}" for place in range(len(model.outputs))]
        one, many = rows(model, 1), rows(model, MANY)
        for format, suffix, opened in (("onnx", ".onnx", onnx), ("litert", ".tflite", litert)):
            with tempfile.TemporaryDirectory() as directory:
                file = Path(directory) / f"model{suffix}"
                started = time.perf_counter()
                try:
                    write_model(model, file, format=find_format(format), outputs=outputs, metadata={})
                    took = time.perf_counter() - started
                    run = opened(file, outputs)
                    difference = max(judge([reference_outputs(model, x)], [run(x)]).difference for x in (one, many))
                except (ModelError, RuntimeError, ValueError) as error:
                    print(f"{name:<32}{format:<8}fails: {str(error).splitlines()[0][:120]}")
                    continue
                print(
                    f"{name:<32}{format:<8}{took:5.2f} s  difference {difference:.0e}  "
                    f"{seconds(run, one) * 1e6:6.0f} us at 1  {MANY / seconds(run, many):>12,.0f} rows/s at {MANY}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
