"""Lint of rows: each a rule for what they are together, and for how they are divided."""
