"""The file system as everybody else uses it: files that are replaced whole, and locks."""
