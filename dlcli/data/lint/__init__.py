"""Lint of the rows that were read: what would be learnt from them, and is not meant."""
