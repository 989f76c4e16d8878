"""A date or a time, taken apart into numbers."""
