"""Lint of columns: each a rule for what a column is, by itself or beside the others."""
