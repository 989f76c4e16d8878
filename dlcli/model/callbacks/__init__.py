"""Callbacks that Keras has not."""
