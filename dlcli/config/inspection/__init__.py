"""A config from its file to `CheckedConfig`: read, inherited, overridden, validated, checked; all faults at once.

The journey is `_inspect` in `inspection.py`. A new check of the config is called there, and nowhere else.
"""
