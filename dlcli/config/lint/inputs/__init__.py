"""Lint of what the layers are given."""
