"""Lint of divisions: each a rule for how the rows are divided into splits, or folds."""
