"""One of a known set of values."""
