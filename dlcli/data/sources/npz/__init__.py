"""NumPy archives: arrays of any shape, a row along their first axis."""
