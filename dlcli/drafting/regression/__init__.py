"""Small regressions by NumPy, cross-validated: whether a line tells as much of a target as curves do."""
