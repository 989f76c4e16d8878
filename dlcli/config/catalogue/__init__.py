"""What Keras has: components, arguments, defaults, and what losses and metrics want. Known without importing Keras.

`catalogue.json` is written by `make catalogue` and never by hand.
"""
