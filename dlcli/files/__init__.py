"""The file system as everybody else uses it: files that are replaced whole, locks, and what is in a folder."""
