"""A NumPy array in a file of its own, `.npy`."""
