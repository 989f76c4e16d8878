"""A folder for each type of features and targets: its options, codec, rule of inference and Keras layer.

They are found by their names (`dlcli/config/options/types.py`); no module elsewhere imports one of them.
"""
