"""Films as an exported model takes them: no graph of layers opens files, so the pixels go in, of the size it wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.keras_layers import KerasLayer
from dlcli.codecs.video.codec import VideoCodec
from dlcli.data.columns.codec import Column

__all__ = ["LAYER"]


def _values(codec: VideoCodec, cells: Column) -> NDArray[Any]:
    return codec.encode([cells]).astype(np.float64)


def _tensor(keras: Any, codec: VideoCodec, inputs: Sequence[Any]) -> Any:
    return keras.ops.cast(inputs[0], "uint8")


LAYER = KerasLayer("number", _values, _tensor, lambda codec: codec.shape)
