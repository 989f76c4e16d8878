"""Trackers: who is told of a training beside its run directory, and can never end it."""
