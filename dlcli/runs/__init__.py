"""The run directory: its file names, how it is claimed, written and read."""
