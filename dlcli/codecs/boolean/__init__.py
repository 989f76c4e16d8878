"""True or false, in the words that people write for it."""
