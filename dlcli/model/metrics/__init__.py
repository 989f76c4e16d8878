"""Keras's metrics as they are used here: shown what they are made for, in the target's own unit."""
