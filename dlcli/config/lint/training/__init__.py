"""Lint of how the model is trained: callbacks, the optimizer, the batch."""
