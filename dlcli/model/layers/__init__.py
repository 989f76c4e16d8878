"""Layers as they are applied: what goes into a call, and the few layers of our own, made of Keras's."""
