"""IDX, the format in which MNIST and its kin are published: one array, its numbers big endian."""
