"""Layers as they are applied: what goes into a call; and layers of our own, for tables, sequences and images."""
