"""Optimizers that Keras has not."""
