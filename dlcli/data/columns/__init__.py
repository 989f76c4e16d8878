"""Columns of cells: how they are held, read as numbers, names or instants, and told of when they cannot be.

What all feature types share; a type itself lives in `dlcli/codecs`.
"""
