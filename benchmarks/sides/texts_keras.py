"""A folder of texts as Keras's guides read it, until the vocabulary is known: `texts_keras.py FOLDER RESULT.json`."""

from __future__ import annotations

import json
import sys
import time

import keras


def main(folder: str, result: str) -> None:
    """Write the seconds of the processor from the beginning of the reading to its end."""
    started = time.process_time()
    texts = keras.utils.text_dataset_from_directory(folder, batch_size=32, verbose=False)
    layer = keras.layers.TextVectorization(max_tokens=10_000, output_sequence_length=200)
    layer.adapt(texts.map(lambda text, label: text))
    seconds = time.process_time() - started
    with open(result, "w") as file:
        json.dump([seconds, len(layer.get_vocabulary())], file)


if __name__ == "__main__":
    main(*sys.argv[1:])
