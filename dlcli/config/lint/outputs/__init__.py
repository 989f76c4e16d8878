"""Lint of what the outputs give, and what their losses and metrics want of them."""
