"""Keras's own format: a `.keras` file, for Keras and TensorFlow."""
