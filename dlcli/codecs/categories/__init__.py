"""Several of a known set of values at once: tags, labels."""
