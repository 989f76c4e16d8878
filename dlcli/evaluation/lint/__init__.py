"""Lint of a model that has been trained: each a rule for what its history or its predictions show."""
