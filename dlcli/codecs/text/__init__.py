"""Free text, in cells or in files, split into words or characters."""
