"""YAML text as plain values, each with its place: what is wrong with a file before its meaning is looked at.

A new way to write a file or a value (`extends`, `--set`, a dict) goes here; what the values mean does not.
"""
