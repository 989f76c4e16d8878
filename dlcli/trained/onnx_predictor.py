"""The predictor of ONNX Runtime: a model in an ONNX file, without TensorFlow and Keras."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.errors import ModelError, Problem
from dlcli.trained.predictor import Arrays, RuntimeName

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["OnnxPredictor", "Session"]

_LONGEST = 300
"""Characters of what the runtime says, which may name every input of a node."""


class Session:
    """An ONNX model in its runtime, on the CPU.

    Args:
        model: The file, or its bytes.

    Raises:
        ModelError: The runtime does not take the model.
    """

    def __init__(self, model: Path | bytes) -> None:
        # ONNX Runtime 1.31 for Linux reports its use to its maker, and leaves a file in the temporary directory.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Threads that wait for the next chunk would otherwise burn the cores that read and write.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: onnxruntime.InferenceSession = onnxruntime.InferenceSession(
                str(model) if isinstance(model, Path) else model, options, providers=["CPUExecutionProvider"]
            )
        except _faults() as error:
            raise _refusal("does not take the model", error) from error
        self.inputs = tuple(each.name for each in self._session.get_inputs())
        self.outputs = tuple(each.name for each in self._session.get_outputs())
        self.shapes = {each.name: tuple(each.shape) for each in self._session.get_inputs()}

    def run(self, inputs: Arrays, outputs: Sequence[str]) -> list[NDArray[Any]]:
        """The outputs, each `(rows, ...)`.

        Args:
            inputs: An array `(rows, *shape)` by the name of each input; inputs that the model does not use may be among
                them.
            outputs: The names of the wanted outputs.

        Raises:
            ModelError: The runtime fails.
        """
        try:
            values: list[NDArray[Any]] = self._session.run(list(outputs), {name: inputs[name] for name in self.inputs})
        except _faults() as error:
            raise _refusal("fails", error) from error
        return values


@dataclasses.dataclass(frozen=True)
class OnnxPredictor:
    """The portable model of a run.

    Args:
        session: The model in its runtime.
        outputs: What each output learnt.
        named: The features that layers take by name.
        rows_at_once: How many rows to give at once.
        sizes: The last dimension of each output; None where it has none.
    """

    session: Session
    outputs: tuple[OutputPlan, ...]
    named: tuple[str, ...]
    rows_at_once: int
    sizes: Mapping[str, int | None]
    runtime: ClassVar[RuntimeName] = "portable"

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        """The outputs `(rows, ...)`, in the model's order.

        Raises:
            ModelError: The runtime fails, or what comes out is not what the run says of its outputs.
        """
        names = [output.name for output in self.outputs]
        values = self.session.run(inputs, names)
        rows = len(next(iter(inputs.values())))
        for name, value in zip(names, values, strict=True):
            if not _is_output(value, rows, self.sizes[name]):
                shape = getattr(value, "shape", type(value).__name__)
                message = (
                    f"the portable model gives {shape} as {name!r} for {rows} rows, which is no output of this run"
                )
                hint = "`--runtime keras` predicts with Keras instead"
                raise ModelError(Problem(message, hint=hint, rule="portable-model"))
        return values


def _is_output(value: Any, rows: int, size: int | None) -> bool:
    """Whether a value is numbers for so many rows, `size` in the last dimension."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub" or value.ndim == 0 or len(value) != rows:
        return False
    return size is None or (value.ndim > 1 and value.shape[-1] == size)


def _faults() -> tuple[type[Exception], ...]:
    """ONNX Runtime's own errors derive from `Exception` alone, each for itself."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception))
    return (*own, ValueError, RuntimeError)


def _refusal(what: str, error: Exception) -> ModelError:
    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
    return ModelError(
        Problem(
            f"ONNX Runtime {what}: {said}",
            hint="`--runtime keras` predicts with Keras instead",
            rule="portable-model",
        )
    )
