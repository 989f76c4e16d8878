"""A trained model for other programs: written, reloaded in its own runtime, and proved equal to Keras.

A folder is a format, found by being here: its `format.py` says what it is (`formats.ExportFormat`), its `writer.py`
writes a model, its `runtime.py` runs one. What all formats share stands beside the folders.
"""
