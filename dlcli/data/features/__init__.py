"""The feature types: one codec a file, all to the contract of `codec.py`."""
