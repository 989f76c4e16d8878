"""Sounds as an exported model takes them: no graph of layers opens files, so the samples go in, of rate and length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.audio.codec import AudioCodec
from dlcli.codecs.keras_layers import KerasLayer
from dlcli.data.columns.codec import Column

__all__ = ["LAYER"]


def _values(codec: AudioCodec, cells: Column) -> NDArray[Any]:
    return codec.encode([cells]).astype(np.float64)


def _tensor(keras: Any, codec: AudioCodec, inputs: Sequence[Any]) -> Any:
    return keras.ops.cast(inputs[0], "float32")


LAYER = KerasLayer("number", _values, _tensor, lambda codec: codec.shape)
