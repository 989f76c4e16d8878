"""A trained model for other programs: written, reloaded in its own runtime, and proved equal to Keras.

A folder is a format, found by being here: its `__init__.py` says what it is (`formats.ExportFormat`), its `model.py`
writes and loads. What all formats share stands beside the folders.
"""
