"""The language: a YAML file in, a checked `Config` out. Needs no numbers, no tables and no Keras."""
