"""Free text, split into words."""
