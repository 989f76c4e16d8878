"""What the config leaves open, decided from the values: types, options, and doubts about them."""
