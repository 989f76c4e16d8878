"""A config and the inputs of a data set become a compiled Keras model; the same way for every command."""
