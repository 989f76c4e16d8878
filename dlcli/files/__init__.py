"""The file system as everybody else uses it: files replaced whole, locks, what a folder holds; texts for a terminal."""
