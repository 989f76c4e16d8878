"""Schedules that Keras has not, over the whole of a training."""
