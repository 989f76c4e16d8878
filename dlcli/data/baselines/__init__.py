"""Predictions that need no model: what a model is to be better than. A target's codec offers them."""
