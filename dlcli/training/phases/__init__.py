"""The parts of a training: which layers learn in each, and by which optimizer."""
