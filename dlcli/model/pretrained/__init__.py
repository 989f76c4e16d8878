"""Networks of Keras's by name, and weights that were learnt before, from files that may come from anybody."""
