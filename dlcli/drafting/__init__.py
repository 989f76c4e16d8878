"""A config with its reasons, drafted from a look at the data; the network and its training are chosen in `recipes`."""
