"""Lint of rows: each a rule for what they are together, however they are divided."""
